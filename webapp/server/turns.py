"""A worker's requests take turns, so that there are few at work and few connections to a database.

A worker has more threads than turns: whoever waits for another process needs a thread, and no turn.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Turns:
    """So many threads at a time are at work. Without a count, as in tests, all are."""

    def __init__(self) -> None:
        self._places: threading.Semaphore | None = None
        self._thread = threading.local()

    def allow(self, count: int) -> None:
        """Let so many threads work at a time. Call it before there are any."""
        self._places = threading.BoundedSemaphore(count)

    @contextmanager
    def take(self) -> Iterator[None]:
        """Have a turn, after those who came before."""
        if self._places is None:
            yield
            return
        with self._places:
            self._thread.has_turn = True
            try:
                yield
            finally:
                self._thread.has_turn = False

    @contextmanager
    def leave(self) -> Iterator[None]:
        """Let another thread work until the end of the block, and then wait for a turn again."""
        if self._places is None or not getattr(self._thread, "has_turn", False):
            yield
            return
        self._places.release()
        try:
            yield
        finally:
            self._places.acquire()


turns = Turns()  # of this process
