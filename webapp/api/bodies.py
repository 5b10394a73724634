"""Request bodies that must be JSON. How large they may be is the gate's business."""

from __future__ import annotations

from typing import Any

from flask import request

from webapp.api.errors import ApiError
from webapp.services.decode import RepeatedError, decode


def read_json(*, exact: bool = False) -> Any:
    """The body's JSON value. Raises ApiError.

    ``exact`` is for bodies without fractions: it lets none pass for the whole number it equals.
    """
    if request.mimetype != "application/json" and not request.mimetype.endswith("+json"):
        raise ApiError(415, "unsupported_media_type", "set Content-Type: application/json")
    try:
        return decode(request.get_data(), exact=exact)
    except RepeatedError as error:
        raise ApiError(400, "bad_input", f"{error} is repeated: send it once") from None
    except (ValueError, RecursionError):
        raise ApiError(400, "not_json", "the body is not valid JSON") from None


def read_object(*, exact: bool = False) -> dict[str, Any]:
    """The body's JSON object, see ``read_json``. Raises ApiError."""
    body = read_json(exact=exact)
    if not isinstance(body, dict):
        raise ApiError(400, "bad_input", "the body must be a JSON object")
    return body
