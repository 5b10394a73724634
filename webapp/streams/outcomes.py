"""Outcomes that come as messages. One that comes before its event waits for it."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from typing import NamedTuple

from webapp.cases import InputError, parse_flag, shorten
from webapp.db.ids import is_id
from webapp.services.context import Services
from webapp.services.predict.record import check_request_id
from webapp.services.timestamps import read_moment
from webapp.streams.message import BadMessageError, Message, Refused, read_key, read_object

_MOST_BYTES = 32_000_000  # of messages that wait
Place = tuple[str, int]  # a topic and the number of its partition


class Outcome(NamedTuple):
    """What was observed for an event, which is named by its id or its request id."""

    message: Message
    id: str | None
    request_id: str | None
    label: int
    at: int


class Waiting(NamedTuple):
    """An outcome without its event, and since when it waits, on the clock of ``Held``."""

    outcome: Outcome
    since: float


def read(message: Message, keyed: bool, now: int) -> Outcome:
    """The outcome of a message. Raises BadMessageError."""
    given = read_object(message)
    try:
        other = next((n for n in given if n not in ("id", "request_id", "label", "at")), None)
        if other is not None:
            raise InputError(shorten(other), "is not known here: send id or request_id, and label")
        id_, request_id = _name(message, given, keyed)
        label = int(parse_flag("label", given.get("label")))
        at = read_moment("at", given["at"], now) if given.get("at") is not None else None
    except InputError as error:
        raise BadMessageError("bad_input", str(error), error.field) from None
    return Outcome(message, id_, request_id, label, at or _sent_at(message, now))


def _name(message: Message, given: dict[str, object], keyed: bool) -> tuple[str | None, str | None]:
    id_, request_id = given.get("id"), check_request_id(given.get("request_id"))
    if id_ is None and request_id is None and keyed:
        request_id = check_request_id(read_key(message), "key")
    if (id_ is None) == (request_id is None):
        what = "id or request_id" if not keyed else "a key, id or request_id"
        raise InputError("id", f"or request_id: send {what}, one of them")
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


def write(services: Services, outcomes: Sequence[Outcome]) -> tuple[list[Outcome], list[Refused]]:
    """Log outcomes: those whose events are not in the log yet, and those that contradict it.

    Raises LogUnavailableError; then nothing was logged.
    """
    asked = sorted({one.request_id for one in outcomes if one.request_id is not None})
    known = services.log.find_requests(asked) if asked else {}
    ids = {name: event.id for name, event in known.items()}
    pairs = [(one.id or ids.get(str(one.request_id), ""), one.label) for one in outcomes]
    statuses = services.log.label(pairs, [one.at for one in outcomes])
    unknown: list[Outcome] = []
    refused: list[Refused] = []
    for one, status in zip(outcomes, statuses, strict=True):
        if status == "unknown":
            unknown.append(one)
        elif status == "contradicted":
            problem = "another outcome is known for this event, and stays"
            refused.append((one.message, BadMessageError("contradiction", problem, "label")))
    return unknown, refused


class Held:
    """Outcomes that wait for their events, no longer than ``seconds`` and no more than ``most``.

    Its clock runs only while there is no backlog of events, in which theirs may be. They live in
    memory: what is held is not committed, so it is read again after a restart.
    """

    def __init__(self, seconds: float, most: int) -> None:
        self._seconds = seconds
        self._most = most
        self._clock = 0.0
        self._bytes = 0
        self._waiting: dict[tuple[str, int, int], Waiting] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def is_full(self) -> bool:
        """Should no more outcomes be read for now?"""
        return len(self._waiting) >= self._most or self._bytes >= _MOST_BYTES

    def advance(self, seconds: float) -> None:
        """So much time went by without a backlog of events."""
        self._clock += seconds

    def outcomes(self) -> list[Outcome]:
        """All that wait, the first first."""
        return [waiting.outcome for waiting in self._waiting.values()]

    def waiting_for(self, names: Container[str | None]) -> list[Outcome]:
        """Those that name one of these, the first first."""
        return [one for one in self.outcomes() if (one.id or one.request_id) in names]

    def overdue(self, unknown: Iterable[Outcome]) -> list[Outcome]:
        """Those of them that have waited long enough."""
        return [
            one
            for one in unknown
            if (waiting := self._waiting.get(_place(one))) is not None
            and self._clock - waiting.since >= self._seconds
        ]

    def keep(self, looked: Iterable[Outcome], unknown: Iterable[Outcome]) -> None:
        """Of those that were looked at, hold these, and let go of the others."""
        held = {_place(one): one for one in unknown}
        self._drop(place for place in map(_place, looked) if place not in held)
        for place, one in held.items():
            if place not in self._waiting:
                self._waiting[place] = Waiting(one, self._clock)
                self._bytes += _size(one.message)

    def forget(self, places: Iterable[Place]) -> None:
        """Let go of those of these partitions: others read them now."""
        gone = set(places)
        self._drop([place for place in self._waiting if place[:2] in gone])

    def _drop(self, places: Iterable[tuple[str, int, int]]) -> None:
        for place in places:
            waiting = self._waiting.pop(place, None)
            if waiting is not None:
                self._bytes -= _size(waiting.outcome.message)

    def first_offsets(self) -> dict[Place, int]:
        """Where the first that waits stands, by partition: nothing from there on is done."""
        found: dict[Place, int] = {}
        for topic, partition, offset in self._waiting:
            place = topic, partition
            found[place] = min(found.get(place, offset), offset)
        return found


def _size(message: Message) -> int:
    headers = sum(len(name) + len(value or b"") for name, value in message.headers or ())
    return len(message.value or b"") + len(message.key or b"") + headers


def _place(outcome: Outcome) -> tuple[str, int, int]:
    return outcome.message[:3]


def late(seconds: float) -> BadMessageError:
    """Why an outcome that waited in vain is given up."""
    problem = f"no such event came within {seconds:g} s: is it in another log?"
    return BadMessageError("unknown_event", problem, "id")
