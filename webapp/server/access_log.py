"""Gunicorn's logger with our formats."""

from __future__ import annotations

import json
import logging
import time
from datetime import timedelta
from typing import Any

from gunicorn.glogging import Logger

from webapp.server import logging_setup
from webapp.server.middleware import REQUEST_ID_KEY
from webapp.settings import Settings


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
    path = logging_setup.escape_controls(values["path"])
    return (
        f'{values["client"]} "{values["method"]} {path}" {values["status"]} '
        f"{values['bytes']} {values['ms']}ms {values['request_id']}"
    )
