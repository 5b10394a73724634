"""Responses: compression, caching, security headers of pages; and trust in proxies."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import brotli
from flask import Flask, Response, request
from flask_compress import Compress
from werkzeug.middleware.proxy_fix import ProxyFix

from webapp.server.middleware import POLICY, ROUTE_KEY, YEAR

if TYPE_CHECKING:
    from dash import Dash

_STATIC = ("/_dash-component-suites/", "/assets/")
_FILES = "_dash_assets.static"  # Dash's route of assets
_MIN_SIZE = 1024
_PAGE_HEADERS = (
    ("Referrer-Policy", "same-origin"),
    ("X-Frame-Options", "DENY"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
)
_CACHED_BODIES = 256  # more than all scripts and styles; compressed once per process
_STATIC_TYPES = ("text/javascript", "application/javascript", "text/css", "image/svg+xml")
_STATIC_LEVEL = 10  # takes half a second for the largest file, once; 9 leaves it 6 % larger


class StaticFiles:
    """Scripts and styles, compressed with Brotli once per process and kept by address.

    Flask-Compress keeps no files, which it compresses as they are streamed, and has one quality for
    all; so their ETag and the answer to who has them are made here as it makes those of others.
    """

    def __init__(self) -> None:
        self._bodies: dict[str, bytes] = {}

    def compress(self, response: Response) -> None:
        """Compress a script or style for a browser that takes Brotli; leave others alone."""
        if (
            response.status_code != 200
            or response.mimetype not in _STATIC_TYPES
            or not request.accept_encodings.quality("br")
            or request.method != "GET"
        ):
            return
        response.direct_passthrough = False  # a file that is sent as it is can't be read
        key = f"{request.path} {response.headers.get('ETag')}"
        body = self._bodies.get(key)
        if body is None:
            body = brotli.compress(response.get_data(), quality=_STATIC_LEVEL)
            if len(self._bodies) < _CACHED_BODIES:
                self._bodies[key] = body
        elif hasattr(response.response, "close"):
            response.response.close()  # the file, which isn't read
        response.set_data(body)
        response.headers["Content-Encoding"] = "br"
        response.headers["Vary"] = "Accept-Encoding"
        etag, is_weak = response.get_etag()
        if etag and not is_weak:
            response.set_etag(f"{etag}:br")
        response.make_conditional(request)


def prepare_responses(app: Dash, inline: Iterable[Path] = ()) -> None:
    """Add compression, caching and headers of pages in one hook: each costs every response.

    Pages may run the scripts in the files ``inline`` as text, too.
    """
    compress, files = _compression(app.server), StaticFiles()
    policy: list[str] = []

    @app.server.after_request
    def prepare(response: Response) -> Response:
        if request.url_rule is not None:
            request.environ[ROUTE_KEY] = request.url_rule.rule
        kind = response.mimetype
        if kind == "text/html":
            response.headers.extend(_PAGE_HEADERS)
            # Who signed in sees more than others: no cache between may keep a page
            response.headers.setdefault("Cache-Control", "private, no-cache")
            if not policy and response.status_code in (200, 404):
                policy.append(_policy(app, inline))  # the first request registers the last scripts
            if policy:
                response.headers[POLICY] = policy[0]
        elif kind != "application/json":
            _set_caching(response)
        length = response.content_length
        if length is not None and length < _MIN_SIZE:
            return response
        if request.path.startswith(_STATIC):
            files.compress(response)
        body = response.response
        result: Response = compress.after_request(response)
        if result.response is not body and hasattr(body, "close"):
            result.call_on_close(body.close)  # a file that Flask-Compress reads and leaves open
        return result


def _compression(server: Flask) -> Compress:
    """Brotli or gzip for all but tiny responses."""
    server.config.update(
        COMPRESS_REGISTER=False,
        COMPRESS_ALGORITHM=["br", "gzip"],
        COMPRESS_BR_LEVEL=5,
        COMPRESS_MIN_SIZE=_MIN_SIZE,
        COMPRESS_ALGORITHM_STREAMING=["br", "gzip"],
    )
    return Compress(server)


def _set_caching(response: Response) -> None:
    """Let browsers keep an asset for good if it is the file that its address means.

    Addresses of assets have the time of change as ``?m=``. While machines are replaced one by one,
    a page of the new build may get its files from an old one, and must not keep them.
    """
    if request.endpoint == _FILES and "m" in request.args:
        is_current = _is_same_time(request.args["m"], response.last_modified)
        policy = f"public, max-age={YEAR}, immutable" if is_current else "no-cache"
        response.headers["Cache-Control"] = policy


def _is_same_time(stamp: str, last_modified: datetime | None) -> bool:
    """True if both are the same second: headers have no fractions, addresses do."""
    try:
        return last_modified is None or int(float(stamp)) == int(last_modified.timestamp())
    except (ValueError, OverflowError):
        return False


def trust_proxies(server: Flask, count: int) -> None:
    """Trust the client's address and scheme as ``count`` proxies report them; never the host."""
    if count:
        server.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            server.wsgi_app, x_for=count, x_proto=count, x_host=0, x_prefix=0
        )


def _digest(script: Path) -> str:
    digest = hashlib.sha256(script.read_bytes()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _policy(app: Dash, inline: Iterable[Path]) -> str:
    """The content security policy of pages."""
    scripts = " ".join(["'self'", *dict.fromkeys(app.csp_hashes()), *map(_digest, inline)])
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
