"""Reasons why rows can't be counted or scored, as text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from webapp.grammar import quantity
from webapp.lake.columns import EMPTY

TIME = "the time is missing or invalid"


def describe(name: str, what: int) -> str:
    """The reason for ``what`` (EMPTY or OTHER) in a column."""
    return f"{name} is empty" if what == EMPTY else f"{name} is neither 0 nor 1"


def count_reasons(table: Any, names: list[str]) -> Counter[str]:
    """The number of rows by reason, from ``expression.count_faults``.

    Of several faults in a row, the first column's counts.
    """
    counts: Counter[str] = Counter()
    for row in table.to_pylist():
        first = next(i for i in range(len(names)) if row[f"check{i}"])
        counts[describe(names[first], row[f"check{first}"])] += row["n"]
    return counts


def summary_lines(counts: Mapping[str, int]) -> list[str]:
    """Lines such as ``12 rows: G4 is empty``, the most frequent reason first."""
    ranking = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [f"{quantity(n, 'row')}: {reason}" for reason, n in ranking]
