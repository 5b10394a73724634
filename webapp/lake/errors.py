"""Errors of a lake, with messages for people."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

_MOST = 300  # characters kept of an engine's message


class LakeError(ValueError):
    """Something can't be counted or scored; the message says what, and how to fix it."""


def need(module: str, extra: str) -> Any:
    """Import an optional library. Raises LakeError with the command that installs it."""
    try:
        return import_module(module)
    except ImportError:
        raise LakeError(
            f"the library {module.partition('.')[0]} is missing: run pip install '.[{extra}]' in "
            "the project's folder"
        ) from None


@contextmanager
def translate_errors(what: str) -> Iterator[None]:
    """Raise an engine's errors, of any class, as LakeError with a one-line message."""
    try:
        yield
    except LakeError:
        raise
    except Exception as error:
        raise LakeError(f"{what}: {first_line(error)}") from error


def first_line(error: BaseException) -> str:
    """The first line with text of an error's message; the rest are queries and stack traces."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = lines[0] if lines else type(error).__name__
    return text if len(text) <= _MOST else text[: _MOST - 1] + "…"
