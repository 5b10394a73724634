"""Labelled rows to counts. A file of n rows is read once; all later cost is in the cases.

Rows repeat (there are at most 2 × 2^d different ones), so equal lines are counted as text and
each different line is parsed and checked once.
"""

from __future__ import annotations

import csv
import gzip
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from webapp.cases import Features, shorten
from webapp.stats.counts import Counts
from webapp.training.errors import DataError
from webapp.training.rows import LABEL, Labelled, Order, RowRange, check_columns, check_found

_CHUNK = 100_000  # lines held at a time, whatever the file's length
_GZIP, _PARQUET = b"\x1f\x8b", b"PAR1"


@dataclass(frozen=True)
class Ordered:
    """Labelled rows as they stand in a file: int64[n] ``case`` and ``label``."""

    features: Features
    case: NDArray[np.int64]
    label: NDArray[np.int64]
    rows: RowRange


def read_ordered(path: Path, rows: RowRange) -> Ordered:
    """Every row by itself, as ``read_labelled`` reads them. Raises DataError."""
    order: Order = []
    found = read_labelled(path, rows, order)
    label, case = np.divmod(np.concatenate(order), found.features.cases)
    return Ordered(found.features, case, label, found.rows)


def read_labelled(path: Path, rows: RowRange, order: Order | None = None) -> Labelled:
    """Count the rows of a CSV (plain or gzip) or Parquet file. Raises DataError.

    ``order`` takes the rows one by one besides.
    """
    try:
        with path.open("rb") as file:
            head = file.read(4)
        if head == _PARQUET:
            from webapp.training.parquet import read_parquet

            return read_parquet(path, rows, order)
        opener = gzip.open if head[:2] == _GZIP else open
        # "replace": a byte that is no text then fails as a bad value, with its line number
        with opener(path, "rt", encoding="utf-8-sig", errors="replace", newline="\n") as lines:
            return _read_csv(lines, rows, order)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path.name} can't be read: {error}") from error


def _read_csv(lines: IO[str], rows: RowRange, order: Order | None) -> Labelled:
    header = lines.readline()
    if not header.strip():
        raise DataError("line 1: a header is needed, with the features' names and label")
    parser = _Parser(header)
    found, filled = _skip(lines, rows.first - 1)
    tally = np.zeros(2 * parser.features.cases, np.int64)
    while chunk := list(islice(lines, _size(rows, found))):
        used = parser.count(chunk, found, tally)
        if order is not None:
            order.append(parser.slots(chunk[:used]))
        found += used
        filled = found if used else filled
        if used < len(chunk):
            parser.check_rest_blank(lines, chunk[used:], found)
            break
    both = check_found(rows, filled)
    negatives, positives = tally.reshape(2, -1)
    return Labelled(parser.features, Counts(negatives + positives, positives), both)


def _size(rows: RowRange, found: int) -> int:
    return _CHUNK if rows.last is None else min(_CHUNK, rows.last - found)


def _skip(lines: Iterator[str], count: int) -> tuple[int, int]:
    """Pass over ``count`` lines; returns how many came, and that without blank ones at the end."""
    passed = filled = 0
    while chunk := list(islice(lines, min(_CHUNK, count - passed))):
        here = next((i for i in range(len(chunk), 0, -1) if chunk[i - 1].strip()), 0)
        filled = passed + here if here else filled
        passed += len(chunk)
    return passed, filled


class _Parser:
    """Turns lines into slots of a tally: the case, plus 2^d where the label is 1."""

    def __init__(self, header: str) -> None:
        self.names = _split(header, 1)
        self.features = check_columns(self.names)
        self._slots = [
            self.features.cases if name == LABEL else self.features.bits[name]
            for name in self.names
        ]
        self._known: dict[str, int] = {}

    def count(self, chunk: list[str], before: int, tally: np.ndarray) -> int:
        """Add the lines up to the first blank one to ``tally``; returns how many that were."""
        times = Counter(chunk)
        if not all(line.strip() for line in times):
            chunk = chunk[: next(i for i, line in enumerate(chunk) if not line.strip())]
            times = Counter(chunk)
        for line, count in times.items():
            slot = self._known.get(line)
            if slot is None:  # row 1 stands in line 2
                slot = self._known[line] = self._parse(line, chunk.index(line) + before + 2)
            tally[slot] += count
        return len(chunk)

    def slots(self, lines: list[str]) -> NDArray[np.int64]:
        """The slots of lines that were counted."""
        return np.array([self._known[line] for line in lines], np.int64)

    def check_rest_blank(self, lines: Iterator[str], seen: list[str], found: int) -> None:
        """Blank lines may end a file, not stand inside it: rows are counted by line."""
        for rest in (seen, lines):
            if any(line.strip() for line in rest):
                raise DataError(f"line {found + 2} is blank: remove it, or put the row there")

    def _parse(self, line: str, number: int) -> int:
        values = _split(line, number)
        if len(values) != len(self.names):
            raise DataError(
                f"line {number} has {len(values)} values, and the header has {len(self.names)}"
            )
        slot = 0
        for name, value, weight in zip(self.names, values, self._slots, strict=True):
            if value == "1":
                slot += weight
            elif value != "0":
                shown = f"is {shorten(value)!r}" if value else "is empty"
                raise DataError(f"line {number}, column {name} {shown}: 0 or 1 is needed")
        return slot


def _split(line: str, number: int) -> list[str]:
    try:
        return [value.strip() for value in next(csv.reader([line]))]
    except (csv.Error, StopIteration) as error:
        raise DataError(f"line {number} is not CSV: {error}") from None
