"""Limits guesses of bearer tokens, by client, as sign-ins are."""

from __future__ import annotations

import os
import time
from collections import OrderedDict
from collections.abc import Callable
from functools import lru_cache
from hashlib import blake2b
from math import ceil
from threading import Lock
from typing import TYPE_CHECKING

from flask import request

from webapp.addresses import client_network
from webapp.api import audit
from webapp.api.errors import ApiError

if TYPE_CHECKING:
    from webapp.api.limiter import Limiter

ATTEMPTS = "10/minute"
_MOST = 1_000  # wrong tokens and locked clients that are remembered


def lazy_limiter(redis_url: str, name: str, notation: str = ATTEMPTS) -> Callable[[], Limiter]:
    """A function that returns a limiter, of attempts by default; it is made at the first call."""

    @lru_cache(maxsize=1)
    def limiter() -> Limiter:
        from webapp.api.limiter import Limiter  # slow to import, and seldom needed

        return Limiter(notation, redis_url, name=name)

    return limiter


class Guesses:
    """Counts different wrong tokens of each client, in Redis if there is one.

    A client with too many has no token compared until its minute is over. A program that repeats
    one wrong token guesses nothing and locks nobody out. Right tokens cost no look-up in Redis.
    """

    def __init__(self, redis_url: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._limiter = lazy_limiter(redis_url, "bearer")
        self._clock = clock
        self._lock = Lock()
        self._salt = os.urandom(16)
        self._wrong: OrderedDict[bytes, None] = OrderedDict()
        self._locked: OrderedDict[str, float] = OrderedDict()  # until when, by client

    def check(self) -> None:
        """Raise ApiError 429 while the client's tokens aren't compared."""
        if not self._locked:
            return
        end = self._locked.get(_client(), 0.0)
        if (seconds := end - self._clock()) > 0:
            raise _too_many(ceil(seconds))

    def note(self, token: str) -> None:
        """Count a wrong token. Raises ApiError 429 if it is one too many."""
        client = _client()
        digest = blake2b(f"{client} {token}".encode(), digest_size=16, salt=self._salt).digest()
        with self._lock:
            if digest in self._wrong:
                return
            self._wrong[digest] = None
            if len(self._wrong) > _MOST:
                self._wrong.popitem(last=False)
        audit.note("wrong token")
        try:
            self._limiter().check()
        except ApiError as error:
            seconds = error.retry_after or 1
            with self._lock:
                self._locked[client] = self._clock() + seconds
                if len(self._locked) > _MOST:
                    self._locked.popitem(last=False)
            audit.note("too many wrong tokens", seconds=seconds)
            raise _too_many(seconds) from None


def _client() -> str:
    return client_network(request.remote_addr or "")


def _too_many(seconds: int) -> ApiError:
    message = f"too many wrong tokens: wait {seconds} s"
    return ApiError(429, "too_many_requests", message, retry_after=seconds)
