"""Why rows can't be counted or scored, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from webapp.lake.columns import EMPTY

TIME = "the time is empty or can't be read"


def words(name: str, what: int) -> str:
    """What is wrong with a column's value."""
    return f"{name} is empty" if what == EMPTY else f"{name} is neither 0 nor 1"


def found_in(table: Any, names: list[str]) -> Counter[str]:
    """Numbers of rows by reason, from ``expression.wrong``: the first of a row's columns counts."""
    found: Counter[str] = Counter()
    for row in table.to_pylist():
        first = next(i for i in range(len(names)) if row[f"check{i}"])
        found[words(names[first], row[f"check{first}"])] += row["n"]
    return found


def lines(found: Mapping[str, int]) -> list[str]:
    """Reasons with their numbers of rows, the most frequent first."""
    ranked = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    return [f"{n:,} rows: {reason}" for reason, n in ranked]
