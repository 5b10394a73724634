"""Sends predictions that were made here to the log of an Everycase server.

``POST /api/v1/events`` takes an event with the same request id once, so sending again is safe.
"""

from __future__ import annotations

import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from http.client import HTTPConnection, HTTPResponse
    from typing import Any

PATH = "/api/v1/events"
TIMEOUT = 2.0  # seconds that a prediction waits for the log
STREAM_TIMEOUT = 20.0  # seconds that a batch does
_FRESH = 30.0  # seconds without use after which a connection is not trusted
_UNREADABLE = ("bad_input", "not_json", "too_large")  # codes of a server that is Everycase's
_LOCAL = ("127.0.0.1", "localhost", "::1")


class AwayError(Exception):
    """The log could not be reached, or did not take the events; try again later."""


class UnreadableError(AwayError):
    """The log refuses these events as a whole: the same ones would be refused again."""


class SettingError(ValueError):
    """The function's environment can't be used; says which variable and how to mend it."""


class Remote:
    """The log of one server. Threads have connections of their own."""

    def __init__(self, url: str, token: str, agent: str) -> None:
        import threading

        self._place, path = _place(url)
        self._path = path.rstrip("/") + PATH
        self._headers = {
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json",
            "User-Agent": agent,
        }
        self._local = threading.local()

    def send(
        self, source: str, events: Sequence[Mapping[str, Any]], timeout: float = TIMEOUT
    ) -> list[dict[str, Any]]:
        """What became of each event, in their order.

        Raises AwayError when nothing is known, and UnreadableError when the log takes none of them.
        """
        import json

        body = json.dumps({"source": source, "events": events}).encode()
        try:
            status, answer = self._post(body, timeout)
        except Exception as error:
            if not _is_network(error):
                raise
            raise AwayError(f"the log can't be reached: {error or type(error).__name__}") from None
        said = _decoded(answer)
        if status != 200:
            why = f": {problem(said)}" if problem(said) else ""
            # Proxies say 413 too; any other server may say 400 to everything
            is_read = status != 413 and code(said) not in _UNREADABLE
            kind = AwayError if is_read else UnreadableError
            raise kind(f"the log answered {status}{why}")
        found = _results(said)
        if len(found) != len(events):
            raise AwayError(f"{self._place[1]} doesn't answer like Everycase: is it that address?")
        return found

    def close(self) -> None:
        """Close this thread's connection; the next request opens another."""
        kept: tuple[float, HTTPConnection] | None = getattr(self._local, "kept", None)
        self._local.kept = None
        if kept is not None:
            kept[1].close()

    def _post(self, body: bytes, timeout: float) -> tuple[int, bytes]:
        """Status and body; a kept connection that was closed meanwhile is replaced once."""
        kept = self._kept()
        if kept is not None:
            try:
                return self._ask(kept, body, timeout)
            except ConnectionError:
                pass
        return self._ask(self._connect(timeout), body, timeout)

    def _ask(self, connection: HTTPConnection, body: bytes, timeout: float) -> tuple[int, bytes]:
        self._local.kept = None
        connection.timeout = timeout
        try:
            if connection.sock is not None:
                connection.sock.settimeout(timeout)
            connection.request("POST", self._path, body, self._headers)
            response: HTTPResponse = connection.getresponse()
            answer = response.read()
        except BaseException:
            connection.close()
            raise
        self._local.kept = (time.monotonic(), connection)
        return response.status, answer

    def _kept(self) -> HTTPConnection | None:
        kept: tuple[float, HTTPConnection] | None = getattr(self._local, "kept", None)
        if kept is not None and time.monotonic() - kept[0] < _FRESH:
            return kept[1]
        self.close()
        return None

    def _connect(self, timeout: float) -> HTTPConnection:
        from http.client import HTTPConnection, HTTPSConnection

        secure, host, port = self._place
        kind = HTTPSConnection if secure else HTTPConnection
        return kind(host, port, timeout=timeout)


def from_environment(environ: Mapping[str, str], agent: str) -> Remote | None:
    """The log that the environment names; None when it names none. Raises SettingError."""
    url, secret = environ.get("EVERYCASE_URL", ""), token(environ, "EVERYCASE_TOKEN")
    if not url and not secret:
        return None
    if not url or not secret:
        missing = "EVERYCASE_TOKEN" if url else "EVERYCASE_URL"
        raise SettingError(f"{missing} is not set: set both EVERYCASE_URL and EVERYCASE_TOKEN")
    return Remote(url, secret, agent)


def token(environ: Mapping[str, str], name: str) -> str:
    """A token that the environment names, empty for none. Raises SettingError."""
    text = environ.get(name, "")
    if not (text.isascii() and text.isprintable()) or " " in text:
        raise SettingError(
            f"{name} is no token: set ASCII characters without spaces, and no new line behind them"
        )
    return text


def _place(url: str) -> tuple[tuple[bool, str, int | None], str]:
    """Is it encrypted, the host and the port; and the path. Raises SettingError."""
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or parts.scheme not in ("http", "https"):
        raise SettingError("EVERYCASE_URL is not an address: set https://HOST")
    if parts.scheme == "http" and host not in _LOCAL:
        raise SettingError("EVERYCASE_URL would send the token unencrypted: set https://HOST")
    return (parts.scheme == "https", host, port), parts.path


def _is_network(error: Exception) -> bool:
    from http.client import HTTPException

    return isinstance(error, (OSError, HTTPException, UnicodeError))  # the last: no host's name


def _decoded(answer: bytes) -> object:
    import json

    try:
        return json.loads(answer)
    except (ValueError, RecursionError):
        return None


def _results(said: object) -> list[dict[str, Any]]:
    """What became of each event; nothing where it doesn't say so."""
    found = said.get("events") if isinstance(said, dict) else None
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        return []
    return found


def problem(said: object) -> str:
    """What the API says is wrong, in words; nothing where it doesn't."""
    return _of_error(said, "message")


def code(said: object) -> str:
    """The same for programs."""
    return _of_error(said, "code")


def _of_error(said: object, name: str) -> str:
    error = said.get("error") if isinstance(said, dict) else None
    text = error.get(name) if isinstance(error, dict) else None
    return text if isinstance(text, str) else ""
