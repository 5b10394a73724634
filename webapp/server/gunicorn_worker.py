"""Our own worker and logger for gunicorn."""

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

_DRAIN_SECONDS = 0.2  # in which a request on its way arrives
# How long a connection is idle before a draining worker closes it. A proxy reuses the connection
# that it used last, and its next request must not meet a closed one.
_IDLE_SECONDS = 1.0
# How much is read of a body that the app refused unread, and for how long. A proxy that is still
# sending takes a closed connection for a broken server, and stops using that one.
_UNREAD_BYTES = 64 << 20
_UNREAD_SECONDS = 5.0


class DrainingWorker(ThreadWorker):
    """A worker that, when it stops, answers what has arrived and closes idle connections.

    Gunicorn's own waits for idle connections until its timeout, because browsers keep theirs open;
    and a connection that it just promised to keep it closes at once, under the next request.
    """

    alive: bool

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Serve what has arrived; while draining, wait only briefly."""
        super().wait_for_and_dispatch_events(
            timeout if self.alive else min(timeout, _DRAIN_SECONDS)
        )

    def finish_request(self, conn: Any, fs: Future[Any]) -> None:
        """Keep or close the connection; serve a request that was read already.

        Such a request came with the unread rest of the last body. Gunicorn's worker waits for more
        on the socket and would not answer it.
        """
        if not _is_kept(fs):
            super().finish_request(conn, fs)
        elif conn.parser.unreader.buf.getbuffer().nbytes:
            self.enqueue_req(conn)
        else:
            # The response promised to keep it open, so it is idle now even if the worker stops.
            was_alive, self.alive = self.alive, True
            try:
                super().finish_request(conn, fs)
            finally:
                self.alive = self.alive and was_alive

    def _keepalive_after(self, conn: Any, keepalive: bool) -> bool:
        """True if the connection can be used again. Reads the rest of the body first."""
        deadline = time.monotonic() + _UNREAD_SECONDS
        read = conn.parser.finish_body(deadline=deadline, max_bytes=_UNREAD_BYTES)
        return bool(keepalive and read)

    def is_parent_alive(self) -> bool:
        """True if the master lives; without it the worker drains as after a signal."""
        has_parent: bool = super().is_parent_alive()
        self.alive = self.alive and has_parent
        return has_parent

    def murder_keepalived(self) -> None:
        """Close connections that were idle for too long; while draining, for a second."""
        self._expire_sooner(self.keepalived_conns)
        super().murder_keepalived()

    def murder_pending(self) -> None:
        """Close connections that never sent a request, likewise."""
        self._expire_sooner(self.pending_conns)
        super().murder_pending()

    def _expire_sooner(self, connections: Any) -> None:
        """While draining, shorten the timeouts of these connections."""
        if self.alive:
            return
        soon = time.monotonic() + _IDLE_SECONDS
        for connection in connections:
            if connection.timeout > soon:
                connection.timeout += _IDLE_SECONDS - self.cfg.keepalive


def _is_kept(fs: Future[Any]) -> bool:
    return not fs.cancelled() and fs.exception() is None and fs.result() is True


class StructuredLog(Logger):
    """Gunicorn's messages and a line per request, in the format of the settings.

    Query strings are left out: one may hold the secret of a one-time link.
    """

    def setup(self, cfg: Any) -> None:
        """Set up gunicorn's handlers with our formatter."""
        super().setup(cfg)
        settings = Settings.read()
        form = settings.log_format
        self._json = logging_setup.is_json(form)
        for handler in self.error_log.handlers:
            handler.setFormatter(logging_setup.formatter(form, secrets=settings.secrets))
        for handler in self.access_log.handlers:
            handler.setFormatter(logging.Formatter("%(message)s"))

    def access(
        self, resp: Any, _req: Any, environ: dict[str, Any], request_time: timedelta
    ) -> None:
        """Log a request that was answered."""
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
