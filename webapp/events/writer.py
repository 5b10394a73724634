"""Group commit: threads that write at the same time share one transaction.

A durable commit waits for the disk, so one a thread at a time would make the others wait in line.
Here whoever comes first writes for all who came meanwhile, and each returns after its own is
committed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

Given = TypeVar("Given")
Found = TypeVar("Found")


class _Waiting(Generic[Given, Found]):
    """One caller's part of a group, and what came of it."""

    __slots__ = ("done", "error", "found", "given")

    def __init__(self, given: Given) -> None:
        self.given = given
        self.done = False
        self.found: Found | None = None
        self.error: BaseException | None = None


class GroupWriter(Generic[Given, Found]):
    """Calls ``write`` with what several threads gave, one call at a time."""

    def __init__(
        self,
        write: Callable[[list[Given]], list[Found]],
        spreading: tuple[type[Exception], ...] = (),
    ) -> None:
        self._write = write
        self._spreading = spreading  # errors that hold for those who wait, too
        self._turn = Lock()
        self._line: deque[_Waiting[Given, Found]] = deque()

    def __call__(self, given: Given) -> Found:
        """What ``write`` found for it; raises what ``write`` raised for the group it was in.

        A spreading error reaches those who came meanwhile, too: each would wait as long in vain.
        """
        mine: _Waiting[Given, Found] = _Waiting(given)
        self._line.append(mine)
        with self._turn:
            if not mine.done:
                self._serve(self._waiting())
        if mine.error is not None:
            raise mine.error
        return mine.found  # type: ignore[return-value]

    def _serve(self, group: list[_Waiting[Given, Found]]) -> None:
        try:
            answers = self._write([waiting.given for waiting in group])
            pairs = list(zip(group, answers, strict=True))
        except BaseException as error:
            if isinstance(error, self._spreading):
                group += self._waiting()
            for waiting in group:
                waiting.done, waiting.error = True, error
            if not isinstance(error, Exception):
                raise
        else:
            for waiting, found in pairs:
                waiting.done, waiting.found = True, found

    def _waiting(self) -> list[_Waiting[Given, Found]]:
        return [self._line.popleft() for _ in range(len(self._line))]
