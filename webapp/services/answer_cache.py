"""Answers of Drift and Compare: kept, made once for all who ask at the same time, a few at once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from threading import BoundedSemaphore, Event, Lock
from typing import Any, Protocol, TypeVar

from webapp.services import large_questions

AT_ONCE = 2  # answers that are made at the same time, each on a thread
WAIT_SECONDS = 10.0  # for a turn; routers and proxies end a request after 30 s
RETRY_SECONDS = 5
_MOST = 32  # answers kept
_MOST_CASES = 1 << 17  # of all kept answers: two with 16 inputs, which take some 20 MB each

T = TypeVar("T")


_refuses: ContextVar[bool] = ContextVar("refuses", default=False)


@contextmanager
def refusing() -> Iterator[None]:
    """Refuse every question of this thread: it has no place to wait."""
    token = _refuses.set(True)
    try:
        yield
    finally:
        _refuses.reset(token)


class BusyError(RuntimeError):
    """Too many questions are being answered; ask again in ``seconds``."""

    def __init__(self) -> None:
        self.seconds = RETRY_SECONDS
        super().__init__(
            "the server is busy with other questions about traffic: "
            f"ask again in {self.seconds} seconds"
        )


class Marked(Protocol):
    """What an answer is made from; ``mark`` is equal to an earlier one if nothing changed."""

    @property
    def mark(self) -> Hashable:
        """A digest of the counts."""
        ...


Reading = TypeVar("Reading", bound=Marked)


@dataclass(frozen=True)
class _Answer:
    """An answer with the state of the log before it was made, and the mark of its counts."""

    state: Hashable
    mark: Hashable
    cases: int
    value: Any


@dataclass
class _Flight:
    """An answer that is being made. ``state`` is None while it waits for its turn."""

    state: Hashable = None
    value: Any = None
    error: BaseException | None = None
    landed: Event = field(default_factory=Event)


class AnswerCache:
    """The latest answers; each is valid while the counts behind it don't change. Thread-safe.

    ``state`` gives the token of all that is logged.
    """

    def __init__(
        self,
        state: Callable[[], Hashable],
        at_once: int = AT_ONCE,
        wait_seconds: float = WAIT_SECONDS,
    ) -> None:
        self._state = state
        self.wait_seconds = wait_seconds  # for a turn
        self._turns = BoundedSemaphore(at_once)
        self._lock = Lock()
        self._answers: OrderedDict[Hashable, _Answer] = OrderedDict()
        self._flights: dict[Hashable, list[_Flight]] = {}

    @staticmethod
    def admit() -> None:
        """Raise BusyError if this thread's questions are refused: nothing was read for them yet."""
        if _refuses.get():
            raise BusyError

    def get(
        self,
        key: Hashable,
        cases: int,
        read: Callable[[], Reading],
        make: Callable[[Reading], T],
    ) -> T:
        """The kept answer to ``key`` if its counts are as they were, else a new one.

        ``cases`` is its size. Who asks what is already waited for, or is being made from all that
        is logged by now, gets that answer. Raises BusyError if there is no turn within the time to
        wait, and what ``read`` and ``make`` raise.
        """
        with large_questions.take_turn(cases, self.wait_seconds) as has_turn:
            if not has_turn:
                raise BusyError
            return self._get(key, cases, read, make)

    def _get(
        self,
        key: Hashable,
        cases: int,
        read: Callable[[], Reading],
        make: Callable[[Reading], T],
    ) -> T:
        state = self._state()
        with self._lock:
            answer = self._answers.get(key)
            if answer is not None and answer.state == state:
                self._answers.move_to_end(key)
                return answer.value  # type: ignore[no-any-return]
            flight, is_first = self._join(key, state)
        if is_first:
            self._fly(flight, key, cases, read, make)
        elif not flight.landed.wait(2 * self.wait_seconds):
            raise BusyError
        if flight.error is not None:
            raise flight.error
        return flight.value  # type: ignore[no-any-return]

    def _join(self, key: Hashable, state: Hashable) -> tuple[_Flight, bool]:
        """The answer that is being made, and true if it is to be made by the caller."""
        flights = self._flights.setdefault(key, [])
        for flight in flights:
            if flight.state in (None, state):
                return flight, False
        flights.append(_Flight())
        return flights[-1], True

    def _fly(
        self,
        flight: _Flight,
        key: Hashable,
        cases: int,
        read: Callable[[], Reading],
        make: Callable[[Reading], T],
    ) -> None:
        """Wait for a turn and make the answer; whatever happens, those who joined are told."""
        try:
            if not self._turns.acquire(timeout=self.wait_seconds):
                raise BusyError
            try:
                flight.state = self._state()
                flight.value = self._make(flight.state, key, cases, read, make)
            finally:
                self._turns.release()
        except BaseException as error:  # noqa: BLE001 - raised by ``get``, in each thread
            flight.error = error
        finally:
            with self._lock:
                flights = self._flights[key]
                flights.remove(flight)
                if not flights:
                    del self._flights[key]
            flight.landed.set()

    def _make(
        self,
        state: Hashable,
        key: Hashable,
        cases: int,
        read: Callable[[], Reading],
        make: Callable[[Reading], T],
    ) -> T:
        reading = read()
        with self._lock:
            before = self._answers.get(key)
        if before is not None and before.mark == reading.mark:
            value: T = before.value
        else:
            before = None  # it may go
            self._make_room(key, cases)
            value = make(reading)
        with self._lock:
            self._answers[key] = _Answer(state, reading.mark, cases, value)
            self._answers.move_to_end(key)
        return value

    def _make_room(self, key: Hashable, cases: int) -> None:
        """Drop what was asked for longest ago, before there is a new answer, however large."""
        with self._lock:
            self._answers.pop(key, None)
            cases += sum(answer.cases for answer in self._answers.values())
            while self._answers and (len(self._answers) >= _MOST or cases > _MOST_CASES):
                _, oldest = self._answers.popitem(last=False)
                cases -= oldest.cases


@dataclass(frozen=True)
class Fixed:
    """What never changes, as the counts of a file."""

    mark: Hashable = None
