"""Dash's endpoint: bodies are checked before Dash reads them, and errors have sentences.

Also Dash's files, where it takes a wrong address for a fault of ours.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from dash import Dash
from dash.exceptions import DependencyException
from flask import request
from werkzeug.exceptions import NotFound

from webapp.api.callback_request import DEEPEST, check_request
from webapp.api.errors import ApiError, handle_errors

ANALYSTS_PAGES = ("/drift", "/compare")
ADDRESS = "/_dash-update-component"
_FILES = "/_dash-component-suites/"
MOST_VALUES = 100_000  # of a body: each takes some 100 bytes of memory


def guard_dash(app: Dash) -> None:
    """Check requests to the callbacks and to the files of Dash. Called before the guards."""
    views = app.server.view_functions
    views[ADDRESS] = _check_first(views[ADDRESS], app)
    for rule in app.server.url_map.iter_rules():
        if rule.rule.startswith(_FILES):
            views[rule.endpoint] = _miss_quietly(views[rule.endpoint])


def is_for_analysts() -> bool:
    """True if the current request asks for the content of a page about traffic."""
    body = request.get_data()
    return b"_pages_content" in body and any(f'"{p}"'.encode() in body for p in ANALYSTS_PAGES)


def _miss_quietly(view: Callable[..., Any]) -> Callable[..., Any]:
    """The view of Dash's files, with status 404 for those that there aren't.

    Packages list source maps that they don't ship.
    """

    @wraps(view)
    def view_of_files(**place: str) -> Any:
        try:
            return view(**place)
        except (DependencyException, OSError, KeyError):
            raise NotFound from None

    return view_of_files


def _check_first(view: Callable[..., Any], app: Dash) -> Callable[..., Any]:
    @wraps(view)
    def checked_view() -> Any:
        def answer() -> Any:
            check_request(read_body(), app.callback_map)
            return view()

        return handle_errors(answer)

    return checked_view


def read_body() -> Any:
    """The JSON value of the body, which Dash then finds decoded. Raises ApiError."""
    body = request.get_data()
    values = 1 + sum(map(body.count, (b",", b"[", b"{")))
    if values > MOST_VALUES:
        raise ApiError(
            413, "too_large", f"the body has too many values: send at most {MOST_VALUES:,}"
        )
    try:
        return request.get_json()
    except RecursionError:
        problem = f"the body is nested too deeply: send at most {DEEPEST} levels"
        raise ApiError(400, "bad_input", problem) from None
