"""The share of the log's traffic that is simulated: none, some, or all of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from threading import Lock
from typing import Literal

from webapp.db.database import LogUnavailableError
from webapp.db.schema import SOURCES, Source
from webapp.events.log import EventLog

Simulated = Literal["none", "some", "only"]

FRESH_SECONDS = 5.0  # in which the log isn't asked again
UNAVAILABLE_SECONDS = 15.0  # before a log that failed is asked again, which can take seconds


class SimulatedShare:
    """The cached answer. Safe with threads, of which only one at a time asks the log."""

    def __init__(
        self,
        log: EventLog,
        clock: Callable[[], float] = time.monotonic,
        evidence: Collection[Source] = SOURCES,
    ) -> None:
        self._log = log
        self._evidence = evidence
        self._clock = clock
        self._lock = Lock()
        self._answer: Simulated = "none"
        self._next = float("-inf")

    def simulated(self) -> Simulated:
        """The share that is simulated; the last known one while the log is unavailable."""
        if self._clock() >= self._next and self._lock.acquire(blocking=False):
            try:
                self._refresh()
            finally:
                self._lock.release()
        return self._answer

    def _refresh(self) -> None:
        wait = UNAVAILABLE_SECONDS
        try:
            totals = self._log.totals()
        except LogUnavailableError:
            pass  # writers report it; a badge can wait
        else:
            wait = FRESH_SECONDS
            demo = totals.pop("demo", 0)
            is_real = any(n for source, n in totals.items() if source in self._evidence)
            self._answer = "none" if not demo else "some" if is_real else "only"
        self._next = self._clock() + wait
