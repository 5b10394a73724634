"""The parts of a loaded model, and what is asked of them all."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from webapp.catalog.prepared import PreparedError

_MOST_PARTS = 2_000_000


def list_parts(model: Any) -> list[Any]:
    """A model and all objects that it holds. Raises PreparedError if there are too many."""
    waiting, parts, ids = [model], [], {id(model)}
    while waiting:
        part = waiting.pop()
        parts.append(part)
        new = {id(each): each for each in _inner(part) if id(each) not in ids}
        ids.update(new)
        waiting += new.values()
        if len(ids) > _MOST_PARTS:
            raise PreparedError(f"It has more than {_MOST_PARTS:,} parts")
    return parts


def _inner(part: Any) -> Iterator[Any]:
    if isinstance(part, dict):
        yield from part.values()
    elif isinstance(part, (list, tuple, set)):
        yield from part
    elif isinstance(part, np.ndarray):
        yield from part.ravel().tolist() if part.dtype == object else ()
    elif isinstance(part, functools.partial):
        yield from (part.func, part.args, part.keywords)
    if hasattr(part, "__dict__") and not isinstance(part, type):
        yield from vars(part).values()


def damaged(what: str, how: str) -> PreparedError:
    """The reason why a model isn't asked: ``what`` of it isn't as fitting leaves it."""
    return PreparedError(f"Its file is damaged, in its {what}: {how}. Save the model again")


def count_of(value: Any, what: str) -> int:
    """A whole number, which a file may have replaced by anything. Raises PreparedError."""
    if isinstance(value, (int, np.integer)) and not isinstance(value, bool):
        return int(value)
    raise damaged(what, "a number of columns, rows or neighbours is none")


def watch(
    part: Any,
    method: str,
    before: Callable[[Any], None] | None = None,
    after: Callable[[Any, Any], None] | None = None,
) -> None:
    """Have checks look at a method's rows before it answers, and at its answers afterwards."""
    answer = getattr(part, method)

    def watched(rows: Any) -> Any:
        if before is not None:
            before(rows)
        answers = answer(rows)
        if after is not None:
            after(rows, answers)
        return answers

    setattr(part, method, watched)
