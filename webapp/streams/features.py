"""Messages with features, read as events for the log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from webapp.cases import Features, InputError, shorten
from webapp.catalog.prepared import Prepared
from webapp.db.ids import new_id
from webapp.db.schema import Source
from webapp.events.namespaces import KAFKA
from webapp.events.record import Event
from webapp.services.context import Services
from webapp.services.predict import version_choice
from webapp.services.predict.record import check_request_id
from webapp.services.timestamps import read_moment
from webapp.streams.message import BadMessageError, Message, read_key, read_object, request_id_of

SOURCE: Source = "stream"
_MOST_CASES = 100_000
_META_FIELDS = ("version", "request_id", "at")


@dataclass(frozen=True)
class ReadingRules:
    """The version that answers, and how request ids are made."""

    version: str | None = None  # the version that answers; None: the champion
    prefix: str = "kafka"  # of request ids made from positions
    keyed: bool = False  # whether a message's key is its request id


class FeatureEvent(NamedTuple):
    """A message that can be answered, and the event to log unless its request id is known."""

    message: Message
    event: Event
    version: str | None  # named by the message itself
    is_positional: bool  # its request id is made from its position, and its time is reproducible


class CaseCache:
    """The cases of messages that hold only a row. Rows of yes/no inputs repeat often."""

    def __init__(self) -> None:
        self._features: Features | None = None
        self._cases: dict[bytes, int] = {}

    def cases(self, features: Features) -> dict[bytes, int]:
        """The cases by message value, for versions with these features."""
        if features != self._features or len(self._cases) > _MOST_CASES:
            self._features, self._cases = features, {}
        return self._cases


class FeatureReader:
    """Reads the messages of one batch. A new champion answers from the next batch on."""

    def __init__(self, services: Services, rules: ReadingRules, cases: CaseCache, now: int) -> None:
        self._services = services
        self._rules = rules
        self._cases = cases
        self._now = now
        self._versions: dict[str | None, tuple[str, Prepared]] = {}

    def read(self, message: Message) -> FeatureEvent:
        """Read a message as an event.

        Raises BadMessageError; VersionNotReadyError and LogUnavailableError if the message isn't
        to blame.
        """
        try:
            return self._read_cached(message) or self._read(message, read_object(message))
        except InputError as error:
            raise BadMessageError("bad_input", str(error), error.field) from None

    def _read_cached(self, message: Message) -> FeatureEvent | None:
        """The event of a message whose value was read before, or None."""
        try:
            name, prepared = self._resolve(None)
        except version_choice.VersionNotReadyError:  # the message may name another version
            return None
        case = self._cases.cases(prepared.features).get(message.value or b"")
        if case is None:
            return None
        return self._make_event(message, (name, prepared), case, None, None)

    def _read(self, message: Message, body: dict[str, Any]) -> FeatureEvent:
        version = _version_name(body.get("version"))
        name, prepared = self._resolve(version)
        row, request_id, time = _split(body, prepared)
        case = _case(prepared, row)
        if row is body:
            self._cases.cases(prepared.features)[message.value or b""] = case
        event = self._make_event(message, (name, prepared), case, request_id, time)
        return event._replace(version=version)

    def _make_event(
        self,
        message: Message,
        choice: tuple[str, Prepared],
        case: int,
        request_id: str | None,
        time: Any,
    ) -> FeatureEvent:
        version, prepared = choice
        if request_id is None and self._rules.keyed:
            request_id = check_request_id(read_key(message), "key")
        at, is_reproducible = self._read_time(message, time)
        log_id = request_id or request_id_of(self._rules.prefix, message)
        score = float(prepared.scores[case])
        event = Event(new_id(at), at, SOURCE, version, case, score, None, None, log_id, KAFKA)
        return FeatureEvent(message, event, None, request_id is None and is_reproducible)

    def _resolve(self, version: str | None) -> tuple[str, Prepared]:
        name = version or self._rules.version
        choice = self._versions.get(name)
        if choice is not None:
            return choice
        try:
            choice = self._versions[name] = version_choice.resolve(self._services, name)
        except version_choice.UnknownVersionError as error:
            if version is None:
                raise version_choice.VersionNotReadyError(str(error)) from None
            raise BadMessageError("unknown_version", str(error), "version") from None
        except version_choice.VersionNotReadyError as error:
            if version is None or not error.lasting:
                raise
            raise BadMessageError("version_not_ready", str(error), "version") from None
        return choice

    def _read_time(self, message: Message, time: Any) -> tuple[int, bool]:
        """The event's time, and whether it is the same each time the message is read."""
        if time is not None:
            return read_moment("at", time, self._now), True
        try:
            return read_moment("at", message.at, self._now), True
        except InputError:  # a wrong broker's clock isn't the message's fault
            return self._now, False


def conflict(
    services: Services, candidate: FeatureEvent, log_event: Event
) -> BadMessageError | None:
    """The error if the log has another event under this request id, else None."""
    event = candidate.event
    case = event.case
    if log_event.version != event.version:  # it may number cases differently
        case = _case_for(services, log_event.version, candidate.message, case)
    is_same = case == log_event.case and candidate.version in (None, log_event.version)
    if candidate.is_positional and (not is_same or log_event.at != event.at):
        problem = (
            f"{event.request_id} belongs to another event in the log. If the topic was recreated "
            "or is in another cluster, use another --prefix"
        )
        return BadMessageError("request_conflict", problem, "offset")
    if is_same:
        return None
    problem = f"request_id {shorten(str(event.request_id))} was used for another request"
    return BadMessageError("request_conflict", problem, "request_id")


def _case_for(services: Services, name: str, message: Message, default: int) -> int:
    """The case of a message for another version; -1 if it isn't one of that version's."""
    version = services.catalog.get(name)
    if version is None or version.prepared is None:
        return default
    try:
        row, _, _ = _split(read_object(message), version.prepared)
        return _case(version.prepared, row)
    except InputError:
        return -1


def _version_name(version: Any) -> str | None:
    if version is None:
        return None
    if not isinstance(version, str) or not version.strip():
        raise InputError("version", "must be the name of a version")
    return version.strip()


def _split(body: dict[str, Any], prepared: Prepared) -> tuple[Mapping[str, Any], str | None, Any]:
    """The features, the request id and the time in a message."""
    request_id = check_request_id(body.get("request_id"))
    if "features" in body:
        other = next((name for name in body if name not in ("features", *_META_FIELDS)), None)
        if other is not None:
            fields = ", ".join(_META_FIELDS)
            raise InputError(shorten(other), f"is unknown: send features, {fields}")
        row = body["features"]
        if not isinstance(row, dict):
            raise InputError("features", "must be an object that has 0 or 1 for each input")
        return row, request_id, body.get("at")
    if not any(name in body for name in _META_FIELDS):
        return body, None, None
    beside = [name for name in _META_FIELDS if name not in prepared.features.bits]
    row = {name: value for name, value in body.items() if name not in beside}
    return row, request_id, body.get("at") if "at" in beside else None


def _case(prepared: Prepared, row: Mapping[str, Any]) -> int:
    try:
        return prepared.features.parse_rows((row,))[0]
    except InputError:
        return prepared.features.parse(row.items())  # its error names the feature
