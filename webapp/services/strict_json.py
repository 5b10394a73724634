"""JSON in which no object has a name twice, and no fraction passes for a whole number."""

from __future__ import annotations

import json
from typing import Any

import orjson

from webapp.cases import shorten

# Each digit as 0: to search for a mark after any digit, or for many digits, is then a plain search.
_DIGITS = bytes.maketrans(b"123456789", b"0" * 9)
_LONG = b"0" * 19  # digits, which may be more than 64 bits


class RepeatedError(ValueError):
    """A JSON object has a name twice: which value is meant?"""


class _Fraction:
    """A number with a point: never a yes or no, though 1.0 equals 1."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


def decode(body: bytes, *, exact: bool = False) -> Any:
    """The value. Raises RepeatedError, ValueError and RecursionError.

    ``exact`` is for bodies without fractions: it lets none pass for the whole number it equals.

    Looking at every pair takes longer than all the rest. So names are counted: where each colon
    follows a quote, there are as many as the objects have names exactly when none is repeated.
    """
    value = _decode(body, exact)
    if b"\\ud" in body.lower():  # half a character, which nothing can store
        json.dumps(value, ensure_ascii=False, default=str).encode()
    return value


def _decode(body: bytes, exact: bool) -> Any:
    colons = body.count(b":")
    if colons == body.count(b'":') and _is_plain(body, fractions=not exact):
        value = orjson.loads(body)
        objects = _objects(value)
        if len(objects) == body.count(b"{") and sum(map(len, objects)) == colons:
            return value
    parse_float = _Fraction if exact else None
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
        raise RepeatedError(shorten(next(name for name in names if names.count(name) > 1)))
    return made


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no JSON")
