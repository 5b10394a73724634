"""The original API at ``/``: GET or POST, ten yes/no values in, one probability out."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from flask import Flask, Response, request
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Response as BaseResponse

from webapp.api.errors import ApiError
from webapp.cases import InputError, shorten
from webapp.events.database import LogUnavailableError
from webapp.events.record import Event
from webapp.services import Services, predict, record

MAX_BODY = 1 << 20
_MAX_FIELDS = 200  # a row has 16 values at most

# Crawlers that fetch a shared link to preview it; they send ``Accept: */*`` as API clients do.
_PREVIEWS = re.compile(
    r"facebookexternalhit|Twitterbot|Slackbot|LinkedInBot|Discordbot|WhatsApp|TelegramBot"
)
_NO_FEATURES = b'{"success": false}'


def register(
    server: Flask,
    services: Services,
    page: Callable[[], str],
    check: Callable[[], None] | None = None,
) -> None:
    """Serve ``/``: ``page()`` to browsers, JSON to everyone else.

    ``check`` raises ApiError for those who may not have JSON.
    """

    def root() -> BaseResponse:
        if request.method != "POST" and prefers_html():
            response: BaseResponse = Response(page(), mimetype="text/html")
        else:
            response = respond(services) if check is None else _checked(check, services)
        response.headers["Vary"] = "Accept, User-Agent, Accept-Encoding"
        return response

    server.add_url_rule("/", endpoint="root", view_func=root, methods=["GET", "POST"])


def _checked(check: Callable[[], None], services: Services) -> Response:
    try:
        check()
    except ApiError as error:
        response = error.response()
        response.data = json.dumps({"success": False, "error": error.message})
        return response
    return respond(services)


def prefers_html() -> bool:
    """Does the client prefer a page? Plain clients send ``*/*`` or nothing and get JSON."""
    environ = request.environ  # werkzeug's headers are the same at ten times the cost
    accept = environ.get("HTTP_ACCEPT", "")
    if "text/html" in accept or "text/*" in accept:
        accepts = request.accept_mimetypes
        return accepts.quality("text/html") >= max(accepts.quality("application/json"), 0.001)
    return bool(_PREVIEWS.search(environ.get("HTTP_USER_AGENT", "")))


def respond(services: Services) -> Response:
    """The JSON answer to the current request, whatever is wrong with it."""
    try:
        items = collect()
        version, items = take_version(items)
        request_id, items = take(items, "request_id")
        if not items:
            return Response(_NO_FEATURES, mimetype="application/json")
        asked = record.Request(items, record.check_request_id(request_id))
        event = record.answer(services, version, asked)
    except InputError as error:
        return _error(413 if isinstance(error, _TooLargeError) else 400, str(error))
    except predict.UnknownVersionError as error:
        return _error(404, f"version: {error}")
    except predict.VersionNotReadyError as error:
        return _error(503, f"version: {error}")
    except record.RequestConflictError as error:
        return _error(409, str(error))
    except LogUnavailableError:
        return _error(503, "the prediction can't be logged now, so it isn't given: try again")
    return Response(_answer(event), content_type="application/json")


def _answer(event: Event) -> str:
    """Written by hand: only the version's name can hold what JSON has to escape."""
    name = json.dumps(event.version)
    return (
        f'{{"success": true, "response": "{event.score!r}", "id": "{event.id}", '
        f'"version": {name}, "case": {event.case}}}'
    )


def collect() -> list[tuple[str, object]]:
    """All (name, value) pairs of query and body, repeats kept. Raises InputError."""
    try:
        items = _query(request.environ.get("QUERY_STRING", ""))
    except ValueError:
        raise InputError("query", f"has more than {_MAX_FIELDS} fields") from None
    if request.method == "POST":
        items += _body()
    return items


def _query(text: str) -> list[tuple[str, object]]:
    """The query's pairs. Raises ValueError when there are too many."""
    if "%" in text or "+" in text:
        return list(parse_qsl(text, keep_blank_values=True, max_num_fields=_MAX_FIELDS))
    # Nothing to decode, as nearly always: a fifth of the whole answer's time is saved.
    pairs = text.split("&")
    if len(pairs) > _MAX_FIELDS:
        raise ValueError
    split = (pair.partition("=") for pair in pairs if pair)
    return [(name, value) for name, _, value in split]


def take_version(
    items: list[tuple[str, object]],
) -> tuple[str | None, list[tuple[str, object]]]:
    """The ``version`` field apart from the features. Raises InputError."""
    version, items = take(items, "version")
    if version is None:
        return None, items
    if not isinstance(version, str) or not version.strip():
        raise InputError("version", "is not a name: send a version such as logit_games_v1")
    return version.strip(), items


def take(
    items: list[tuple[str, object]], field: str
) -> tuple[object | None, list[tuple[str, object]]]:
    """A field apart from the others; None when it isn't there. Raises InputError."""
    named = [value for name, value in items if name == field]
    if not named:
        return None, items
    if len(named) > 1:
        raise InputError(field, "is repeated: send it once")
    return named[0], [item for item in items if item[0] != field]


class _TooLargeError(InputError):
    """The body has more than MAX_BODY bytes."""


class _Pairs(list[tuple[str, Any]]):
    """A JSON object as its pairs, so that a repeated key is seen."""


def _body() -> list[tuple[str, object]]:
    request.max_content_length = MAX_BODY + 1  # werkzeug cuts at it what doesn't say its length
    try:
        body = request.get_data()
        if len(body) > MAX_BODY:
            raise RequestEntityTooLarge
        if request.mimetype in ("application/x-www-form-urlencoded", "multipart/form-data"):
            return list(request.form.items(multi=True))
    except RequestEntityTooLarge:
        raise _TooLargeError("body", f"is too large: send at most {MAX_BODY:,} bytes") from None
    if not body.strip():
        return []
    if request.mimetype != "application/json" and not request.mimetype.endswith("+json"):
        raise InputError("body", "must be a form or JSON: set Content-Type: application/json")
    try:
        parsed = json.loads(body, object_pairs_hook=_Pairs)
    except (ValueError, RecursionError) as error:
        detail = shorten(str(error)) if isinstance(error, json.JSONDecodeError) else "not readable"
        raise InputError("body", f"is not valid JSON: {detail}") from None
    if not isinstance(parsed, _Pairs):
        raise InputError("body", 'must be a JSON object such as {"G1": 0, "G2": 1}')
    return list(parsed)


def _json(status: int, values: dict[str, Any]) -> Response:
    return Response(json.dumps(values), status, content_type="application/json")


def _error(status: int, message: str) -> Response:
    response = _json(status, {"success": False, "error": message})
    if status == 503:
        response.headers["Retry-After"] = "5"
    return response
