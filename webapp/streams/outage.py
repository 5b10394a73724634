"""The brokers are away: one line when that begins, one at each longer wait, one when they are back.

Kafka's library tries again on its own and tells each failure, of each broker and by each client. So
its complaints about connections are counted here instead of being logged, and the brokers are asked
now and then whether they are back.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

FIRST_SECONDS, LONGEST_SECONDS = 1.0, 60.0  # between two questions, at first and at most
# Errors that mean that there is no connection; the library mends them by itself
AWAY = ("_TRANSPORT", "_ALL_BROKERS_DOWN", "_RESOLVE", "_TIMED_OUT")
_log = logging.getLogger("everycase.streams")


class Outage:
    """Whether the brokers are away, and when to ask them again. Used by one thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._since: float | None = None  # when they went away
        self._wait = FIRST_SECONDS
        self._next = 0.0  # when to ask

    @property
    def is_on(self) -> bool:
        """True if the brokers are away."""
        return self._since is not None

    def note(self, reason: str) -> None:
        """Note a failure to connect."""
        if self._since is not None:
            return
        self._since, self._wait = self._clock(), FIRST_SECONDS
        self._next = self._since + self._wait
        _log.warning("kafka: no broker can be reached: %s; trying on", reason)

    def check(self, ask: Callable[[], bool]) -> None:
        """Ask the brokers if it is time to. ``ask`` returns True if one answers in a second."""
        if self._since is None or self._clock() < self._next:
            return
        if ask():
            self.end()
            return
        is_longer = self._wait < LONGEST_SECONDS
        self._wait = min(2 * self._wait, LONGEST_SECONDS)
        self._next = self._clock() + self._wait
        if is_longer:
            values = {"seconds": self._wait}
            _log.warning("kafka: still no broker can be reached; asking again", extra=values)

    def end(self) -> None:
        """The brokers are back: a message came, or they answered."""
        if self._since is None:
            return
        values = {"away_seconds": round(self._clock() - self._since, 1)}
        self._since = None
        _log.info("kafka: the brokers are back", extra=values)
