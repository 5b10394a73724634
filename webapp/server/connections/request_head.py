"""A request's head, as gunicorn reads it: the address, the headers, how the body is framed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from gunicorn.http.body import ChunkedReader
from gunicorn.http.message import Request
from gunicorn.http.unreader import IterUnreader

from webapp.server.connections.request_body import ChunkedBody, SizedBody

BodyLimit = Callable[[str], int]


def parse_head(cfg: Any, head: bytes, peer: Any, number: int) -> Any:
    """Gunicorn's request for a complete head, the ``number``-th of its connection.

    Raises ParseException and other exceptions of gunicorn for one that isn't HTTP/1.
    """
    return Request(cfg, IterUnreader([head]), peer, number)


def frame_of(request: Any) -> SizedBody | ChunkedBody | None:
    """How the body is framed; None if there is none."""
    reader = request.body.reader
    if isinstance(reader, ChunkedReader):
        return ChunkedBody()
    return SizedBody(reader.length) if reader.length else None


def limit_of(request: Any, body_limit: BodyLimit) -> int:
    """The most bytes that the app takes at this address."""
    return body_limit(unquote(request.path))
