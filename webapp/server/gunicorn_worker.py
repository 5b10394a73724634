"""Our own worker for gunicorn: threads for complete requests, an event loop for all else."""

from __future__ import annotations

import errno
import socket
import time
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gunicorn.errors import ConfigError
from gunicorn.http.errors import ParseException
from gunicorn.workers.gthread import ThreadWorker

from webapp.server.allocator import return_freed
from webapp.server.connections import refusals
from webapp.server.connections.budget import DiskBudget
from webapp.server.connections.clients import ClientLimit, ClientTable
from webapp.server.connections.connection import Connection
from webapp.server.connections.connection_set import ConnectionSet
from webapp.server.connections.event_loop import EventLoop
from webapp.server.connections.request_reader import Patience, RequestReader
from webapp.server.middleware import BODY_LIMIT_KEY
from webapp.server.turns import turns

_BODY_LIMIT = 64 << 20  # of an app that doesn't say it
_TICK_SECONDS = 0.5  # between looks at who takes too long
_TRIM_SECONDS = 60.0  # between returns of freed memory
_DRAIN_SECONDS = 0.2  # the same while draining, in which a request on its way arrives
_UNSENT_BYTES = 128 << 10  # that the kernel keeps of a response, besides what is on its way
_GONE = (errno.EAGAIN, errno.ECONNABORTED, errno.EINTR)


@dataclass(frozen=True)
class ConnectionRules:
    """What the worker needs of the settings.

    ``most`` connections of a client, or requests behind ``proxies``; a ``folder`` for what waits;
    so many ``turns`` of requests at a time.
    """

    table: ClientTable
    turns: int
    most: int
    proxies: int
    folder: Path
    patience: Patience = Patience()


class BufferingWorker(ThreadWorker):
    """A worker whose clients cost a thread only while their requests are computed.

    When it stops, it answers what has arrived and closes idle connections. ``rules`` and ``row``
    are set by gunicorn's settings before the fork.
    """

    rules: ConnectionRules
    row: int | None = None
    alive: bool
    nr_conns: int

    @classmethod
    def check_config(cls, cfg: Any, _log: Any) -> None:
        """Refuse TLS, which is a proxy's to end. Raises ConfigError."""
        if cfg.is_ssl:
            raise ConfigError(
                "this worker speaks no TLS: put a proxy with the certificate before it"
            )

    def run(self) -> None:
        """Serve until told to stop."""
        rules = self.rules
        turns.allow(rules.turns)
        patience = replace(rules.patience, idle=self.cfg.keepalive)
        limit = ClientLimit(rules.table, self.row, rules.most, rules.proxies)
        budget = DiskBudget(rules.folder)
        config = getattr(self.wsgi, "config", {})
        body_limit = config.get(BODY_LIMIT_KEY, lambda _path: _BODY_LIMIT)
        self._next_tick = 0.0
        self._next_trim = time.monotonic() + _TRIM_SECONDS
        self._connections = ConnectionSet(self.poller, self._note_close, patience.linger)
        self._loop = EventLoop(
            RequestReader(self.cfg, limit, budget, body_limit, patience),
            self._connections,
            limit,
            budget,
            patience,
            dispatch=self.enqueue_req,
            defer=self.method_queue.defer,
        )
        for listener in self.sockets:
            _bound_kernel_buffer(listener)
        self._servers = {listener: listener.getsockname() for listener in self.sockets}
        super().run()

    def accept(self, listener: Any) -> None:
        """Serve a new connection; when there are too many, instead of the one idle for longest."""
        try:
            raw, client = listener.accept()
        except OSError as error:
            if error.errno not in _GONE:  # no more descriptors
                self._connections.make_room()
            return
        self.nr_conns += 1
        self._loop.add(raw, client, self._servers[listener])
        if self.nr_conns >= self.worker_connections:
            self._connections.make_room()

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Serve what has arrived; while draining, wait only briefly."""
        timeout = min(timeout, _TICK_SECONDS if self.alive else _DRAIN_SECONDS)
        for key, events in self.poller.select(timeout):
            if isinstance(key.data, Connection):
                self._loop.serve(key.data, events)
            else:
                key.data(key.fileobj)

    def handle(self, conn: Connection) -> bool:
        """Answer a complete request, in a thread: True if the connection may be used again."""
        refusal = None
        try:
            with turns.take():
                keep: bool = self.handle_request(conn.request, conn)
            conn.sock.end()
        except StopIteration:  # the answer had begun when the app failed, which is logged
            return False
        except ParseException as error:
            refusal = refusals.refusal_of(error)
        except OSError:
            if conn.sock.is_broken:
                return False
            self.log.exception("Error handling a request")
            refusal = refusals.FAULT
        except Exception:
            self.log.exception("Error handling a request")
            refusal = refusals.FAULT
        if refusal is None:
            return keep
        return self._send(conn, refusal)

    def _send(self, conn: Connection, refusal: refusals.Refusal) -> bool:
        try:
            conn.sock.send(refusal.response())
        except OSError:
            self.log.debug("A client was gone before its answer.")
        return False

    def finish_request(self, conn: Connection, fs: Future[bool]) -> None:
        """Go on with the connection, in the main thread."""
        keep = not fs.cancelled() and fs.exception() is None and fs.result()
        self._loop.finish(conn, keep=keep)

    def is_parent_alive(self) -> bool:
        """True if the master lives; without it the worker drains as after a signal."""
        has_parent: bool = super().is_parent_alive()
        self.alive = self.alive and has_parent
        return has_parent

    def murder_keepalived(self) -> None:
        """End what takes too long, and return freed memory now and then."""
        now = time.monotonic()
        if now >= self._next_tick:
            self._next_tick = now + (_TICK_SECONDS if self.alive else _DRAIN_SECONDS)
            self._loop.expire(draining=not self.alive)
        if now >= self._next_trim:
            self._next_trim = now + _TRIM_SECONDS
            return_freed()

    def murder_pending(self) -> None:
        """Nothing: ``murder_keepalived`` looks at all connections."""

    def _note_close(self) -> None:
        self.nr_conns -= 1


def _bound_kernel_buffer(listener: socket.socket) -> None:
    """Keep what slow clients haven't read out of the kernel's memory, which has no disk."""
    with suppress(AttributeError, OSError):  # not on all systems, not for socket files
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _UNSENT_BYTES)
