"""Send predictions made here to the log of an Everycase server.

``POST /api/v1/events`` records an event with the same request id only once, so repeating is safe.
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
STREAM_TIMEOUT = 20.0  # seconds that a batch waits
_FRESH = 30.0  # seconds without use after which a connection isn't used again
_UNREADABLE = ("bad_input", "not_json", "too_large")  # error codes that only Everycase sends
_LOCAL = ("127.0.0.1", "localhost", "::1")


class RemoteUnavailableError(Exception):
    """The log is unavailable or didn't accept the events; try again later."""


class BatchRefusedError(RemoteUnavailableError):
    """The log refused the events as a whole and would refuse the same ones again."""


class FunctionSettingError(ValueError):
    """The function's environment can't be used; the message names the variable and the fix."""


class Remote:
    """The log of one server, with one connection per thread."""

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
        """Send events and return the result of each, in their order.

        Raises RemoteUnavailableError when the results are unknown, and BatchRefusedError when the
        log refuses all of them.
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
            # Proxies answer 413, too, and another server may answer 400 to everything
            can_retry = status != 413 and error_code(reply) not in _UNREADABLE
            kind = RemoteUnavailableError if can_retry else BatchRefusedError
            raise kind(f"the log answered {status}{why}")
        results = _event_results(reply)
        if len(results) != len(events):
            raise RemoteUnavailableError(
                f"{self._server[1]} doesn't answer like Everycase: check EVERYCASE_URL"
            )
        return results

    def close(self) -> None:
        """Close this thread's connection; the next request opens another."""
        last_use: tuple[float, HTTPConnection] | None = getattr(self._local, "last_use", None)
        self._local.last_use = None
        if last_use is not None:
            last_use[1].close()

    def _post(self, body: bytes, timeout: float) -> tuple[int, bytes]:
        """Post and return status and body; a reused connection that was closed is replaced once."""
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
    """The log that the environment names, or None. Raises FunctionSettingError."""
    url, secret = environ.get("EVERYCASE_URL", ""), read_token(environ, "EVERYCASE_TOKEN")
    if not url and not secret:
        return None
    if not url or not secret:
        missing = "EVERYCASE_TOKEN" if url else "EVERYCASE_URL"
        raise FunctionSettingError(
            f"{missing} is not set: set both EVERYCASE_URL and EVERYCASE_TOKEN"
        )
    return Remote(url, secret, agent)


def read_token(environ: Mapping[str, str], name: str) -> str:
    """A token from the environment, empty if unset. Raises FunctionSettingError."""
    text = environ.get(name, "")
    if not (text.isascii() and text.isprintable()) or " " in text:
        raise FunctionSettingError(
            f"{name} isn't a valid token: set ASCII characters without spaces or a line break"
        )
    return text


def _parse_url(url: str) -> tuple[tuple[bool, str, int | None], str]:
    """((True if encrypted, host, port), path) of an address. Raises FunctionSettingError."""
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or parts.scheme not in ("http", "https"):
        raise FunctionSettingError("EVERYCASE_URL isn't an address: set https://HOST")
    if parts.scheme == "http" and host not in _LOCAL:
        raise FunctionSettingError(
            "EVERYCASE_URL would send the token unencrypted: set https://HOST"
        )
    return (parts.scheme == "https", host, port), parts.path


def _is_network_error(error: Exception) -> bool:
    from http.client import HTTPException

    return isinstance(
        error, (OSError, HTTPException, UnicodeError)
    )  # UnicodeError: an invalid host name


def _parse_json(answer: bytes) -> object:
    import json

    try:
        return json.loads(answer)
    except (ValueError, RecursionError):
        return None


def _event_results(reply: object) -> list[dict[str, Any]]:
    """The results of the events in a reply; empty if it has none."""
    results = reply.get("events") if isinstance(reply, dict) else None
    if not isinstance(results, list) or not all(isinstance(one, dict) for one in results):
        return []
    return results


def error_message(reply: object) -> str:
    """The error message in a reply of the API, or an empty text."""
    return _error_text(reply, "message")


def error_code(reply: object) -> str:
    """The error code in a reply of the API, or an empty text."""
    return _error_text(reply, "code")


def _error_text(reply: object, name: str) -> str:
    error = reply.get("error") if isinstance(reply, dict) else None
    text = error.get(name) if isinstance(error, dict) else None
    return text if isinstance(text, str) else ""
