"""Who asks this dyno and that, past nginx: browsers and programs with addresses of their own."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from itertools import count
from typing import Any

from tests.support.app_access import ADMIN_TOKEN, API_TOKEN
from tests.support.cluster import Dyno


class Browser:
    """Somebody with an address of their own, who asks this dyno and that."""

    def __init__(self, address: str, **headers: str) -> None:
        self.headers = {"X-Forwarded-For": address, **headers}

    def ask(
        self, dyno: Dyno, method: str, path: str, body: Any = None, **more: str
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body; a redirect is an answer."""
        headers = self.headers | {name.replace("_", "-"): value for name, value in more.items()}
        if body is not None and not isinstance(body, bytes):
            body, headers["Content-Type"] = json.dumps(body).encode(), "application/json"
        request = urllib.request.Request(f"{dyno.url}{path}", body, headers, method=method)
        try:
            with _OPENER.open(request, timeout=30) as answer:
                return answer.status, dict(answer.headers.items()), answer.read()
        except urllib.error.HTTPError as error:
            return error.code, dict(error.headers.items()), error.read()

    def json(self, dyno: Dyno, method: str, path: str, body: Any = None) -> Any:
        """What a request that must succeed is answered."""
        status, _, content = self.ask(dyno, method, path, body)
        assert status in (200, 202), (status, content)
        return json.loads(content)


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


_OPENER = urllib.request.build_opener(_Stay)


def admin(address: str) -> Browser:
    """A program of the administrator."""
    return Browser(address, Authorization=f"Bearer {ADMIN_TOKEN}")


def program(address: str) -> Browser:
    """A program with API_TOKEN."""
    return Browser(address, Authorization=f"Bearer {API_TOKEN}")


_numbers = count(1)


def somebody() -> str:
    """An address of a client without earlier requests, so that no limit applies."""
    number = next(_numbers)
    return f"10.9.{number // 250}.{number % 250}"
