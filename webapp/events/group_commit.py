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


class _PendingWrite(Generic[Item, Result]):
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
        self._queue: list[_PendingWrite[Item, Result]] = []
        self._busy = False

    def __call__(self, item: Item) -> Result:
        """The result of ``write`` for the item. Raises what ``write`` raised for its group."""
        own: _PendingWrite[Item, Result] = _PendingWrite(item)
        if self._enqueue(own):
            assert own.turn is not None
            own.turn.acquire()
        if not own.done:
            group = self._take_queue()
            try:
                self._write_group(group)
            finally:
                self._wake([entry for entry in group if entry is not own])
        if own.error is not None:
            raise own.error
        return own.result  # type: ignore[return-value]

    def _enqueue(self, own: _PendingWrite[Item, Result]) -> bool:
        """Join the queue. True if another thread is writing."""
        with self._guard:
            self._queue.append(own)
            if not self._busy:
                self._busy = True
                return False
            own.turn = Lock()
            own.turn.acquire()
            return True

    def _wake(self, group: list[_PendingWrite[Item, Result]]) -> None:
        """Wake the next writer, so that the disk isn't idle, and then the finished callers."""
        with self._guard:
            to_wake = self._queue[:1] + group
            self._busy = bool(self._queue)
        for entry in to_wake:
            if entry.turn is not None:
                entry.turn.release()

    def _write_group(self, group: list[_PendingWrite[Item, Result]]) -> None:
        try:
            answers = self._write([entry.item for entry in group])
            pairs = list(zip(group, answers, strict=True))
        except BaseException as error:
            if isinstance(error, self._shared_errors):
                group += self._take_queue()
            for entry in group:
                entry.done, entry.error = True, error
            if not isinstance(error, Exception):
                raise
        else:
            for entry, result in pairs:
                entry.done, entry.result = True, result

    def _take_queue(self) -> list[_PendingWrite[Item, Result]]:
        with self._guard:
            queue, self._queue = self._queue, []
            return queue
