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


class RemoteUnavailableError(Exception):
    """The log could not be reached, or did not take the events; try again later."""


class BatchRefusedError(RemoteUnavailableError):
    """The log refuses these events as a whole: the same ones would be refused again."""


class SettingError(ValueError):
    """The function's environment can't be used; says which variable and how to mend it."""


class Remote:
    """The log of one server. Threads have connections of their own."""

    def __init__(self, url: str, token: str, agent: str) -> None:
        import threading

        self._server, path = _parse_url(url)
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
            if not _is_network_error(error):
                raise
            raise RemoteUnavailableError(
                f"the log can't be reached: {error or type(error).__name__}"
            ) from None
        reply = _parse_json(answer)
        if status != 200:
            why = f": {error_message(reply)}" if error_message(reply) else ""
            # Proxies say 413 too; any other server may say 400 to everything
            is_read = status != 413 and error_code(reply) not in _UNREADABLE
            kind = RemoteUnavailableError if is_read else BatchRefusedError
            raise kind(f"the log answered {status}{why}")
        results = _event_results(reply)
        if len(results) != len(events):
            raise RemoteUnavailableError(
                f"{self._server[1]} doesn't answer like Everycase: is it that address?"
            )
        return results

    def close(self) -> None:
        """Close this thread's connection; the next request opens another."""
        last_use: tuple[float, HTTPConnection] | None = getattr(self._local, "last_use", None)
        self._local.last_use = None
        if last_use is not None:
            last_use[1].close()

    def _post(self, body: bytes, timeout: float) -> tuple[int, bytes]:
        """Status and body; a kept connection that was closed meanwhile is replaced once."""
        connection = self._reusable_connection()
        if connection is not None:
            try:
                return self._exchange(connection, body, timeout)
            except ConnectionError:
                pass
        return self._exchange(self._connect(timeout), body, timeout)

    def _exchange(
        self, connection: HTTPConnection, body: bytes, timeout: float
    ) -> tuple[int, bytes]:
        self._local.last_use = None
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
        self._local.last_use = (time.monotonic(), connection)
        return response.status, answer

    def _reusable_connection(self) -> HTTPConnection | None:
        last_use: tuple[float, HTTPConnection] | None = getattr(self._local, "last_use", None)
        if last_use is not None and time.monotonic() - last_use[0] < _FRESH:
            return last_use[1]
        self.close()
        return None

    def _connect(self, timeout: float) -> HTTPConnection:
        from http.client import HTTPConnection, HTTPSConnection

        secure, host, port = self._server
        kind = HTTPSConnection if secure else HTTPConnection
        return kind(host, port, timeout=timeout)


def remote_from_environment(environ: Mapping[str, str], agent: str) -> Remote | None:
    """The log that the environment names; None when it names none. Raises SettingError."""
    url, secret = environ.get("EVERYCASE_URL", ""), read_token(environ, "EVERYCASE_TOKEN")
    if not url and not secret:
        return None
    if not url or not secret:
        missing = "EVERYCASE_TOKEN" if url else "EVERYCASE_URL"
        raise SettingError(f"{missing} is not set: set both EVERYCASE_URL and EVERYCASE_TOKEN")
    return Remote(url, secret, agent)


def read_token(environ: Mapping[str, str], name: str) -> str:
    """A token that the environment names, empty for none. Raises SettingError."""
    text = environ.get(name, "")
    if not (text.isascii() and text.isprintable()) or " " in text:
        raise SettingError(
            f"{name} is no token: set ASCII characters without spaces, and no new line behind them"
        )
    return text


def _parse_url(url: str) -> tuple[tuple[bool, str, int | None], str]:
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


def _is_network_error(error: Exception) -> bool:
    from http.client import HTTPException

    return isinstance(error, (OSError, HTTPException, UnicodeError))  # the last: no host's name


def _parse_json(answer: bytes) -> object:
    import json

    try:
        return json.loads(answer)
    except (ValueError, RecursionError):
        return None


def _event_results(reply: object) -> list[dict[str, Any]]:
    """What became of each event; nothing where it doesn't say so."""
    results = reply.get("events") if isinstance(reply, dict) else None
    if not isinstance(results, list) or not all(isinstance(one, dict) for one in results):
        return []
    return results


def error_message(reply: object) -> str:
    """What the API says is wrong, in words; nothing where it doesn't."""
    return _error_text(reply, "message")


def error_code(reply: object) -> str:
    """The same for programs."""
    return _error_text(reply, "code")


def _error_text(reply: object, name: str) -> str:
    error = reply.get("error") if isinstance(reply, dict) else None
    text = error.get(name) if isinstance(error, dict) else None
    return text if isinstance(text, str) else ""
