"""Questions over many cases: one at a time in a process, as each takes tens of megabytes.

A turn lasts until the answer is written out, which takes as much memory as making it. Two at once
would be no sooner: both want the interpreter.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from threading import Lock

LARGE = 1 << 13  # cases; an eighth of those of 16 inputs

_turn = Lock()


@dataclass
class _Request:
    has_turn: bool = False


_request: ContextVar[_Request | None] = ContextVar("request", default=None)


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """A turn that is taken in the block lasts until its end."""
    request = _Request()
    token = _request.set(request)
    try:
        yield
    finally:
        _request.reset(token)
        if request.has_turn:
            _turn.release()


@contextmanager
def take_turn(cases: int, seconds: float) -> Iterator[bool]:
    """Have the turn that a question over so many cases needs; false if there is none in time."""
    request = _request.get()
    if cases < LARGE or (request is not None and request.has_turn):
        yield True
        return
    if not _turn.acquire(timeout=seconds):
        yield False
        return
    if request is not None:
        request.has_turn = True
        yield True
        return
    try:
        yield True
    finally:
        _turn.release()
