"""The names by which the app may be asked (``ALLOWED_HOSTS``).

Without a check a page of another site can give its own name this machine's address (DNS rebinding),
and whoever sends a Host decides which address a link preview shows.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from flask import Flask

from webapp.components.document import HOST_IS_CHECKED
from webapp.settings import Settings

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
# Asked by load balancers and orchestrators by a machine's address; they hold nothing to take
_FOR_MACHINES = ("/healthz", "/readyz")
_PORT = re.compile(r":\d*$")


def allowed_hosts(settings: Settings) -> tuple[str, ...]:
    """The names that are answered to, ``.example.com`` with all below it; empty for all names.

    A server that only its own machine can reach answers to that machine's names.
    """
    if settings.allowed_hosts or not settings.is_private:
        return settings.allowed_hosts
    own = f"[{settings.host}]" if ":" in settings.host else settings.host
    return tuple(dict.fromkeys((own, *LOOPBACK)))


def check_hosts(server: Flask, names: Sequence[str]) -> None:
    """Refuse requests for other hosts before anything else sees them, if there are names."""
    server.config[HOST_IS_CHECKED] = bool(names)
    if names:
        server.wsgi_app = _check(server.wsgi_app, names)  # type: ignore[assignment,method-assign]


def _check(app: WSGIApplication, names: Sequence[str]) -> WSGIApplication:
    exact = frozenset(name.lower() for name in names if not name.startswith("."))
    below = tuple(name.lower() for name in names if name.startswith("."))

    def checked_app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        host = _PORT.sub("", environ.get("HTTP_HOST", "")).lower().rstrip(".")
        if host in exact or (below and f".{host}".endswith(below)):
            return app(environ, start_response)
        if environ.get("PATH_INFO") in _FOR_MACHINES:
            return app(environ, start_response)
        return _refuse(start_response)

    return checked_app


def _refuse(start_response: StartResponse) -> list[bytes]:
    message = "this server doesn't answer to that host: its owner lists the names in ALLOWED_HOSTS"
    body = json.dumps({"error": {"code": "unknown_host", "message": message, "field": "Host"}})
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    start_response("421 Misdirected Request", headers)
    return [body.encode()]
