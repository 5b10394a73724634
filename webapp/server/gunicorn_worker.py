"""Gunicorn's parts that are our own: its worker, and how it writes its log."""

from __future__ import annotations

import json
import logging
import time
from concurrent.futures import Future
from datetime import timedelta
from typing import Any

from gunicorn.glogging import Logger
from gunicorn.workers.gthread import ThreadWorker

from webapp.server import logging_setup
from webapp.server.middleware import REQUEST_ID_KEY
from webapp.settings import Settings

_DRAIN_SECONDS = 0.2  # in which a request that is on its way arrives
# How long a connection is idle before a worker that drains closes it. A proxy takes the one that it
# used last for its next request, which must not meet the end of it.
_IDLE_SECONDS = 1.0
# What is read of a body that the app refused unread, and for how long. A proxy that is still
# sending it takes the end of the connection for a broken server, and leaves that one alone.
_UNREAD_BYTES = 64 << 20
_UNREAD_SECONDS = 5.0


class DrainingWorker(ThreadWorker):
    """Told to stop, it answers what has arrived and closes connections that are idle for a second.

    Gunicorn's own waits for them, and a browser's stay open until its patience ends. One that was
    just promised to stay open it closes at once, under the next request.
    """

    alive: bool

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Serve what is there; while draining, not waiting for long."""
        super().wait_for_and_dispatch_events(
            timeout if self.alive else min(timeout, _DRAIN_SECONDS)
        )

    def finish_request(self, conn: Any, fs: Future[Any]) -> None:
        """Keep the connection, or close it; a request that has been read already is served now.

        It came in with the rest of the last one's body, which nobody had asked for. Gunicorn's
        worker waits until the socket has more to say, so it would not be answered.
        """
        if not _is_kept(fs):
            super().finish_request(conn, fs)
        elif conn.parser.unreader.buf.getbuffer().nbytes:
            self.enqueue_req(conn)
        else:
            # Its answer said that it stays open, so it is idle now, whatever we were told since.
            serving, self.alive = self.alive, True
            try:
                super().finish_request(conn, fs)
            finally:
                self.alive = self.alive and serving

    def _keepalive_after(self, conn: Any, keepalive: bool) -> bool:
        """May it be used again? The rest of its body is read first, whatever becomes of it."""
        deadline = time.monotonic() + _UNREAD_SECONDS
        read = conn.parser.finish_body(deadline=deadline, max_bytes=_UNREAD_BYTES)
        return bool(keepalive and read)

    def is_parent_alive(self) -> bool:
        """Is the master there? Without it, drain as if told to."""
        there: bool = super().is_parent_alive()
        self.alive = self.alive and there
        return there

    def murder_keepalived(self) -> None:
        """Close connections that have been idle for too long; while draining, that is a second."""
        self._expire(self.keepalived_conns)
        super().murder_keepalived()

    def murder_pending(self) -> None:
        """The same with those that never sent a request."""
        self._expire(self.pending_conns)
        super().murder_pending()

    def _expire(self, connections: Any) -> None:
        if self.alive:
            return
        soon = time.monotonic() + _IDLE_SECONDS
        for connection in connections:
            if connection.timeout > soon:
                connection.timeout += _IDLE_SECONDS - self.cfg.keepalive


def _is_kept(fs: Future[Any]) -> bool:
    return not fs.cancelled() and fs.exception() is None and fs.result() is True


class StructuredLog(Logger):
    """Gunicorn's own messages and a line for each request, in the form that the settings ask for.

    Queries are left out: one may hold the secret of a one-time link.
    """

    def setup(self, cfg: Any) -> None:
        """As gunicorn does, with our formatter."""
        super().setup(cfg)
        form = Settings.read().log_format
        self._json = logging_setup.is_json(form)
        for handler in self.error_log.handlers:
            handler.setFormatter(logging_setup.formatter(form))
        for handler in self.access_log.handlers:
            handler.setFormatter(logging.Formatter("%(message)s"))

    def access(
        self, resp: Any, _req: Any, environ: dict[str, Any], request_time: timedelta
    ) -> None:
        """Write the line of a request that was answered."""
        if not self.access_log_enabled:
            return
        values = {
            "client": environ.get("REMOTE_ADDR", "-"),
            "method": environ["REQUEST_METHOD"],
            "path": environ["RAW_URI"].partition("?")[0],
            "status": int(str(resp.status).split(None, 1)[0]),
            "bytes": getattr(resp, "sent", None),
            "ms": round(request_time.total_seconds() * 1000, 1),
            "request_id": environ.get(REQUEST_ID_KEY, "-"),
        }
        self.access_log.info(_as_json(values) if self._json else _as_text(values))


def _as_json(values: dict[str, Any]) -> str:
    now = time.time()
    at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now % 1 * 1e6):06d}Z"
    begin = {"event": "request", "level": "info", "logger": "gunicorn.access", "timestamp": at}
    return json.dumps(begin | values)


def _as_text(values: dict[str, Any]) -> str:
    return (
        f'{values["client"]} "{values["method"]} {values["path"]}" {values["status"]} '
        f"{values['bytes']} {values['ms']}ms {values['request_id']}"
    )
