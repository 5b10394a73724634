"""All connections of a worker: what the poller reports of each, and how each ends."""

from __future__ import annotations

import errno
import selectors
import socket
import time
from collections.abc import Callable, Iterator

from webapp.server.connections.connection import Connection, State

_WAITING = (State.IDLE, State.HEAD, State.LINGER, State.REST)
_SLOW = (State.BODY, State.FLUSH)


class ConnectionSet:
    """Open connections. ``on_close`` hears of each that ended."""

    def __init__(
        self, poller: selectors.BaseSelector, on_close: Callable[[], None], linger: float
    ) -> None:
        self._poller = poller
        self._on_close = on_close
        self._linger = linger
        self._connections: set[Connection] = set()

    def __iter__(self) -> Iterator[Connection]:
        return iter(tuple(self._connections))

    def add(self, conn: Connection) -> None:
        """Take a new connection in."""
        self._connections.add(conn)

    def watch(self, conn: Connection, events: int) -> None:
        """Have the poller report these events of a connection, none for 0."""
        if events == conn.events:
            return
        if not events:
            self._poller.unregister(conn.raw)
        elif conn.events:
            self._poller.modify(conn.raw, events, conn)
        else:
            self._poller.register(conn.raw, events, conn)
        conn.events = events

    def close(self, conn: Connection) -> None:
        """End a connection that no thread has."""
        if conn.state is State.CLOSED:
            return
        conn.forget_request()
        conn.leave()
        self.watch(conn, 0)
        conn.enter(State.CLOSED, time.monotonic(), None)
        conn.sock.give_up(OSError(errno.EPIPE, "the connection is closed"))
        conn.raw.close()
        self._connections.discard(conn)
        self._on_close()

    def end(self, conn: Connection) -> None:
        """Close after an answer, at once if the client isn't sending: else it may lose it."""
        try:
            is_silent = not conn.buffer and not conn.raw.recv(1)
        except OSError:  # nothing has come, or the client is gone
            is_silent = True
        if is_silent:
            self.close(conn)
        else:
            self.linger(conn)

    def linger(self, conn: Connection) -> None:
        """Send nothing more, and throw away what still comes for a moment."""
        try:
            conn.raw.shutdown(socket.SHUT_WR)
        except OSError:
            self.close(conn)
            return
        conn.buffer.clear()
        conn.enter(State.LINGER, time.monotonic(), self._linger)
        self.watch(conn, selectors.EVENT_READ)

    def make_room_for(self, key: str) -> bool:
        """Close the connection of this client that is idle for longest; False if there is none."""
        idle = [c for c in self._connections if c.key == key and c.state is State.IDLE and c.number]
        if idle:
            self.close(min(idle, key=lambda conn: conn.since))
        return bool(idle)

    def make_room(self) -> None:
        """Close the connection that waits longest for its client."""
        waiting = [conn for conn in self._connections if conn.state in _WAITING]
        victims = waiting or [conn for conn in self._connections if conn.state in _SLOW]
        if victims:
            self.close(min(victims, key=lambda conn: conn.since))
