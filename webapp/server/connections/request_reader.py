"""Takes a connection's bytes for a request: its head, then its body, until it is complete."""

from __future__ import annotations

import io
import logging
from dataclasses import dataclass
from typing import Any

import h11
from gunicorn.http.errors import ParseException

from webapp.server.connections import refusals
from webapp.server.connections.budget import DiskBudget, NoRoomError
from webapp.server.connections.clients import ClientLimit
from webapp.server.connections.connection import Connection, State
from webapp.server.connections.refusals import Refusal
from webapp.server.connections.request_body import BodyFile
from webapp.server.connections.request_head import BodyLimit, frame_of, limit_of, parse_head

MAX_HEAD_BYTES = 64 << 10
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_END = b"\r\n\r\n"
_log = logging.getLogger("everycase.connections")


@dataclass(frozen=True)
class Patience:
    """How long is waited for a client, in seconds."""

    idle: float = 95.0  # between requests
    head: float = 10.0
    body: float = 20.0  # for the next ``body_bytes``
    body_bytes: int = 10_000
    answer: float = 300.0  # until it reads on; some systems say so only after 64 KiB
    rest: float = 5.0  # for the rest of a body that was refused, so that a proxy isn't confused
    rest_bytes: int = 64 << 20
    linger: float = 2.0
    draining: float = 1.0  # for idle connections and headers, when the worker stops
    draining_body: float = 5.0  # for bodies then, which nothing but their rate would end


class RequestReader:
    """Reads requests from the buffers of connections."""

    def __init__(
        self,
        cfg: Any,
        limit: ClientLimit,
        budget: DiskBudget,
        body_limit: BodyLimit,
        patience: Patience,
    ) -> None:
        self._cfg = cfg
        self._limit = limit
        self._budget = budget
        self._body_limit = body_limit
        self._patience = patience

    def read(self, conn: Connection, now: float) -> Refusal | None:
        """Read on: the state is ANSWER then if the request is complete. Returns why it isn't."""
        if conn.state in (State.IDLE, State.HEAD):
            refusal = self._read_head(conn, now)
            if refusal is not None:
                return refusal
        return self._read_body(conn, now) if conn.state is State.BODY else None

    def _read_head(self, conn: Connection, now: float) -> Refusal | None:
        buffer = conn.buffer
        while buffer.startswith(b"\r\n"):  # some clients end a body with a line too much
            del buffer[:2]
        end = buffer.find(_END, 0, MAX_HEAD_BYTES)
        if end < 0:
            if len(buffer) >= MAX_HEAD_BYTES:
                return refusals.LONG_HEAD
            if buffer and conn.state is State.IDLE:
                conn.enter(State.HEAD, now, self._patience.head)
            return None
        head = bytes(buffer[: end + len(_END)])
        del buffer[: len(head)]
        conn.number += 1
        try:
            request = parse_head(self._cfg, head, conn.client, conn.number)
            conn.body = frame_of(request)
        except Exception as error:  # noqa: BLE001  (whatever a client sends, others are served)
            if not isinstance(error, ParseException):
                _log.warning("a request's head can't be read: %s", type(error).__name__)
            return refusals.refusal_of(error)
        return self._begin(conn, request, now)

    def _begin(self, conn: Connection, request: Any, now: float) -> Refusal | None:
        """Begin a request whose head is complete."""
        conn.request = request
        client = self._limit.key_of_request(request.headers)
        leave = self._limit.enter(client)
        if leave is None:
            return self._limit.refusal
        conn.leave_request = leave
        expects, request._expected_100_continue = request._expected_100_continue, False
        if conn.body is None:
            request.body = io.BytesIO()
            conn.enter(State.ANSWER, now, None)
            return None
        limit = limit_of(request, self._body_limit)
        conn.file = BodyFile(self._budget, client or conn.key, limit)
        if conn.body.length is not None and conn.body.length > limit:
            conn.file.too_large = True
            if expects:  # the client may or may not send it now: nobody could tell what follows
                request.force_close()
                conn.body = None
            self._complete(conn, now)
            return None
        if expects and not conn.buffer:
            conn.sock.send(CONTINUE)
        conn.enter(State.BODY, now, self._patience.body)
        conn.progress = conn.received
        return None

    def _read_body(self, conn: Connection, now: float) -> Refusal | None:
        assert conn.body is not None
        assert conn.file is not None
        data = bytes(conn.buffer)
        conn.buffer.clear()
        try:
            part, rest = conn.body.split(data)
            conn.file.write(part)
        except h11.RemoteProtocolError as error:
            return refusals.refusal_of(error)
        except NoRoomError:
            return refusals.NO_ROOM
        except OSError as error:
            _log.warning("a body can't be kept: %s", error)
            return refusals.NO_ROOM
        conn.buffer += rest
        if conn.body.complete or conn.file.too_large:
            self._complete(conn, now)
        return None

    def _complete(self, conn: Connection, now: float) -> None:
        assert conn.file is not None
        conn.request.body = conn.file.open()
        conn.enter(State.ANSWER, now, None)
