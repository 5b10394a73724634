"""Rate limits per client: 429 with ``Retry-After`` above the limit."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from threading import Lock

from flask import request
from limits import parse_many
from limits.errors import StorageError
from limits.storage import storage_from_string
from limits.strategies import FixedWindowRateLimiter

from webapp.addresses import client_network
from webapp.api.errors import ApiError

REDIS_SECONDS = 0.5  # how long a request waits for Redis
PAUSE_SECONDS = 5.0  # before a Redis that didn't answer is asked again
_MEMORY = "memory://"
_log = logging.getLogger("everycase")


class Limiter:
    """Counts requests by client, in this process or in Redis. Safe with threads and forks.

    ``name`` keeps the counts of several limiters apart. While Redis is unavailable, each process
    counts its own: nobody may guess ADMIN_TOKEN as fast as they like because Redis is down.
    """

    def __init__(
        self,
        notation: str,
        redis_url: str = "",
        *,
        name: str = "requests",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limits = parse_many(notation)
        self._redis_url = redis_url
        self._name = name
        self._clock = clock
        self._lock = Lock()
        self._strategies: dict[str, FixedWindowRateLimiter] = {}  # by address of the storage
        self._next_try = float("-inf")  # when Redis is asked again
        self._redis_available = True

    def check(self) -> None:
        """Count the current request. Raises ApiError 429 if it is one too many."""
        seconds = self._seconds(client_network(request.remote_addr or ""))
        if seconds is not None:
            raise ApiError(
                429,
                "too_many_requests",
                f"too many requests: wait {seconds} s",
                retry_after=seconds,
            )

    def _seconds(self, client: str) -> int | None:
        """Seconds until the client may send a request again; None if it may now."""
        if self._redis_url and self._clock() >= self._next_try:
            try:
                seconds = self._excess(self._redis_url, client)
            except StorageError as error:
                self._note_redis(available=False, why=str(error.storage_error))
            else:
                self._note_redis(available=True)
                return seconds
        return self._excess(_MEMORY, client)

    def _excess(self, place: str, client: str) -> int | None:
        """Count a request in the storage ``place``; the seconds to wait if it is one too many."""
        strategy = self._strategy(place)
        full = [limit for limit in self._limits if not strategy.hit(limit, self._name, client)]
        if not full:
            return None
        ends = [strategy.get_window_stats(limit, self._name, client).reset_time for limit in full]
        return max(1, math.ceil(max(ends) - time.time()))

    def _strategy(self, place: str) -> FixedWindowRateLimiter:
        """The counts in a storage, opened at the first use: threads and connections don't fork."""
        with self._lock:
            if place not in self._strategies:
                options = {}
                if place != _MEMORY:
                    options = {
                        "socket_timeout": REDIS_SECONDS,
                        "socket_connect_timeout": REDIS_SECONDS,
                    }
                storage = storage_from_string(place, wrap_exceptions=True, **options)
                self._strategies[place] = FixedWindowRateLimiter(storage)
            return self._strategies[place]

    def _note_redis(self, *, available: bool, why: str = "") -> None:
        """Log once that Redis became unavailable, and once that it is back."""
        if not available:
            self._next_try = self._clock() + PAUSE_SECONDS
        if available == self._redis_available:
            return
        self._redis_available = available
        if available:
            _log.warning("Redis is back: its counts limit requests again")
        else:
            _log.warning("Redis is unavailable, so each process limits for itself: %s", why)
