"""Answers to what can't be served, in the one form of errors: a code, and a sentence."""

from __future__ import annotations

import json
from dataclasses import dataclass
from http import HTTPStatus

import h11
from gunicorn.http import errors


@dataclass(frozen=True)
class Refusal:
    """Status, code for programs, sentence for people, and seconds until another try."""

    status: int
    code: str
    message: str
    retry_after: int | None = None

    def response(self) -> bytes:
        """The whole response, after which the connection is closed."""
        body = json.dumps({"error": {"code": self.code, "message": self.message}}).encode()
        lines = [
            f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}",
            "Connection: close",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
            "Cache-Control: no-store",
            "X-Content-Type-Options: nosniff",
        ]
        if self.retry_after is not None:
            lines.append(f"Retry-After: {self.retry_after}")
        return "\r\n".join([*lines, "", ""]).encode() + body


_RETRY = 5
SLOW_HEAD = Refusal(
    408, "timeout", "the headers took longer than 10 seconds to arrive: send them at once"
)
SLOW_BODY = Refusal(
    408,
    "timeout",
    "the body arrived at less than 500 bytes a second for 20 seconds: send it again",
)
NO_ROOM = Refusal(503, "busy", "too many large bodies are arriving: try again in a moment", _RETRY)
STOPPING = Refusal(
    503, "stopping", "the server is stopping or starting anew: send the whole request again", _RETRY
)
LONG_HEAD = Refusal(431, "headers_too_large", "the headers are too large: send at most 64 KiB")
FAULT = Refusal(500, "internal", "something went wrong; see the server's log")
_FALLBACK = "the request isn't HTTP/1.1 as it should be: send METHOD ADDRESS HTTP/1.1 and headers"
_CHUNKS = (
    "the chunks of the body can't be read: send the size in hexadecimal, CRLF, the bytes, CRLF; "
    "more than 10 bytes in most"
)
_HEADERS = (
    "a header can't be read, or stands there twice: send NAME: VALUE, and either Content-Length "
    "or Transfer-Encoding: chunked"
)

# Never 5xx for what a client sent: that is for faults of the server.
_REFUSALS: dict[type[Exception], Refusal] = {
    errors.InvalidRequestLine: Refusal(
        400, "bad_request", "the first line can't be read: send METHOD ADDRESS HTTP/1.1"
    ),
    errors.InvalidRequestMethod: Refusal(
        400, "bad_request", "the method can't be read: send capitals, such as GET or POST"
    ),
    errors.InvalidHTTPVersion: Refusal(400, "bad_request", "the version must be HTTP/1.0 or 1.1"),
    errors.InvalidHeader: Refusal(400, "bad_request", _HEADERS),
    errors.InvalidHeaderName: Refusal(400, "bad_request", _HEADERS),
    errors.ObsoleteFolding: Refusal(
        400, "bad_request", "a header goes on in a second line: send it in one"
    ),
    errors.UnsupportedTransferCoding: Refusal(
        400, "bad_request", "the transfer coding isn't known: send Transfer-Encoding: chunked"
    ),
    errors.ExpectationFailed: Refusal(
        417, "expectation_failed", "the expectation isn't known: send Expect: 100-continue"
    ),
    errors.LimitRequestLine: Refusal(414, "address_too_long", "the address is too long"),
    errors.LimitRequestHeaders: Refusal(
        431, "headers_too_large", "the headers are too large: send at most 100, of 8 KiB each"
    ),
    h11.RemoteProtocolError: Refusal(400, "bad_request", _CHUNKS),
}


def refusal_of(error: Exception) -> Refusal:
    """The answer to a request that can't be read."""
    return _REFUSALS.get(type(error), Refusal(400, "bad_request", _FALLBACK))


def too_many(most: int, *, by_request: bool) -> Refusal:
    """The answer to a client with more than ``most`` connections, or requests on their way."""
    what = "requests on their way" if by_request else "connections"
    hint = "" if by_request else "; behind a proxy, set TRUSTED_PROXIES"
    message = f"your address has {most} {what} already: end one first{hint}"
    return Refusal(429, "too_many_connections", message, _RETRY)
