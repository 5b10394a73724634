"""Group commit: threads that write at the same time share one transaction.

A durable commit waits for the disk, so one a thread at a time would make the others wait in line.
Here whoever comes first writes for all who came meanwhile, and each returns after its own is
committed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Generic, TypeVar

Given = TypeVar("Given")
Found = TypeVar("Found")


@dataclass(slots=True, eq=False)
class _Waiting(Generic[Given, Found]):
    given: Given
    done: bool = False
    found: Found | None = None
    error: BaseException | None = None


class GroupWriter(Generic[Given, Found]):
    """Calls ``write`` with what several threads gave, one call at a time."""

    def __init__(self, write: Callable[[list[Given]], list[Found]]) -> None:
        self._write = write
        self._turn = Lock()
        self._line: deque[_Waiting[Given, Found]] = deque()

    def __call__(self, given: Given) -> Found:
        """What ``write`` found for it; raises what ``write`` raised for the group it was in."""
        mine: _Waiting[Given, Found] = _Waiting(given)
        self._line.append(mine)
        with self._turn:
            if not mine.done:
                self._serve([self._line.popleft() for _ in range(len(self._line))])
        if mine.error is not None:
            raise mine.error
        return mine.found  # type: ignore[return-value]

    def _serve(self, group: list[_Waiting[Given, Found]]) -> None:
        try:
            answers = self._write([waiting.given for waiting in group])
        except BaseException as error:
            for waiting in group:
                waiting.done, waiting.error = True, error
            if not isinstance(error, Exception):
                raise
        else:
            for waiting, found in zip(group, answers, strict=True):
                waiting.done, waiting.found = True, found
