"""Errors and names from a model, as they may stand in a sentence: one line, with whole words."""

from __future__ import annotations

from webapp.grammar import cut, printable

_LONGEST_NAME = 120  # of a type or a file


def first_line(error: BaseException) -> str:
    """An error's kind and message in one line, which ends with a whole sentence or word."""
    kind = type(error).__name__
    text = cut(str(error))
    return f"{kind}: {text}" if text else kind


def show_name(name: str) -> str:
    """The whole name of a type or a file, unless it is longer than any honest one."""
    text = printable(name)
    return text if len(text) <= _LONGEST_NAME else f"{text[: _LONGEST_NAME - 1]}…"
