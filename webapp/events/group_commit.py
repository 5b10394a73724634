"""Group commit: threads that write at the same time share one transaction.

A durable commit waits for the disk, so one commit per thread would make the others queue. Here the
first thread writes for all that arrived in the meantime, and each returns once its own items are
committed.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class _Waiting(Generic[Item, Result]):
    """One caller's item, and its result or error."""

    __slots__ = ("done", "error", "item", "result", "turn")

    def __init__(self, item: Item) -> None:
        self.item = item
        self.done = False
        self.result: Result | None = None
        self.error: BaseException | None = None
        self.turn: Lock | None = None  # released when the item is done, or is the next to write


class GroupWriter(Generic[Item, Result]):
    """Calls ``write`` with the items of several threads, one call at a time.

    An error in ``shared_errors`` is raised to the callers still in the queue, too: each of them
    would wait for the same failure.
    """

    def __init__(
        self,
        write: Callable[[list[Item]], list[Result]],
        shared_errors: tuple[type[Exception], ...] = (),
    ) -> None:
        self._write = write
        self._shared_errors = shared_errors
        self._guard = Lock()  # guards the next two; never held for long
        self._line: list[_Waiting[Item, Result]] = []
        self._busy = False

    def __call__(self, item: Item) -> Result:
        """The result of ``write`` for the item. Raises what ``write`` raised for its group."""
        mine: _Waiting[Item, Result] = _Waiting(item)
        if self._must_wait(mine):
            assert mine.turn is not None
            mine.turn.acquire()
        if not mine.done:
            group = self._take_line()
            try:
                self._write_group(group)
            finally:
                self._hand_on([waiting for waiting in group if waiting is not mine])
        if mine.error is not None:
            raise mine.error
        return mine.result  # type: ignore[return-value]

    def _must_wait(self, mine: _Waiting[Item, Result]) -> bool:
        """Join the queue. True if another thread is writing."""
        with self._guard:
            self._line.append(mine)
            if not self._busy:
                self._busy = True
                return False
            mine.turn = Lock()
            mine.turn.acquire()
            return True

    def _hand_on(self, group: list[_Waiting[Item, Result]]) -> None:
        """Wake the next writer, so that the disk isn't idle, and then the finished callers."""
        with self._guard:
            to_wake = self._line[:1] + group
            self._busy = bool(self._line)
        for waiting in to_wake:
            if waiting.turn is not None:
                waiting.turn.release()

    def _write_group(self, group: list[_Waiting[Item, Result]]) -> None:
        try:
            answers = self._write([waiting.item for waiting in group])
            pairs = list(zip(group, answers, strict=True))
        except BaseException as error:
            if isinstance(error, self._shared_errors):
                group += self._take_line()
            for waiting in group:
                waiting.done, waiting.error = True, error
            if not isinstance(error, Exception):
                raise
        else:
            for waiting, result in pairs:
                waiting.done, waiting.result = True, result

    def _take_line(self) -> list[_Waiting[Item, Result]]:
        with self._guard:
            line, self._line = self._line, []
            return line
