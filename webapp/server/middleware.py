"""WSGI middleware around every request: a request id, headers of every response, metrics.

All of it is in one place close to the server, because Flask's own hooks cost a tenth of the time
of a small response.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from time import perf_counter
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_from_bytes

from flask import Flask

from webapp.server.logging_setup import REQUEST_ID

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    Headers = list[tuple[str, str]]

YEAR = 365 * 24 * 3600
# Keys of the environ
REQUEST_ID_KEY = "everycase.request_id"  # for the access log
ROUTE_KEY = "everycase.route"  # the rule of the address, such as /api/v1/versions/<version>
OURS_KEY = "everycase.ours"  # a request that the app sends to itself isn't counted
# Of Flask's config: the most bytes of a body by path, for the worker, which reads it before Flask
BODY_LIMIT_KEY = "BODY_LIMIT"
POLICY = "Content-Security-Policy"

# On every response. What programs ask for may load nothing if it is shown; pages have a policy of
# their own.
_HEADERS = [("X-Content-Type-Options", "nosniff")]
_NOTHING = (POLICY, "default-src 'none'; frame-ancestors 'none'")
_SECURE_ONLY = ("Strict-Transport-Security", f"max-age={YEAR}")
_PLAIN = bytes(range(128))
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

Note = Callable[[str, str, str, float], None]


def wrap_wsgi(server: Flask, note: Note) -> None:
    """Wrap the server's WSGI app.

    ``note`` is called with method, route, status and seconds of each response.
    """
    server.wsgi_app = _wrap(server.wsgi_app, note)  # type: ignore[assignment,method-assign]


def _wrap(app: WSGIApplication, note: Note) -> WSGIApplication:
    def wrapped_app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start = perf_counter()
        request_id = _request_id(environ)
        environ[REQUEST_ID_KEY] = request_id
        query = environ.get("QUERY_STRING", "")
        if not query.isascii():
            environ["QUERY_STRING"] = _escape(query)
        status = "500"

        def start_with_headers(status_line: str, headers: Headers, *error: Any) -> Any:
            nonlocal status
            status = status_line[:3]
            headers = [*headers, *_HEADERS, ("X-Request-ID", request_id)]
            if not any(name == POLICY for name, _ in headers):
                headers.append(_NOTHING)
            if environ["wsgi.url_scheme"] == "https":
                headers.append(_SECURE_ONLY)
            return start_response(status_line, headers, *error)

        token = REQUEST_ID.set(request_id)
        try:
            return app(environ, start_with_headers)
        finally:
            REQUEST_ID.reset(token)
            if OURS_KEY not in environ:
                route = environ.get(ROUTE_KEY, "(none)")
                note(environ["REQUEST_METHOD"], route, status, perf_counter() - start)

    return wrapped_app


def _escape(query: str) -> str:
    """A query with escapes for bytes beyond ASCII, which Werkzeug takes only if they are UTF-8."""
    return quote_from_bytes(query.encode("latin-1"), safe=_PLAIN)


def _request_id(environ: WSGIEnvironment) -> str:
    """The request id that a proxy or client sent, or a new one."""
    request_id = environ.get("HTTP_X_REQUEST_ID", "")
    return request_id if _ID.fullmatch(request_id) else os.urandom(8).hex()
