"""The original API at ``/``, as a function answers it: the same answers and errors as the app's."""

from __future__ import annotations

import json
import time

from . import lines, reading
from .ids import new_id
from .remote import AwayError, problem
from .rules import InputError, shorten

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .reading import Items
    from .remote import Remote
    from .table import Model

_METHODS = "GET, HEAD, OPTIONS, POST"
_NO_TOKEN = "this needs API_TOKEN: send it as Authorization: Bearer TOKEN"
_HEADERS = {"Content-Type": "application/json", "Cache-Control": "no-store"}


class Request:
    """A request, whichever platform it came from. Names of headers are in lower case."""

    def __init__(
        self, method: str, query: str | Items, headers: dict[str, str], body: bytes
    ) -> None:
        self.method = method.upper()
        self.query = query  # as it came, or as pairs where a platform has decoded it
        self.headers = headers
        self.body = body

    @property
    def mimetype(self) -> str:
        """The body's type, in lower case and without parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


class Reply:
    """Status, headers and text of an answer."""

    def __init__(self, status: int, body: str, **headers: str) -> None:
        self.status = status
        self.body = body
        self.headers = _HEADERS | {name.replace("_", "-"): text for name, text in headers.items()}


class _RefusedError(Exception):
    """Ends a request with a status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Answerer:
    """Answers requests with one version; logs what it answers with ``remote``, or on a line."""

    def __init__(self, model: Model, remote: Remote | None, api_token: str = "") -> None:
        self._model = model
        self._remote = remote
        self._api_token = api_token

    def reply(self, request: Request) -> Reply:
        """The answer, whatever is wrong with the request."""
        if request.method == "OPTIONS":
            return Reply(200, "", Allow=_METHODS)
        if request.method not in ("GET", "HEAD", "POST"):
            return _error(405, "this address doesn't take that method: send GET or POST")
        try:
            self._may(request)
            reply = self._respond(request)
        except InputError as error:
            reply = _error(413 if isinstance(error, reading.TooLargeError) else 400, str(error))
        except _RefusedError as error:
            reply = _error(error.status, str(error))
        if request.method == "HEAD":
            reply.body = ""
        return reply

    def _may(self, request: Request) -> None:
        """Raise for those who lack the token, if one is set."""
        if not self._api_token:
            return
        from hmac import compare_digest

        kind, _, token = request.headers.get("authorization", "").partition(" ")
        given = token.strip().encode("utf-8", "surrogatepass")
        known = compare_digest(given, self._api_token.encode())
        if kind.lower() != "bearer" or not known:
            raise _RefusedError(401, _NO_TOKEN)

    def _respond(self, request: Request) -> Reply:
        items = _collect(request)
        version, items = reading.take_version(items)
        request_id, items = reading.take(items, "request_id")
        if not items:
            return Reply(200, '{"success": false}')
        own_id = reading.check_request_id(request_id)
        if version not in (None, self._model.name):
            raise _RefusedError(404, f"version: there is no version {shorten(version)}")
        case = self._model.parse(items)
        return self._answer(case, own_id)

    def _answer(self, case: int, own_id: str | None) -> Reply:
        at = time.time_ns() // 1_000_000
        made, score, name = new_id(at), self._model.scores[case], self._model.name
        event = {"request_id": own_id or made, "at": at, "version": name, "case": case}
        logged = self._log(event | {"score": score})
        said = {"success": True, "response": repr(score), "id": logged or made}
        said |= {"version": name, "case": case}
        return Reply(200, json.dumps(said if logged else said | {"logged": False}))

    def _log(self, event: dict[str, Any]) -> str | None:
        """The event's id once it is in the log; None when it is on a line instead.

        Raises _RefusedError when its request id was used for another request.
        """
        if self._remote is None:
            lines.not_logged(event, "EVERYCASE_URL is not set")
            return None
        try:
            found = self._remote.send("edge", [event])[0]
        except AwayError as error:
            lines.not_logged(event, str(error))
            return None
        request_id, status = event["request_id"], found.get("status")
        if status == "conflict":
            raise _RefusedError(409, reading.conflict("request_id", shorten(request_id)))
        if status in ("recorded", "repeated"):
            return str(found.get("id") or request_id)
        lines.not_logged(event, f"the log refused it: {problem(found)}")
        return None


def _collect(request: Request) -> Items:
    """All pairs of query and body. Raises InputError."""
    query = request.query
    if isinstance(query, str):
        items = reading.read_query(query)
    else:
        items = list(reading.check_number("query", query))
    if request.method != "POST":
        return items
    if len(request.body) > reading.MAX_BODY:
        raise reading.TooLargeError
    if request.mimetype == reading.MULTIPART:
        from .multipart import read_multipart

        return items + read_multipart(request.body, request.headers["content-type"])
    return items + reading.read_body(request.body, request.mimetype)


def _error(status: int, message: str) -> Reply:
    reply = Reply(status, json.dumps({"success": False, "error": message}))
    if status == 401:
        reply.headers["WWW-Authenticate"] = "Bearer"
    if status == 405:
        reply.headers["Allow"] = _METHODS
    return reply
