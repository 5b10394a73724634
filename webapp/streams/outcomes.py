"""Messages with outcomes. An outcome that arrives before its event is held."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from typing import NamedTuple

from webapp.cases import InputError, parse_flag, shorten
from webapp.db.ids import is_id
from webapp.events.namespaces import labelled_by_kafka
from webapp.services.context import Services
from webapp.services.predict.record import check_request_id
from webapp.services.timestamps import read_moment
from webapp.streams.message import BadMessageError, Message, Refusal, read_key, read_object
from webapp.streams.offsets import Partition

_MOST_BYTES = 32_000_000  # of held messages


class OutcomeMessage(NamedTuple):
    """A message with an event's outcome. The event is named by its id or its request id."""

    message: Message
    id: str | None
    request_id: str | None
    label: int
    at: int


class HeldOutcome(NamedTuple):
    """An outcome without its event, held ``since`` a time on the clock of ``HeldOutcomes``."""

    outcome: OutcomeMessage
    since: float


def read(message: Message, is_keyed: bool, now: int) -> OutcomeMessage:
    """The outcome in a message; ``is_keyed``: its key may be the request id.

    Raises BadMessageError.
    """
    body = read_object(message)
    try:
        other = next((n for n in body if n not in ("id", "request_id", "label", "at")), None)
        if other is not None:
            raise InputError(shorten(other), "is unknown: send id or request_id, and label")
        id_, request_id = _read_ids(message, body, is_keyed)
        label = int(parse_flag("label", body.get("label")))
        at = read_moment("at", body["at"], now) if body.get("at") is not None else None
    except InputError as error:
        raise BadMessageError("bad_input", str(error), error.field) from None
    return OutcomeMessage(message, id_, request_id, label, at or _sent_at(message, now))


def _read_ids(
    message: Message, body: dict[str, object], is_keyed: bool
) -> tuple[str | None, str | None]:
    id_, request_id = body.get("id"), check_request_id(body.get("request_id"))
    if id_ is None and request_id is None and is_keyed:
        request_id = check_request_id(read_key(message), "key")
    if (id_ is None) == (request_id is None):
        what = "key, id and request_id" if is_keyed else "id and request_id"
        raise InputError("id", f"or request_id: send exactly one of {what}")
    if id_ is None:
        return None, request_id
    if not isinstance(id_, str) or not is_id(id_.strip().lower()):
        raise InputError("id", f"is {shorten(id_)}: send the id that the answer came with")
    return id_.strip().lower(), None


def _sent_at(message: Message, now: int) -> int:
    try:
        return read_moment("at", message.at, now)
    except InputError:
        return now


def write(
    services: Services, outcomes: Sequence[OutcomeMessage]
) -> tuple[list[OutcomeMessage], list[Refusal]]:
    """Log outcomes. Returns those without an event in the log, and those that contradict it.

    Raises LogUnavailableError; then nothing was logged.
    """
    request_ids = sorted({one.request_id for one in outcomes if one.request_id is not None})
    events = services.log.find_requests(request_ids, labelled_by_kafka()) if request_ids else {}
    ids = {name: event.id for name, event in events.items()}
    pairs = [(one.id or ids.get(str(one.request_id), ""), one.label) for one in outcomes]
    statuses = services.log.label(pairs, [one.at for one in outcomes])
    unknown: list[OutcomeMessage] = []
    refusals: list[Refusal] = []
    for one, status in zip(outcomes, statuses, strict=True):
        if status == "unknown":
            unknown.append(one)
        elif status == "contradicted":
            problem = "this event already has another outcome, which is kept"
            refusals.append((one.message, BadMessageError("contradiction", problem, "label")))
    return unknown, refusals


class HeldOutcomes:
    """Outcomes held for their events, for at most ``seconds`` and at most ``most`` of them.

    The clock runs only while there is no backlog of events, which may contain theirs. They are
    held in memory. Their offsets aren't committed, so they are read again after a restart.
    """

    def __init__(self, seconds: float, most: int) -> None:
        self._seconds = seconds
        self._most = most
        self._clock = 0.0
        self._bytes = 0
        self._waiting: dict[tuple[str, int, int], HeldOutcome] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def is_full(self) -> bool:
        """True if no more outcomes should be read for now."""
        return len(self._waiting) >= self._most or self._bytes >= _MOST_BYTES

    def advance(self, seconds: float) -> None:
        """Advance the clock by time without a backlog of events."""
        self._clock += seconds

    def outcomes(self) -> list[OutcomeMessage]:
        """All held outcomes, the oldest first."""
        return [waiting.outcome for waiting in self._waiting.values()]

    def waiting_for(self, names: Container[str | None]) -> list[OutcomeMessage]:
        """The held outcomes of events with one of these ids, the oldest first."""
        return [one for one in self.outcomes() if (one.id or one.request_id) in names]

    def overdue(self, unknown: Iterable[OutcomeMessage]) -> list[OutcomeMessage]:
        """The outcomes of ``unknown`` that have been held for the whole time."""
        return [
            one
            for one in unknown
            if (waiting := self._waiting.get(_place(one))) is not None
            and self._clock - waiting.since >= self._seconds
        ]

    def keep(self, candidates: Iterable[OutcomeMessage], unknown: Iterable[OutcomeMessage]) -> None:
        """Hold the ``unknown`` outcomes, and release the other ``candidates``."""
        by_place = {_place(one): one for one in unknown}
        self._drop(place for place in map(_place, candidates) if place not in by_place)
        for place, one in by_place.items():
            if place not in self._waiting:
                self._waiting[place] = HeldOutcome(one, self._clock)
                self._bytes += _size(one.message)

    def forget(self, partitions: Iterable[Partition]) -> None:
        """Release the outcomes of partitions that other consumers read from now on."""
        releases = set(partitions)
        self._drop([place for place in self._waiting if place[:2] in releases])

    def _drop(self, places: Iterable[tuple[str, int, int]]) -> None:
        for place in places:
            waiting = self._waiting.pop(place, None)
            if waiting is not None:
                self._bytes -= _size(waiting.outcome.message)

    def first_offsets(self) -> dict[Partition, int]:
        """The first held offset of each partition: nothing from there on may be committed."""
        offsets: dict[Partition, int] = {}
        for topic, partition, offset in self._waiting:
            place = topic, partition
            offsets[place] = min(offsets.get(place, offset), offset)
        return offsets


def _size(message: Message) -> int:
    headers = sum(len(name) + len(value or b"") for name, value in message.headers or ())
    return len(message.value or b"") + len(message.key or b"") + headers


def _place(outcome: OutcomeMessage) -> tuple[str, int, int]:
    return outcome.message[:3]


def late_error(seconds: float) -> BadMessageError:
    """The error of an outcome whose event didn't arrive in time."""
    problem = f"no such event arrived within {seconds:g} s. Is it in another log?"
    return BadMessageError("unknown_event", problem, "id")
