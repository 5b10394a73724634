"""JSON decoding that refuses repeated names."""

from __future__ import annotations

import json
from typing import Any

import orjson

from webapp.cases import shorten

# Maps each digit to 0, so that a plain search finds many digits.
_DIGITS = bytes.maketrans(b"123456789", b"0" * 9)
_LONG = b"0" * 19  # as many digits may exceed 64 bits


class RepeatedError(ValueError):
    """A JSON object has a name twice; the message is the name."""


def decode(body: bytes) -> Any:
    """The value of a JSON text. Raises RepeatedError, ValueError and RecursionError.

    A hook for every pair would take longer than all the rest, so names are counted: if each colon
    follows a quote, there are as many colons as names of objects only if no name is repeated.
    """
    value = _decode(body)
    if b"\\ud" in body.lower():  # half a character, which nothing can store
        json.dumps(value, ensure_ascii=False, default=str).encode()
    return value


def _decode(body: bytes) -> Any:
    colons = body.count(b":")
    if colons == body.count(b'":') and _is_plain(body):
        value = orjson.loads(body)
        objects = _objects(value)
        if len(objects) == body.count(b"{") and sum(map(len, objects)) == colons:
            return value
    return json.loads(body, object_pairs_hook=_object, parse_constant=_refuse)


def _is_plain(body: bytes) -> bool:
    """True if both decoders read its numbers alike."""
    return _LONG not in body.translate(_DIGITS)


def _objects(value: Any) -> list[dict[str, Any]]:
    """The objects where requests have them: the outermost, those in it, and in lists in it."""
    outer = [value] if isinstance(value, dict) else []
    within = list(value.values()) if outer else [value]
    for inner in within:
        if isinstance(inner, list):
            outer += [row for row in inner if isinstance(row, dict)]
        elif isinstance(inner, dict):
            outer.append(inner)
    return outer


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        names = [name for name, _ in pairs]
        raise RepeatedError(shorten(next(name for name in names if names.count(name) > 1)))
    return value


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no JSON")
