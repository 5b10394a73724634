"""The original API at ``/`` for functions, with the same answers and errors as the app's."""

from __future__ import annotations

import json
import time

from . import lines, reading
from .ids import new_id
from .remote import RemoteUnavailableError, error_message
from .rules import InputError, shorten

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .reading import Items
    from .remote import Remote
    from .table import Model

_METHODS = "GET, HEAD, OPTIONS, POST"
_NO_TOKEN = "this needs API_TOKEN: send it as Authorization: Bearer TOKEN"
_OTHER_SITE = "a page of another site asked for this, so nothing was logged"
_HEADERS = {"Content-Type": "application/json", "Cache-Control": "no-store"}


class HttpRequest:
    """A request from any platform. Names of headers are in lower case."""

    def __init__(
        self, method: str, query: str | Items, headers: dict[str, str], body: bytes
    ) -> None:
        self.method = method.upper()
        self.query = query  # as sent, or as pairs if the platform has decoded it
        self.headers = headers
        self.body = body

    @property
    def mimetype(self) -> str:
        """The body's type, in lower case and without parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def is_part_of_other_site(self) -> bool:
        """True if a browser sends it for an image, a script or a form of another site.

        What a script asks there with ``fetch`` is for the platform's CORS settings to allow, and a
        link may be followed.
        """
        site, mode, dest = (
            self.headers.get(f"sec-fetch-{n}", "") for n in ("site", "mode", "dest")
        )
        is_link = self.method == "GET" and dest == "document"
        return site in ("cross-site", "same-site") and mode != "cors" and not is_link


class Reply:
    """Status, headers and body of an answer."""

    def __init__(self, status: int, body: str, **headers: str) -> None:
        self.status = status
        self.body = body
        self.headers = _HEADERS | {name.replace("_", "-"): text for name, text in headers.items()}


class _StatusError(Exception):
    """Ends a request with an HTTP status and a message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Answerer:
    """Answers requests with one version and logs the predictions, remotely or as lines."""

    def __init__(self, model: Model, remote: Remote | None, api_token: str = "") -> None:
        self._model = model
        self._remote = remote
        self._api_token = api_token

    def reply(self, request: HttpRequest) -> Reply:
        """Answer a request, also an invalid one."""
        if request.method == "OPTIONS":
            return Reply(200, "", Allow=_METHODS)
        if request.method not in ("GET", "HEAD", "POST"):
            return _error_reply(405, "this address doesn't take that method: send GET or POST")
        try:
            self._check_token(request)
            if not self._api_token and request.is_part_of_other_site:
                raise _StatusError(403, _OTHER_SITE)
            reply = self._respond(request)
        except InputError as error:
            reply = _error_reply(
                413 if isinstance(error, reading.TooLargeError) else 400, str(error)
            )
        except _StatusError as error:
            reply = _error_reply(error.status, str(error))
        if request.method == "HEAD":
            reply.body = ""
        return reply

    def _check_token(self, request: HttpRequest) -> None:
        """Raise _StatusError unless the request has the token, if one is set."""
        if not self._api_token:
            return
        from hmac import compare_digest

        kind, _, token = request.headers.get("authorization", "").partition(" ")
        secret = token.strip().encode("utf-8", "surrogatepass")
        is_valid = compare_digest(secret, self._api_token.encode())
        if kind.lower() != "bearer" or not is_valid:
            raise _StatusError(401, _NO_TOKEN)

    def _respond(self, request: HttpRequest) -> Reply:
        items = _read_pairs(request)
        version, items = reading.take_version(items)
        request_id, items = reading.take_field(items, "request_id")
        if not items:
            return Reply(200, '{"success": false}')
        own_id = reading.check_request_id(request_id)
        if version not in (None, self._model.name):
            raise _StatusError(404, f"version: there is no version {shorten(version)}")
        case = self._model.parse(items)
        if request.method == "HEAD":
            return Reply(200, "")  # no prediction was made for anybody, so none is logged
        return self._answer(case, own_id)

    def _answer(self, case: int, own_id: str | None) -> Reply:
        at = time.time_ns() // 1_000_000
        new_event_id, score, name = new_id(at), self._model.scores[case], self._model.name
        event = {"request_id": own_id or new_event_id, "at": at, "version": name, "case": case}
        event_id = self._log(event | {"score": score})
        answer = {"success": True, "response": repr(score), "id": event_id or new_event_id}
        answer |= {"version": name, "case": case}
        return Reply(200, json.dumps(answer if event_id else answer | {"logged": False}))

    def _log(self, event: dict[str, Any]) -> str | None:
        """Log an event and return its id. None if it was written as a line instead.

        Raises _StatusError if its request id was used for another request.
        """
        if self._remote is None:
            lines.write_not_logged(event, "EVERYCASE_URL is not set")
            return None
        try:
            result = self._remote.send("edge", [event])[0]
        except RemoteUnavailableError as error:
            lines.write_not_logged(event, str(error))
            return None
        request_id, status = event["request_id"], result.get("status")
        if status == "conflict":
            raise _StatusError(409, reading.conflict_message("request_id", shorten(request_id)))
        if status in ("recorded", "repeated"):
            return str(result.get("id") or request_id)
        lines.write_not_logged(event, f"the log refused it: {error_message(result)}")
        return None


def _read_pairs(request: HttpRequest) -> Items:
    """All (name, value) pairs of query and body. Raises InputError."""
    query = request.query
    if isinstance(query, str):
        items = reading.read_query(query)
    else:
        items = list(reading.check_field_count("query", query))
    if request.method != "POST":
        return items
    if len(request.body) > reading.MAX_BODY:
        raise reading.TooLargeError
    body = reading.unpack(request.body, request.headers.get("content-encoding", ""))
    if request.mimetype == reading.MULTIPART:
        from .multipart import read_multipart

        return items + read_multipart(body, request.headers["content-type"])
    return items + reading.read_body(body, request.mimetype)


def _error_reply(status: int, message: str) -> Reply:
    reply = Reply(status, json.dumps({"success": False, "error": message}))
    if status == 401:
        reply.headers["WWW-Authenticate"] = "Bearer"
    if status == 405:
        reply.headers["Allow"] = _METHODS
    return reply
