"""Serves all connections of a worker without waiting for any of them.

A request reaches a thread when it is complete. Only ``dispatch`` and what a thread does with a
connection's ``sock`` happen elsewhere; all methods here run in the worker's main thread.
"""

from __future__ import annotations

import errno
import logging
import selectors
import socket
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import h11

from webapp.server.connections import refusals
from webapp.server.connections.budget import DiskBudget
from webapp.server.connections.clients import ClientLimit
from webapp.server.connections.connection import Connection, State
from webapp.server.connections.connection_set import ConnectionSet
from webapp.server.connections.refusals import Refusal
from webapp.server.connections.request_body import ChunkedBody
from webapp.server.connections.request_reader import Patience, RequestReader
from webapp.server.connections.response_socket import ResponseSocket

READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE
_CHUNK = 1 << 16
_SLICE = 1 << 13
_REPORT_SECONDS = 60
_AHEAD_BYTES = 1 << 16  # that are read of further requests while one is answered
_log = logging.getLogger("everycase.connections")


class EventLoop:
    """The connections of a worker.

    ``dispatch`` gives a connection with a complete request to a thread, after which ``finish`` is
    to be called; ``defer`` has the main thread call a function.
    """

    def __init__(
        self,
        reader: RequestReader,
        connections: ConnectionSet,
        limit: ClientLimit,
        budget: DiskBudget,
        patience: Patience,
        *,
        dispatch: Callable[[Connection], None],
        defer: Callable[..., None],
    ) -> None:
        self._reader = reader
        self._all = connections
        self._limit = limit
        self._budget = budget
        self._patience = patience
        self._dispatch = dispatch
        self._defer = defer
        self._chunk = memoryview(bytearray(_CHUNK))
        self._refusals: Counter[int] = Counter()  # by status, since they were reported
        self._next_report = 0.0
        self._draining_since: float | None = None

    def add(self, raw: socket.socket, client: Any, server: Any) -> None:
        """Serve a new connection."""
        raw.setblocking(False)
        key = self._limit.key_of_peer(client)
        conn = Connection(raw, client, server, key, time.monotonic())
        conn.sock = ResponseSocket(
            raw, self._budget, key, lambda: self._defer(self._watch_output, conn)
        )
        conn.enter(State.IDLE, conn.since, self._patience.head)
        self._all.add(conn)
        leave = self._limit.enter(key)
        if leave is None and self._all.make_room_for(key):  # many browsers may share an address
            leave = self._limit.enter(key)
        if leave is None:
            self._refuse(conn, self._limit.refusal)
            return
        conn.leave = leave
        self.serve(conn, READ)  # a request has often come by now

    def serve(self, conn: Connection, events: int) -> None:
        """Read or write what a connection is ready for."""
        try:
            if events & WRITE and conn.state is not State.CLOSED:
                self._write(conn)
            if events & READ and conn.state is not State.CLOSED:
                self._read(conn)
        except Exception:  # noqa: BLE001  (whatever a client does, others are served)
            self._drop(conn)

    def finish(self, conn: Connection, *, keep: bool) -> None:
        """Go on after a thread wrote the response; ``keep`` if another request may follow."""
        conn.is_ended |= not keep
        conn.forget_body()
        conn.enter(State.FLUSH, time.monotonic(), self._patience.answer)
        conn.progress = conn.sock.taken
        try:
            if conn.sock.pending:
                self._watch_output(conn)
            else:
                self._end_response(conn)
        except Exception:  # noqa: BLE001  (whatever a client does, others are served)
            self._drop(conn)

    def expire(self, *, draining: bool) -> None:
        """End what takes too long. While draining, who isn't answered yet doesn't take long."""
        now = time.monotonic()
        self._report(now)
        if draining and self._draining_since is None:
            self._draining_since = now
        for conn in self._all:
            if draining and self._is_too_late(conn, now):
                if conn.state is State.IDLE:
                    self._all.close(conn)
                else:
                    self._refuse(conn, refusals.STOPPING)
            elif conn.deadline is not None and conn.deadline <= now:
                self._expire(conn, now)

    def _is_too_late(self, conn: Connection, now: float) -> bool:
        """True if a stopping worker waits no longer for the rest of a request."""
        assert self._draining_since is not None
        if conn.state is State.IDLE:
            return now - conn.since >= self._patience.draining
        waits = {State.HEAD: self._patience.draining, State.BODY: self._patience.draining_body}
        seconds = waits.get(conn.state)
        return seconds is not None and now - max(conn.since, self._draining_since) >= seconds

    def _report(self, now: float) -> None:
        """Log how many requests were refused: at most a line a minute, however many come."""
        if self._refusals and now >= self._next_report:
            self._next_report = now + _REPORT_SECONDS
            counts = ", ".join(f"{n} × {status}" for status, n in sorted(self._refusals.items()))
            _log.warning("requests refused before they reached the app: %s", counts)
            self._refusals.clear()

    def _expire(self, conn: Connection, now: float) -> None:
        if conn.state is State.HEAD:
            self._refuse(conn, refusals.SLOW_HEAD)
        elif conn.state is State.BODY:
            if conn.received - conn.progress < self._patience.body_bytes:
                self._refuse(conn, refusals.SLOW_BODY)
            else:
                conn.progress = conn.received
                conn.deadline = now + self._patience.body
        elif conn.state in (State.ANSWER, State.FLUSH):
            if conn.sock.taken == conn.progress:
                self._break(conn)
            else:
                conn.progress = conn.sock.taken
                conn.deadline = now + self._patience.answer
        else:
            self._all.close(conn)

    def _drop(self, conn: Connection) -> None:
        """Log the present exception and end the connection, so that all others are served."""
        _log.exception("a connection failed")
        if conn.state is State.ANSWER:  # the thread comes back to it
            conn.is_ended = True
            self._all.watch(conn, 0)
        else:
            self._all.close(conn)

    def _break(self, conn: Connection) -> None:
        """Give up a client that doesn't read; a thread that writes to it hears of it."""
        conn.sock.give_up(OSError(errno.EPIPE, "the client reads too slowly"))
        conn.deadline = None
        if conn.state is State.FLUSH:
            self._all.close(conn)

    def _read(self, conn: Connection) -> None:
        try:
            size = conn.raw.recv_into(self._chunk, self._read_size(conn))
        except BlockingIOError:
            self._all.watch(conn, conn.events | READ)
            return
        except OSError:
            size = 0
            conn.sock.give_up(OSError(errno.EPIPE, "the client is gone"))
        conn.received += size
        if not size:
            self._note_end(conn)
        elif conn.state in (State.IDLE, State.HEAD, State.BODY):
            conn.buffer += self._chunk[:size]
            self._advance(conn)
        elif conn.state is not State.LINGER:
            self._read_ahead(conn, bytes(self._chunk[:size]))

    def _read_size(self, conn: Connection) -> int:
        """How much to read at once: less of chunks, which take time that others wait for."""
        return _SLICE if isinstance(conn.body, ChunkedBody) else _CHUNK

    def _advance(self, conn: Connection) -> None:
        """Take what is in the buffer for the present request; if it is complete, dispatch it."""
        refusal = self._reader.read(conn, time.monotonic())
        if refusal is not None:
            self._refuse(conn, refusal)
        elif conn.state is State.ANSWER:
            if conn.is_unread:
                self._all.watch(conn, conn.events | READ)
            conn.sock.begin()
            self._dispatch(conn)
        else:
            self._all.watch(conn, conn.events | READ)

    def _read_ahead(self, conn: Connection, data: bytes) -> None:
        """Throw away the rest of a refused body, and keep what comes after it."""
        if conn.is_unread:
            try:
                _, data = conn.body.split(data)  # type: ignore[union-attr]
            except h11.RemoteProtocolError:
                data, conn.is_ended = b"", True
                self._all.watch(conn, conn.events & ~READ)
        conn.buffer += data
        if conn.state is not State.REST:
            if len(conn.buffer) > _AHEAD_BYTES:
                self._all.watch(conn, conn.events & ~READ)
        elif conn.is_ended or not conn.is_unread:
            self._end_request(conn)
        elif conn.received - conn.progress > self._patience.rest_bytes:
            self._all.close(conn)

    def _note_end(self, conn: Connection) -> None:
        """The client sends nothing more; it may still want its answer."""
        conn.is_ended = True
        if conn.state in (State.ANSWER, State.FLUSH):
            self._all.watch(conn, conn.events & ~READ)
        else:
            self._all.close(conn)

    def _write(self, conn: Connection) -> None:
        conn.sock.flush()
        if conn.sock.pending:
            return
        self._all.watch(conn, conn.events & ~WRITE)
        if conn.state is State.FLUSH:
            self._end_response(conn)
        else:
            conn.deadline = None

    def _watch_output(self, conn: Connection) -> None:
        """Send what waits when the client takes it, and not for ever."""
        if conn.state in (State.ANSWER, State.FLUSH) and conn.sock.pending:
            if conn.deadline is None:
                conn.progress = conn.sock.taken
                conn.deadline = time.monotonic() + self._patience.answer
            self._all.watch(conn, conn.events | WRITE)

    def _end_response(self, conn: Connection) -> None:
        """The client has its answer: read the rest of a refused body, or go on."""
        conn.forget_request()
        if conn.sock.is_broken:
            self._all.close(conn)
        elif conn.is_unread:
            conn.enter(State.REST, time.monotonic(), self._patience.rest)
            conn.progress = conn.received
            self._all.watch(conn, conn.events | READ)
        else:
            self._end_request(conn)

    def _end_request(self, conn: Connection) -> None:
        """Wait for the next request, or take what has arrived of it."""
        conn.body = None
        if conn.is_ended:
            self._all.end(conn)
            return
        conn.enter(State.IDLE, time.monotonic(), self._patience.idle)
        if conn.buffer:
            self._advance(conn)
        else:
            self._all.watch(conn, conn.events | READ)

    def _refuse(self, conn: Connection, refusal: Refusal) -> None:
        """Answer what can't be served, and close."""
        self._refusals[refusal.status] += 1
        conn.forget_request()
        conn.is_ended, conn.body = True, None
        conn.enter(State.FLUSH, time.monotonic(), self._patience.linger)
        try:
            conn.sock.send(refusal.response())
        except OSError:
            self._all.close(conn)
            return
        if conn.sock.pending:
            self._watch_output(conn)
        else:
            self._all.linger(conn)
