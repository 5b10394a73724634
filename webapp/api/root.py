"""The original API at ``/``: GET or POST, ten yes/no values in, one probability out."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from flask import Flask, Response, request
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Response as BaseResponse

from webapp.api import auth
from webapp.api.errors import ApiError
from webapp.api.origin import refuse_cross_site
from webapp.bundle.reading import (
    MAX_BODY,
    MULTIPART,
    Items,
    TooLargeError,
    check_request_id,
    read_body,
    read_query,
    take_field,
    take_version,
    unpack,
)
from webapp.cases import InputError
from webapp.db.database import LogUnavailableError
from webapp.events.namespaces import sent_by
from webapp.events.record import Event
from webapp.services.context import Services
from webapp.services.predict import record, version_choice

# Crawlers that fetch a shared link to preview it; they send ``Accept: */*`` as API clients do.
# Skype's is that of Teams, Cardyb Bluesky's; Signal fetches as WhatsApp.
_PREVIEWS = re.compile(
    r"facebookexternalhit|Twitterbot|Slackbot|LinkedInBot|Discordbot|WhatsApp|TelegramBot|"
    r"SkypeUriPreview|MicrosoftPreview|Microsoft-Teams|Mastodon|Cardyb|Signal|redditbot|Synapse|"
    r"Iframely|Embedly|Pinterestbot|Mattermost",
    re.IGNORECASE,
)
ENDPOINT = "root"
_NO_FEATURES = b'{"success": false}'


def register(
    server: Flask,
    services: Services,
    page: Callable[[], str | BaseResponse],
    check: Callable[[], None] | None = None,
) -> None:
    """Serve ``/``: ``page()`` to browsers, JSON to everyone else except pages of other sites.

    ``check`` raises ApiError for requests that may not have JSON.
    """

    def root() -> BaseResponse:
        if request.method != "POST" and prefers_html():
            response = _as_response(page())
        else:
            response = _respond_if_allowed(check, services)
        response.headers["Vary"] = "Accept, User-Agent, Accept-Encoding"
        return response

    server.add_url_rule("/", endpoint=ENDPOINT, view_func=root, methods=["GET", "POST"])


def _as_response(page: str | BaseResponse) -> BaseResponse:
    return Response(page, mimetype="text/html") if isinstance(page, str) else page


def _respond_if_allowed(check: Callable[[], None] | None, services: Services) -> Response:
    try:
        if "HTTP_AUTHORIZATION" not in request.environ:
            refuse_cross_site()  # an image of another site would log a prediction
        if check is not None:
            check()
    except ApiError as error:
        response = error.response()
        response.data = json.dumps({"success": False, "error": error.message})
        return response
    return respond(services)


def prefers_html() -> bool:
    """True if the client prefers a page. Plain clients send ``*/*`` or nothing and get JSON."""
    environ = request.environ  # werkzeug's headers are the same at ten times the cost
    accept = environ.get("HTTP_ACCEPT", "")
    if "text/html" in accept or "text/*" in accept:
        accepts = request.accept_mimetypes
        return accepts.quality("text/html") >= max(accepts.quality("application/json"), 0.001)
    return bool(_PREVIEWS.search(environ.get("HTTP_USER_AGENT", "")))


def respond(services: Services) -> Response:
    """The JSON response to the current request, an error included."""
    try:
        items = collect()
        version, items = take_version(items)
        request_id, items = take_field(items, "request_id")
        if not items:
            return Response(_NO_FEATURES, mimetype="application/json")
        row = record.InputRow(items, check_request_id(request_id))
        if request.method == "HEAD":
            record.check(services, version, row)
            return Response(mimetype="application/json")
        event = record.answer(services, version, row, namespace=_namespace(row))
    except InputError as error:
        return _error(413 if isinstance(error, TooLargeError) else 400, str(error))
    except version_choice.UnknownVersionError as error:
        return _error(404, f"version: {error}")
    except version_choice.VersionNotReadyError as error:
        return _error(503, f"version: {error}")
    except record.RequestConflictError as error:
        return _error(409, str(error))
    except LogUnavailableError:
        return _error(503, "the prediction can't be logged now, so it isn't given: try again")
    return Response(_answer(event), content_type="application/json")


def _namespace(row: record.InputRow) -> str:
    """Whose the row's request id is; who sent it is asked only if there is one."""
    return sent_by("open" if row.request_id is None else auth.sender_token(), "api")


def _answer(event: Event) -> str:
    """JSON, formatted by hand for speed: only the version's name may need escapes."""
    name = json.dumps(event.version)
    return (
        f'{{"success": true, "response": "{event.score!r}", "id": "{event.id}", '
        f'"version": {name}, "case": {event.case}}}'
    )


def collect() -> Items:
    """All (name, value) pairs of query and body, repeats included. Raises InputError."""
    items = read_query(request.environ.get("QUERY_STRING", ""))
    if request.method == "POST":
        items += _body()
    return items


def _body() -> Items:
    request.max_content_length = MAX_BODY + 1  # where werkzeug cuts a body of unknown length
    try:
        body = request.get_data()
    except RequestEntityTooLarge:
        raise TooLargeError from None
    if len(body) > MAX_BODY:
        raise TooLargeError
    body = unpack(body, request.environ.get("HTTP_CONTENT_ENCODING", ""))
    if request.mimetype == MULTIPART:
        from webapp.bundle.multipart import read_multipart

        return read_multipart(body, request.environ.get("CONTENT_TYPE", ""))
    return read_body(body, request.mimetype)


def _json(status: int, values: dict[str, Any]) -> Response:
    return Response(json.dumps(values), status, content_type="application/json")


def _error(status: int, message: str) -> Response:
    response = _json(status, {"success": False, "error": message})
    if status == 503:
        response.headers["Retry-After"] = "5"
    return response
