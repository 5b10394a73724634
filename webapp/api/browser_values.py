"""Values that a browser sends to Dash's callbacks, parsed like any input.

``check_property`` knows the properties that Dash itself sends; a page reads the data of its own
stores with the other functions. All raise InputError, which the browser gets as status 400.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from webapp.cases import InputError, shorten

LONGEST_LINK = 8192  # characters of a path or a query: more than any server takes of an address
LONGEST_NAME = 1024
_MOST_CLICKS = 1 << 53  # the largest whole number of a script


def read_object(field: str, value: object) -> dict[str, Any] | None:
    """The object in a store; None if it is empty."""
    if value is None or isinstance(value, dict):
        return value
    raise _error(field, value, "an object")


def read_text(field: str, value: object, longest: int = LONGEST_NAME) -> str:
    """A text of at most as many characters; empty for null."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _error(field, value, "a text")
    if len(value) > longest:
        raise InputError(field, f"has {len(value):,} characters: send at most {longest:,}")
    return value


def read_texts(field: str, value: object) -> list[str]:
    """A list of texts; empty for null."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise _error(field, value, "a list of texts")
    return [read_text(f"{field}[{i}]", text) for i, text in enumerate(value)]


def check_property(name: str, field: str, value: object) -> None:
    """Check the value of a property that Dash's components set; those of stores are the pages'."""
    check = _CHECKS.get(name)
    if check is not None:
        check(field, value)


def _check_count(field: str, value: object) -> None:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    if value is not None and not (is_number and 0 <= value <= _MOST_CLICKS):  # type: ignore[operator]
        raise _error(field, value, "a whole number of clicks or ticks")


def _check_name(field: str, value: object) -> None:
    read_text(field, value)


def _check_content(field: str, value: object) -> None:
    if value is not None and not isinstance(value, str):
        raise _error(field, value, "a text such as data:text/csv;base64,…")


def _check_query(field: str, value: object) -> None:
    read_text(field, value, LONGEST_LINK)


def _check_path(field: str, value: object) -> None:
    if not read_text(field, value, LONGEST_LINK).startswith("/"):
        raise _error(field, value, "a path such as /drift")


def _error(field: str, value: object, kind: str) -> InputError:
    return InputError(field, f"is {shorten(value) or 'empty'}: send {kind}")


_CHECKS: dict[str, Callable[[str, object], None]] = {
    "n_clicks": _check_count,
    "n_intervals": _check_count,
    "contents": _check_content,
    "filename": _check_name,
    "data-state": _check_name,
    "pathname": _check_path,
    "search": _check_query,
}
