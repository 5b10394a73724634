"""Feature events become predictions: each is answered, and once in the log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from webapp.cases import Features, InputError, shorten
from webapp.catalog.prepared import Prepared
from webapp.db.ids import new_id
from webapp.db.schema import Source
from webapp.events.record import Event
from webapp.services.context import Services
from webapp.services.predict import version_choice
from webapp.services.predict.record import check_request_id
from webapp.services.timestamps import read_moment
from webapp.streams.message import BadMessageError, Message, place_id, read_key, read_object

SOURCE: Source = "stream"
_MOST_KNOWN = 100_000
_BESIDE = ("version", "request_id", "at")


@dataclass(frozen=True)
class Rules:
    """How messages are read."""

    version: str | None = None  # that answers; None: the champion
    prefix: str = "kafka"  # of request ids that are made from where a message stands
    keyed: bool = False  # is a message's key its request id?


class Asked(NamedTuple):
    """A message that can be answered, and the event that it becomes if it is the first."""

    message: Message
    event: Event
    version: str | None  # that the message itself names
    placed: bool  # is its request id made from where it stands, and its time the broker's?


class Known:
    """The cases of messages that hold a row and nothing else: with yes and no, rows repeat."""

    def __init__(self) -> None:
        self._features: Features | None = None
        self._cases: dict[bytes, int] = {}

    def cases(self, features: Features) -> dict[bytes, int]:
        """Those of messages to a version with these features."""
        if features != self._features or len(self._cases) > _MOST_KNOWN:
            self._features, self._cases = features, {}
        return self._cases


class Reader:
    """Reads the messages of one batch; a champion that changes answers the next one."""

    def __init__(self, services: Services, rules: Rules, known: Known, now: int) -> None:
        self._services = services
        self._rules = rules
        self._known = known
        self._now = now
        self._found: dict[str | None, tuple[str, Prepared]] = {}

    def read(self, message: Message) -> Asked:
        """What it asks for.

        Raises BadMessageError; VersionNotReadyError and LogUnavailableError where it isn't the
        message's fault.
        """
        try:
            return self._read_quickly(message) or self._read(message, read_object(message))
        except InputError as error:
            raise BadMessageError("bad_input", str(error), error.field) from None

    def _read_quickly(self, message: Message) -> Asked | None:
        """What a message asks for whose like was read before."""
        try:
            name, prepared = self._resolve(None)
        except version_choice.VersionNotReadyError:  # it may ask for another
            return None
        case = self._known.cases(prepared.features).get(message.value or b"")
        if case is None:
            return None
        return self._asked(message, (name, prepared), case, None, None)

    def _read(self, message: Message, given: dict[str, Any]) -> Asked:
        version = _named(given.get("version"))
        found = self._resolve(version)
        row, request_id, asked_at = _split(given, found[1])
        case = _case(found[1], row)
        if row is given:
            self._known.cases(found[1].features)[message.value or b""] = case
        asked = self._asked(message, found, case, request_id, asked_at)
        return asked._replace(version=version)

    def _asked(
        self,
        message: Message,
        found: tuple[str, Prepared],
        case: int,
        request_id: str | None,
        asked_at: Any,
    ) -> Asked:
        if request_id is None and self._rules.keyed:
            request_id = check_request_id(read_key(message), "key")
        at, sure = self._at(message, asked_at)
        named = request_id or place_id(self._rules.prefix, message)
        score = float(found[1].scores[case])
        event = Event(new_id(at), at, SOURCE, found[0], case, score, None, None, named)
        return Asked(message, event, None, request_id is None and sure)

    def _resolve(self, version: str | None) -> tuple[str, Prepared]:
        wanted = version or self._rules.version
        found = self._found.get(wanted)
        if found is not None:
            return found
        try:
            found = self._found[wanted] = version_choice.resolve(self._services, wanted)
        except version_choice.UnknownVersionError as error:
            if version is None:
                raise version_choice.VersionNotReadyError(str(error)) from None
            raise BadMessageError("unknown_version", str(error), "version") from None
        except version_choice.VersionNotReadyError as error:
            if version is None or not error.lasting:
                raise
            raise BadMessageError("version_not_ready", str(error), "version") from None
        return found

    def _at(self, message: Message, asked_at: Any) -> tuple[int, bool]:
        """When it was asked for, and whether that is the same whenever the message is read."""
        if asked_at is not None:
            return read_moment("at", asked_at, self._now), True
        try:
            return read_moment("at", message.at, self._now), True
        except InputError:  # the broker's clock is not the message's fault
            return self._now, False


def conflict(services: Services, asked: Asked, stored: Event) -> BadMessageError | None:
    """Why it isn't the event that the log has under its request id; None when it is."""
    case = asked.event.case
    before = services.catalog.get(stored.version)
    if stored.version != asked.event.version and before is not None and before.prepared is not None:
        try:  # it may number its cases otherwise
            case = _case(before.prepared, _split(read_object(asked.message), before.prepared)[0])
        except InputError:
            case = -1
    is_same = case == stored.case and asked.version in (None, stored.version)
    if asked.placed and (not is_same or stored.at != asked.event.at):
        problem = f"{asked.event.request_id} is another event in the log: was the topic made anew, "
        problem += "or is it of another cluster? Then consume it with another --prefix"
        return BadMessageError("request_conflict", problem, "offset")
    if is_same:
        return None
    problem = f"request_id {shorten(str(asked.event.request_id))} was used for another request"
    return BadMessageError("request_conflict", problem, "request_id")


def _named(version: Any) -> str | None:
    if version is None:
        return None
    if not isinstance(version, str) or not version.strip():
        raise InputError("version", "is not a name: send a version such as logit_games_v1")
    return version.strip()


def _split(given: dict[str, Any], prepared: Prepared) -> tuple[Mapping[str, Any], str | None, Any]:
    """The features, the request id, and when it was asked for."""
    request_id = check_request_id(given.get("request_id"))
    if "features" in given:
        other = next((name for name in given if name not in ("features", *_BESIDE)), None)
        if other is not None:
            raise InputError(shorten(other), f"is not known here: send features, {_names()}")
        row = given["features"]
        if not isinstance(row, dict):
            raise InputError("features", 'must be an object such as {"G1": 0, "G2": 1}')
        return row, request_id, given.get("at")
    if not any(name in given for name in _BESIDE):
        return given, None, None
    beside = [name for name in _BESIDE if name not in prepared.features.bits]
    row = {name: value for name, value in given.items() if name not in beside}
    return row, request_id, given.get("at") if "at" in beside else None


def _names() -> str:
    return ", ".join(_BESIDE)


def _case(prepared: Prepared, row: Mapping[str, Any]) -> int:
    try:
        return prepared.features.parse_rows((row,))[0]
    except InputError:
        return prepared.features.parse(row.items())  # which names the feature alone
