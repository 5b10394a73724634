"""One client's connection, as the event loop knows it."""

from __future__ import annotations

import socket
from collections.abc import Callable
from enum import Enum
from typing import Any

from webapp.server.connections.request_body import BodyFile, ChunkedBody, SizedBody
from webapp.server.connections.response_socket import ResponseSocket


class State(Enum):
    """Where a connection is in its life."""

    IDLE = 1  # nothing of a request has arrived
    HEAD = 2
    BODY = 3
    ANSWER = 4  # a thread has the request
    FLUSH = 5  # the thread is done, the client hasn't read all
    REST = 6  # the rest of a body that was refused unread
    LINGER = 7  # nothing is sent any more; what still comes is thrown away
    CLOSED = 8


def do_nothing() -> None:
    """Give back nothing."""


class Connection:
    """The socket, what was read of the present request, and until when more must come.

    ``sock`` is what gunicorn writes to, ``client`` and ``server`` the addresses.
    """

    __slots__ = (
        "body",
        "buffer",
        "client",
        "deadline",
        "events",
        "file",
        "is_ended",
        "key",
        "leave",
        "leave_request",
        "number",
        "progress",
        "raw",
        "received",
        "request",
        "server",
        "since",
        "sock",
        "state",
    )

    def __init__(self, raw: socket.socket, client: Any, server: Any, key: str, now: float) -> None:
        self.raw = raw
        self.client = client
        self.server = server
        self.key = key  # whose disk space it uses
        self.sock: ResponseSocket
        self.state = State.IDLE
        self.since = now  # in this state
        self.deadline: float | None = None  # monotonic
        self.progress = 0  # bytes of the body or the answer at the last deadline
        self.received = 0  # bytes, of all requests
        self.events = 0  # that the poller reports
        self.buffer = bytearray()  # what isn't of the present request, or not yet parsed
        self.is_ended = False  # the client sends nothing more
        self.number = 0  # of the request
        self.request: Any = None
        self.body: SizedBody | ChunkedBody | None = None
        self.file: BodyFile | None = None
        self.leave: Callable[[], None] = do_nothing  # when the connection ends
        self.leave_request: Callable[[], None] = do_nothing  # when it is answered

    def enter(self, state: State, now: float, seconds: float | None) -> None:
        """Change the state; ``seconds`` until something must have happened, None for ever."""
        self.state = state
        self.since = now
        self.deadline = None if seconds is None else now + seconds

    @property
    def is_unread(self) -> bool:
        """True if a body hasn't arrived in full."""
        return self.body is not None and not self.body.complete

    def forget_request(self) -> None:
        """Let go of the present request and what it holds."""
        self.leave_request()
        self.leave_request = do_nothing
        self.request = None
        self.forget_body()

    def forget_body(self) -> None:
        """Let go of the bytes of the body, which nobody reads any more."""
        if self.file is not None:
            self.file.close()
            self.file = None
