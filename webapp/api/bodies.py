"""The JSON body or the query parameters of a request. ``guards`` limits a body's size."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import request
from werkzeug.datastructures import MultiDict

from webapp.api.errors import ApiError
from webapp.api.guards import body_limit
from webapp.bundle.reading import BOM, TooLargeError, unpack
from webapp.cases import InputError, shorten
from webapp.services.strict_json import RepeatedError, decode


def read_json() -> Any:
    """The body's JSON value. Raises ApiError 400 and 415."""
    body, mimetype = _unpacked_body(), request.mimetype
    is_json = mimetype == "application/json" or mimetype.endswith("+json")
    if not is_json and (mimetype or body.removeprefix(BOM).lstrip()[:1] not in (b"{", b"[")):
        raise ApiError(415, "unsupported_media_type", "set Content-Type: application/json")
    try:
        return decode(body.removeprefix(BOM))
    except RepeatedError as error:
        raise ApiError(400, "bad_input", f"{error} is repeated: send it once") from None
    except (ValueError, RecursionError):
        raise ApiError(400, "not_json", "the body is not valid JSON") from None


def _unpacked_body() -> bytes:
    """The body, unpacked if it came as gzip. Raises ApiError 400, 413 and 415."""
    encoding, body = request.environ.get("HTTP_CONTENT_ENCODING", ""), request.get_data()
    try:
        return unpack(body, encoding, body_limit(request.path))
    except TooLargeError as error:
        raise ApiError(413, "too_large", f"{error}, unpacked") from None
    except InputError as error:
        raise ApiError(400, "bad_input", str(error), field="body") from None


def read_object() -> dict[str, Any]:
    """The body's JSON object, see ``read_json``. Raises ApiError."""
    body = read_json()
    if not isinstance(body, dict):
        raise ApiError(400, "bad_input", "the body must be a JSON object")
    return body


def read_list(body: Mapping[str, Any], name: str, most: int, example: str) -> list[dict[str, Any]]:
    """The objects under a name of the body, 1 to ``most``. Raises InputError."""
    rows = body.get(name)
    if not isinstance(rows, list):
        raise InputError(name, f"is missing: send a list of {name}")
    if not 1 <= len(rows) <= most:
        raise InputError(name, f"has {len(rows):,} {name}: send 1 to {most:,}")
    for i, row in enumerate(rows):
        if not isinstance(row, dict):
            raise InputError(f"{name}[{i}]", f"must be an object such as {example}")
    return rows


def single_values(params: MultiDict[str, str]) -> dict[str, str]:
    """The query parameters and their values. Raises InputError for one that is repeated."""
    for name in params:
        if len(params.getlist(name)) > 1:
            raise InputError(shorten(name), "is repeated: send it once")
    return params.to_dict()
