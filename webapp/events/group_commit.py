"""Group commit: threads that write at the same time share one transaction.

A durable commit waits for the disk, so one a thread at a time would make the others wait in line.
Here whoever comes first writes for all who came meanwhile, and each returns after its own is
committed.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

Given = TypeVar("Given")
Found = TypeVar("Found")


class _Waiting(Generic[Given, Found]):
    """One caller's part of a group, and what came of it."""

    __slots__ = ("done", "error", "found", "given", "turn")

    def __init__(self, given: Given) -> None:
        self.given = given
        self.done = False
        self.found: Found | None = None
        self.error: BaseException | None = None
        self.turn: Lock | None = None  # held until it is done, or the next to write


class GroupWriter(Generic[Given, Found]):
    """Calls ``write`` with what several threads gave, one call at a time."""

    def __init__(
        self,
        write: Callable[[list[Given]], list[Found]],
        spreading: tuple[type[Exception], ...] = (),
    ) -> None:
        self._write = write
        self._spreading = spreading  # errors that hold for those who wait, too
        self._guard = Lock()  # of the two below; never held for long
        self._line: list[_Waiting[Given, Found]] = []
        self._busy = False

    def __call__(self, given: Given) -> Found:
        """What ``write`` found for it; raises what ``write`` raised for the group it was in.

        A spreading error reaches those who came meanwhile, too: each would wait as long in vain.
        """
        mine: _Waiting[Given, Found] = _Waiting(given)
        if self._must_wait(mine):
            assert mine.turn is not None
            mine.turn.acquire()
        if not mine.done:
            group = self._waiting()
            try:
                self._serve(group)
            finally:
                self._hand_on([waiting for waiting in group if waiting is not mine])
        if mine.error is not None:
            raise mine.error
        return mine.found  # type: ignore[return-value]

    def _must_wait(self, mine: _Waiting[Given, Found]) -> bool:
        """Get in line; is somebody writing?"""
        with self._guard:
            self._line.append(mine)
            if not self._busy:
                self._busy = True
                return False
            mine.turn = Lock()
            mine.turn.acquire()
            return True

    def _hand_on(self, served: list[_Waiting[Given, Found]]) -> None:
        """Wake the next to write, so that the disk doesn't wait, and then those who are done."""
        with self._guard:
            woken = self._line[:1] + served
            self._busy = bool(self._line)
        for waiting in woken:
            if waiting.turn is not None:
                waiting.turn.release()

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
        with self._guard:
            line, self._line = self._line, []
            return line
