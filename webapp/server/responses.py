"""How responses travel: compression, caching, what pages may do, trust in proxies."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from flask import Flask, Response, request
from flask_compress import Compress
from werkzeug.middleware.proxy_fix import ProxyFix

from webapp.server.middleware import POLICY, ROUTE_KEY, YEAR

if TYPE_CHECKING:
    from dash import Dash

_STATIC = ("/_dash-component-suites/", "/assets/")
_UNCACHED = "(not static)"
_MIN_SIZE = 1024
# These say what a page may do.
_PAGE_HEADERS = (
    ("Referrer-Policy", "same-origin"),
    ("X-Frame-Options", "DENY"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
)
_CACHED_BODIES = 256  # every script and style of every page, compressed once a process


class _BodyCache:
    """Compressed static files by address. Answers of any other kind are never kept."""

    def __init__(self) -> None:
        self._bodies: dict[str, bytes] = {}

    def get(self, key: str) -> bytes | None:
        return self._bodies.get(key)

    def set(self, key: str, value: bytes) -> None:
        if not key.endswith(_UNCACHED) and len(self._bodies) < _CACHED_BODIES:
            self._bodies[key] = value


def prepare_answers(app: Dash) -> None:
    """Compression, caching and headers of pages, in one hook: every hook costs every answer."""
    compress = _compression(app.server)
    policy: list[str] = []

    @app.server.after_request
    def prepare(response: Response) -> Response:
        if request.url_rule is not None:
            request.environ[ROUTE_KEY] = request.url_rule.rule
        kind = response.mimetype
        if kind == "text/html":
            response.headers.extend(_PAGE_HEADERS)
            if not policy and response.status_code == 200:
                policy.append(_policy(app))  # the first request registers the last scripts
            if policy:
                response.headers[POLICY] = policy[0]
        elif kind != "application/json":
            _keep(response)
        length = response.content_length
        if length is not None and length < _MIN_SIZE:
            return response
        compressed: Response = compress.after_request(response)
        return compressed


def _compression(server: Flask) -> Compress:
    """Brotli or gzip for all but tiny answers."""
    bodies = _BodyCache()
    server.config.update(
        COMPRESS_REGISTER=False,
        COMPRESS_ALGORITHM=["br", "gzip"],
        COMPRESS_BR_LEVEL=5,
        COMPRESS_MIN_SIZE=_MIN_SIZE,
        COMPRESS_ALGORITHM_STREAMING=["br", "gzip"],
        COMPRESS_CACHE_KEY=lambda r: r.full_path if r.path.startswith(_STATIC) else _UNCACHED,
        COMPRESS_CACHE_BACKEND=lambda: bodies,
    )
    return Compress(server)


def _keep(response: Response) -> None:
    """Assets carry their time of change as ``?m=``; a new one is a new address.

    While machines are replaced one by one, a page of the new build may have its files from an old
    one: what isn't the file that the address means must not be kept.
    """
    if request.path.startswith("/assets/") and "m" in request.args:
        meant = _is_meant(request.args["m"], response.last_modified)
        kept = f"public, max-age={YEAR}, immutable" if meant else "no-cache"
        response.headers["Cache-Control"] = kept


def _is_meant(asked: str, changed: datetime | None) -> bool:
    """Is it the file of that time? Headers have whole seconds, addresses the rest as well."""
    try:
        return changed is None or int(float(asked)) == int(changed.timestamp())
    except (ValueError, OverflowError):
        return False


def trust_proxies(server: Flask, count: int) -> None:
    """Take the client's address and scheme from ``count`` proxies; never the host."""
    if count:
        server.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            server.wsgi_app, x_for=count, x_proto=count, x_host=0, x_prefix=0
        )


def _policy(app: Dash) -> str:
    scripts = " ".join(["'self'", *dict.fromkeys(app.csp_hashes())])
    return "; ".join(
        (
            "default-src 'self'",
            f"script-src {scripts}",
            "style-src 'self' 'unsafe-inline'",  # Mantine sets styles from script
            "img-src 'self' data: blob:",  # a chart on its way to a PNG
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )
