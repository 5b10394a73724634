"""What goes wrong with a lake, for a person to read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

_MOST = 300  # characters of an engine's own message


class LakeError(ValueError):
    """Something can't be counted or scored; says what, and how to mend it."""


def need(module: str, extra: str) -> Any:
    """An optional library. Raises LakeError that says how to install it."""
    try:
        return import_module(module)
    except ImportError:
        raise LakeError(
            f"this needs the library {module.partition('.')[0]}: pip install 'everycase[{extra}]'"
        ) from None


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Turns an engine's own errors, of whatever class, into one line."""
    try:
        yield
    except LakeError:
        raise
    except Exception as error:
        raise LakeError(f"{what}: {first_line(error)}") from error


def first_line(error: BaseException) -> str:
    """The message's first line with text in it; what follows are queries and stack traces."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = lines[0] if lines else type(error).__name__
    return text if len(text) <= _MOST else text[: _MOST - 1] + "…"
