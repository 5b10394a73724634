"""Request bodies that must be JSON. How large they may be is the gate's business."""

from __future__ import annotations

import json
from typing import Any

import orjson
from flask import request

from webapp.api.errors import ApiError
from webapp.cases import shorten

# Each digit as 0: to search for a mark after any digit, or for many digits, is then a plain search.
_DIGITS = bytes.maketrans(b"123456789", b"0" * 9)
_LONG = b"0" * 19  # digits, which may be more than 64 bits


class _RepeatedError(ValueError):
    """A JSON object has a name twice: which value is meant?"""


class _Fraction:
    """A number with a point: never a yes or no, though 1.0 equals 1."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


def read_json(*, exact: bool = False) -> Any:
    """The body's JSON value. Raises ApiError.

    ``exact`` is for bodies without fractions: it lets none pass for the whole number it equals.
    """
    if request.mimetype != "application/json" and not request.mimetype.endswith("+json"):
        raise ApiError(415, "unsupported_media_type", "set Content-Type: application/json")
    body = request.get_data()
    try:
        value = _decode(body, _Fraction if exact else None)
        if b"\\ud" in body.lower():  # half a character, which nothing can store
            json.dumps(value, ensure_ascii=False, default=str).encode()
    except _RepeatedError as error:
        raise ApiError(400, "bad_input", f"{error} is repeated: send it once") from None
    except (ValueError, RecursionError):
        raise ApiError(400, "not_json", "the body is not valid JSON") from None
    return value


def read_object(*, exact: bool = False) -> dict[str, Any]:
    """The body's JSON object, see ``read_json``. Raises ApiError."""
    body = read_json(exact=exact)
    if not isinstance(body, dict):
        raise ApiError(400, "bad_input", "the body must be a JSON object")
    return body


def _decode(body: bytes, parse_float: Any) -> Any:
    """The value, when no object has a name twice. Raises ValueError.

    Looking at every pair takes longer than all the rest. So names are counted: where each colon
    follows a quote, there are as many as the objects have names exactly when none is repeated.
    """
    colons = body.count(b":")
    if colons == body.count(b'":') and _is_plain(body, fractions=parse_float is None):
        value = orjson.loads(body)
        objects = _objects(value)
        if len(objects) == body.count(b"{") and sum(map(len, objects)) == colons:
            return value
    return json.loads(
        body, object_pairs_hook=_object, parse_constant=_refuse, parse_float=parse_float
    )


def _is_plain(body: bytes, *, fractions: bool) -> bool:
    """Has it only numbers that the quick decoder reads as the usual one does?"""
    marked = body.translate(_DIGITS)
    return _LONG not in marked and (
        fractions or not any(mark in marked for mark in (b"0.", b"0e", b"0E"))
    )


def _objects(value: Any) -> list[dict[str, Any]]:
    """The objects that stand where requests have them: outermost, in it, or in a list in it."""
    outer = [value] if isinstance(value, dict) else []
    within = list(value.values()) if outer else [value]
    for inner in within:
        if isinstance(inner, list):
            outer += [row for row in inner if isinstance(row, dict)]
        elif isinstance(inner, dict):
            outer.append(inner)
    return outer


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        names = [name for name, _ in pairs]
        raise _RepeatedError(shorten(next(name for name in names if names.count(name) > 1)))
    return made


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no JSON")
