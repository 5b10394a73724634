"""How often one client may ask: 429 with ``Retry-After`` above the limit."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address, ip_network
from threading import Lock

from flask import request
from limits import parse_many
from limits.errors import StorageError
from limits.storage import storage_from_string
from limits.strategies import FixedWindowRateLimiter

from webapp.api.errors import ApiError

REDIS_SECONDS = 0.5  # how long a request waits for Redis
AWAY_SECONDS = 5.0  # how long a Redis that didn't answer is left alone
_MEMORY = "memory://"
_log = logging.getLogger("everycase")


class Limiter:
    """Counts requests by client, in this process or in Redis. Safe in threads and over a fork.

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
        self._counting: dict[str, FixedWindowRateLimiter] = {}  # by address of the storage
        self._again = float("-inf")  # when Redis is asked again
        self._away = False

    def check(self) -> None:
        """Count the current request; raise ApiError 429 when it is one too many."""
        seconds = self._seconds(client_network(request.remote_addr or ""))
        if seconds is not None:
            raise ApiError(
                429,
                "too_many_requests",
                f"too many requests: wait {seconds} s",
                retry_after=seconds,
            )

    def _seconds(self, client: str) -> int | None:
        """Seconds until the client may ask again; None when it may now."""
        if self._redis_url and self._clock() >= self._again:
            try:
                seconds = self._excess(self._redis_url, client)
            except StorageError as error:
                self._note(away=True, why=str(error.storage_error))
            else:
                self._note(away=False)
                return seconds
        return self._excess(_MEMORY, client)

    def _excess(self, place: str, client: str) -> int | None:
        counting = self._storage(place)
        full = [limit for limit in self._limits if not counting.hit(limit, self._name, client)]
        if not full:
            return None
        ends = [counting.get_window_stats(limit, self._name, client).reset_time for limit in full]
        return max(1, math.ceil(max(ends) - time.time()))

    def _storage(self, place: str) -> FixedWindowRateLimiter:
        """Made at the first use: memory's has a thread, Redis' connections; neither is forked."""
        with self._lock:
            if place not in self._counting:
                options = {}
                if place != _MEMORY:
                    options = {
                        "socket_timeout": REDIS_SECONDS,
                        "socket_connect_timeout": REDIS_SECONDS,
                    }
                storage = storage_from_string(place, wrap_exceptions=True, **options)
                self._counting[place] = FixedWindowRateLimiter(storage)
            return self._counting[place]

    def _note(self, *, away: bool, why: str = "") -> None:
        """Log that Redis went away or came back, once each."""
        if away:
            self._again = self._clock() + AWAY_SECONDS
        if away != self._away:
            self._away = away
            if away:
                _log.warning("Redis is unavailable, so each process limits for itself: %s", why)
            else:
                _log.warning("Redis is back: requests are limited over all again")


def client_network(address: str) -> str:
    """Who counts as one client: an IPv4 address, or the IPv6 network that one customer has."""
    try:
        ip = ip_address(address)
    except ValueError:  # a socket file has none
        return address
    if not isinstance(ip, IPv6Address):
        return str(ip)
    if ip.ipv4_mapped is not None:
        return str(ip.ipv4_mapped)
    return str(ip_network((int(ip), 64), strict=False))
