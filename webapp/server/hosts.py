"""The names by which the app may be asked (``ALLOWED_HOSTS``).

Without a check a page of another site can give its own name this machine's address (DNS rebinding),
and whoever sends a Host decides which address a link preview shows.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from ipaddress import ip_address
from typing import TYPE_CHECKING

from flask import Flask

from webapp.components.document import HOST_IS_CHECKED
from webapp.settings import Settings

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

# Asked by load balancers and orchestrators by a machine's address; they hold nothing to take
_FOR_MACHINES = ("/healthz", "/readyz")
_PORT = re.compile(r":\d*$")

IsAllowed = Callable[[str], bool]  # of a host without its port, in lower case


def host_check(settings: Settings) -> IsAllowed | None:
    """Which hosts are answered to: the names in ``ALLOWED_HOSTS``; None for all.

    A server that only its own machine can reach answers to addresses and to names without a dot,
    such as localhost: no page of another site can have one.
    """
    if settings.allowed_hosts:
        return _among(settings.allowed_hosts)
    return _is_no_domain if settings.is_private else None


def check_hosts(server: Flask, is_allowed: IsAllowed | None) -> None:
    """Refuse requests for other hosts before anything else sees them, if there is a check."""
    server.config[HOST_IS_CHECKED] = is_allowed is not None
    if is_allowed is not None:
        server.wsgi_app = _check(  # type: ignore[assignment,method-assign]
            server.wsgi_app, is_allowed
        )


def _among(names: Sequence[str]) -> IsAllowed:
    """``.example.com`` is that name with all below it."""
    exact = frozenset(name.lower() for name in names if not name.startswith("."))
    below = tuple(name.lower() for name in names if name.startswith("."))
    return lambda host: host in exact or (bool(below) and f".{host}".endswith(below))


def _is_no_domain(host: str) -> bool:
    if "." not in host or host.endswith(".localhost"):
        return True
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _check(app: WSGIApplication, is_allowed: IsAllowed) -> WSGIApplication:
    def checked_app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        host = _PORT.sub("", environ.get("HTTP_HOST", "")).lower().rstrip(".")
        if is_allowed(host) or environ.get("PATH_INFO") in _FOR_MACHINES:
            return app(environ, start_response)
        return _refuse(start_response)

    return checked_app


def _refuse(start_response: StartResponse) -> list[bytes]:
    message = "this server doesn't answer to that host: its owner lists the names in ALLOWED_HOSTS"
    body = json.dumps({"error": {"code": "unknown_host", "message": message, "field": "Host"}})
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    start_response("421 Misdirected Request", headers)
    return [body.encode()]
