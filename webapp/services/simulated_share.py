"""Whose traffic the log holds: real, simulated, or both."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock
from typing import Literal

from webapp.db.database import LogUnavailableError
from webapp.events.log import EventLog

Simulated = Literal["none", "some", "only"]

FRESH_SECONDS = 5.0  # how old the answer may be
AWAY_SECONDS = 15.0  # how long a log that is unavailable is left alone: asking it can take seconds


class Traffic:
    """Is there simulated traffic in the log? Safe in threads; only one of them looks at a time."""

    def __init__(self, log: EventLog, clock: Callable[[], float] = time.monotonic) -> None:
        self._log = log
        self._clock = clock
        self._lock = Lock()
        self._known: Simulated = "none"
        self._next = float("-inf")

    def simulated(self) -> Simulated:
        """How much of the traffic is simulated; the last known answer while the log is down."""
        if self._clock() >= self._next and self._lock.acquire(blocking=False):
            try:
                self._look()
            finally:
                self._lock.release()
        return self._known

    def _look(self) -> None:
        wait = AWAY_SECONDS
        try:
            totals = self._log.totals()
        except LogUnavailableError:
            pass  # whoever writes is told; a badge can wait
        else:
            wait = FRESH_SECONDS
            demo = totals.pop("demo", 0)
            self._known = "none" if not demo else "some" if any(totals.values()) else "only"
        self._next = self._clock() + wait
