"""Requests as they come to a dyno: through a router that ends TLS and says who asked."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPException
from typing import Any

from webapp.api.auth import COOKIE

HOST = "everycase-demo.herokuapp.com"


@dataclass(frozen=True)
class Answer:
    """Status 0: none came."""

    status: int
    headers: Message
    body: bytes

    @property
    def json(self) -> Any:
        """The body's values."""
        return json.loads(self.body)


class _Stay(urllib.request.HTTPRedirectHandler):
    """Redirects are answers."""

    def redirect_request(self, *_: Any) -> None:
        return None


class Router:
    """In front of one dyno; ``config`` has the tokens."""

    def __init__(self, url: str, config: Mapping[str, str], cookie: str = "") -> None:
        self._url = url
        self._config = config
        self._cookie = cookie
        self._opener = urllib.request.build_opener(_Stay)

    def get(self, path: str, accept: str = "*/*") -> Answer:
        """As a browser."""
        return self.send("GET", path, Accept=accept)

    def api(self, method: str, path: str, body: Any = None) -> Answer:
        """As a program with API_TOKEN."""
        return self._as(self._config["API_TOKEN"], method, path, body)

    def admin(self, method: str, path: str, body: Any = None) -> Answer:
        """As a program with ADMIN_TOKEN."""
        return self._as(self._config["ADMIN_TOKEN"], method, path, body)

    def sign_in(self) -> str:
        """As a person: the session's cookie, which a browser sends back over https alone."""
        form = urllib.parse.urlencode({"token": self._config["ADMIN_TOKEN"]}).encode()
        kind = "application/x-www-form-urlencoded"
        headers = {"Content-Type": kind, "Sec-Fetch-Site": "same-origin"}
        answer = self.send("POST", "/sign-in", form, **headers)
        assert answer.status == 303, answer.body
        assert "; Secure" in answer.headers["Set-Cookie"]
        cookies = answer.headers.get_all("Set-Cookie", [])
        self._cookie = next(c for c in cookies if c.startswith(COOKIE)).partition(";")[0]
        return self._cookie

    def send(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        """One request on a connection of its own."""
        forwarding = {
            "Host": HOST,
            "X-Forwarded-For": "203.0.113.9",
            "X-Forwarded-Proto": "https",
            "X-Forwarded-Port": "443",
            "Connection": "close",
        }
        cookie = {"Cookie": self._cookie} if self._cookie else {}
        request = urllib.request.Request(
            self._url + path, body, forwarding | cookie | headers, method=method
        )
        try:
            with self._opener.open(request, timeout=30) as response:
                return Answer(response.status, response.headers, response.read())
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.headers, error.read())
        except (OSError, HTTPException):
            return Answer(0, Message(), b"")

    def _as(self, token: str, method: str, path: str, body: Any) -> Answer:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        return self.send(method, path, data, **headers)
