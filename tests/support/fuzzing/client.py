"""Sends requests as they are to an app in this process, past every client that would mend them."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any
from zlib import crc32

from flask import Flask
from werkzeug.test import run_wsgi_app

from tests.support.fuzzing.values import DEEP

_NESTED = "[" * 3000 + "]" * 3000


@dataclass(frozen=True)
class FuzzRequest:
    """A request; the path is what a server gives an app, without escapes, as bytes."""

    method: str
    path: bytes
    query: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()  # values as latin-1, as WSGI has them
    body: bytes = b""
    kind: str = "application/json"

    def environ(self) -> dict[str, Any]:
        """The request as WSGI has it, from one of many clients: each may try to sign in."""
        headers = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in self.headers}
        return {
            "REQUEST_METHOD": self.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": self.path.decode("latin-1"),
            "QUERY_STRING": self.query.decode("latin-1"),
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": f"10.{crc32(self.query) % 250}.{crc32(self.body) % 250}.1",
            "HTTP_HOST": "localhost",
            "CONTENT_TYPE": self.kind,
            "CONTENT_LENGTH": str(len(self.body)),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": BytesIO(self.body),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": False,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            **headers,
        }


@dataclass(frozen=True)
class FuzzResponse:
    """What came back."""

    status: int
    headers: dict[str, str] = field(repr=False)
    body: bytes

    @property
    def sentence(self) -> str:
        """The message of an error in the API's shape; empty for anything else."""
        try:
            return str(json.loads(self.body)["error"]["message"])
        except (ValueError, KeyError, TypeError):
            return ""


def send(server: Flask, request: FuzzRequest) -> FuzzResponse:
    """The app's response, read to its end."""
    parts, status, headers = run_wsgi_app(server.wsgi_app, request.environ(), buffered=True)
    return FuzzResponse(int(status[:3]), dict(headers), b"".join(parts))


def encode(value: Any) -> bytes:
    """A value as JSON, also where no JSON can hold it."""
    return json.dumps(value).replace(f'"{DEEP}"', _NESTED).encode()
