"""Labelled rows: a range of them, their columns, and the counts that they come down to."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from webapp.bundle.yes_no import fold_name
from webapp.cases import MAX_FEATURES, Features, shorten
from webapp.files.readings import LABEL
from webapp.stats.counts import Counts
from webapp.training.errors import DataError

_RANGE = re.compile(r"(\d*):(\d*)", re.ASCII)
_MAX_ROWS = 10**15


@dataclass(frozen=True)
class RowRange:
    """Rows ``first`` to ``last`` of a file, 1-based and inclusive. None means to the end."""

    first: int = 1
    last: int | None = None

    @classmethod
    def parse(cls, text: str) -> RowRange:
        """The range from ``A:B``, ``A:``, ``:B`` or ``:``. Raises DataError."""
        match = _RANGE.fullmatch(text.strip())
        if match is None:
            raise DataError(f"--rows {shorten(text)}: use FIRST:LAST, such as 1:4000 or 4001:")
        first = int(match[1] or 1)
        last = int(match[2]) if match[2] else None
        if first < 1 or (last is not None and last < first) or max(first, last or 0) > _MAX_ROWS:
            raise DataError(
                f"--rows {shorten(text)}: rows count from 1, and LAST can't be before FIRST"
            )
        return cls(first, last)

    def __str__(self) -> str:
        return f"{self.first}:{'' if self.last is None else self.last}"


@dataclass(frozen=True)
class LabelledCounts:
    """The counts of a range of labelled rows. ``rows`` has both ends.

    ``unlabelled`` is the number of its rows that are not counted, as their label is unknown, and
    ``notes`` say what was read how.
    """

    features: Features
    counts: Counts
    rows: RowRange
    unlabelled: int = 0
    notes: tuple[str, ...] = ()

    @property
    def cases(self) -> int:
        """The number of different cases that occurred."""
        return int(np.count_nonzero(self.counts.n))


def check_columns(names: list[str]) -> Features:
    """The features of a table with these columns: all but the label, which must be there.

    Raises DataError.
    """
    labels = [name for name in names if fold_name(name) == LABEL]
    if not labels:
        columns = ", ".join(shorten(name) for name in names[: MAX_FEATURES + 1])
        raise DataError(f"the header has no column {LABEL!r} (its columns: {columns})")
    _refuse_repeats(names)
    if "" in names:
        raise DataError(
            f"column {names.index('') + 1} of the header has no name: name it, or remove it"
        )
    try:
        return Features(tuple(name for name in names if name not in labels))
    except ValueError as error:
        raise DataError(f"the header: {error}") from None


def _refuse_repeats(names: list[str]) -> None:
    """Raise DataError if two columns have one name, perhaps in other case or spaces."""
    first: dict[str, str] = {}
    for name in filter(None, names):
        key = fold_name(name)
        if key in first:
            also = "" if first[key] == name else f", once as {shorten(name)!r}"
            raise DataError(f"the header has the column {shorten(first[key])!r} twice{also}")
        first[key] = name


def complete_range(rows: RowRange, count: int) -> RowRange:
    """The range with both ends, given the file's number of rows. Raises DataError."""
    if count < (rows.last or rows.first):
        number = {0: "no rows", 1: "only 1 row"}.get(count, f"only {count:,} rows")
        raise DataError(f"--rows {rows}: the file has {number}")
    return RowRange(rows.first, rows.last or count)
