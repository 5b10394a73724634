"""Read labelled rows into counts. A file is read once; all later work depends on the cases only.

Rows repeat, as there are at most 2 × 2^d different ones, so equal lines are counted as text and
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
from webapp.training.rows import (
    LABEL,
    LabelledCounts,
    RowRange,
    RowSlots,
    check_columns,
    complete_range,
)

_CHUNK = 100_000  # lines in memory at a time, however long the file is
_GZIP, _PARQUET = b"\x1f\x8b", b"PAR1"


@dataclass(frozen=True)
class OrderedRows:
    """Labelled rows in the order of the file: int64[n] ``case`` and ``label``."""

    features: Features
    case: NDArray[np.int64]
    label: NDArray[np.int64]
    rows: RowRange


def read_ordered(path: Path, rows: RowRange) -> OrderedRows:
    """Read the rows in order, with the checks of ``read_labelled``. Raises DataError."""
    slots: RowSlots = []
    data = read_labelled(path, rows, slots)
    label, case = np.divmod(np.concatenate(slots), data.features.cases)
    return OrderedRows(data.features, case, label, data.rows)


def read_labelled(path: Path, rows: RowRange, slots: RowSlots | None = None) -> LabelledCounts:
    """Count the rows of a CSV (plain or gzip) or Parquet file. Raises DataError.

    The single rows are appended to ``slots``, if given, in the order of the file.
    """
    try:
        with path.open("rb") as file:
            head = file.read(4)
        if head == _PARQUET:
            from webapp.training.parquet import read_parquet

            return read_parquet(path, rows, slots)
        opener = gzip.open if head[:2] == _GZIP else open
        # "replace": a byte that isn't text then fails as a bad value, with its line number
        with opener(path, "rt", encoding="utf-8-sig", errors="replace", newline="\n") as lines:
            return _read_csv(lines, rows, slots)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path.name} can't be read: {error}") from error


def _read_csv(lines: IO[str], rows: RowRange, slots: RowSlots | None) -> LabelledCounts:
    header = lines.readline()
    if not header.strip():
        raise DataError("line 1 must be a header with the names of the features and label")
    parser = _LineParser(header)
    position, last_filled = _skip(lines, rows.first - 1)
    tally = np.zeros(2 * parser.features.cases, np.int64)
    while chunk := list(islice(lines, _chunk_size(rows, position))):
        count = parser.count(chunk, position, tally)
        if slots is not None:
            slots.append(parser.slots(chunk[:count]))
        position += count
        last_filled = position if count else last_filled
        if count < len(chunk):
            parser.check_rest_blank(lines, chunk[count:], position)
            break
    bounds = complete_range(rows, last_filled)
    negatives, positives = tally.reshape(2, -1)
    return LabelledCounts(parser.features, Counts(negatives + positives, positives), bounds)


def _chunk_size(rows: RowRange, position: int) -> int:
    return _CHUNK if rows.last is None else min(_CHUNK, rows.last - position)


def _skip(lines: Iterator[str], count: int) -> tuple[int, int]:
    """Skip ``count`` lines. Returns how many there were, with and without blank ones at the end."""
    position = last_filled = 0
    while chunk := list(islice(lines, min(_CHUNK, count - position))):
        here = next((i for i in range(len(chunk), 0, -1) if chunk[i - 1].strip()), 0)
        last_filled = position + here if here else last_filled
        position += len(chunk)
    return position, last_filled


class _LineParser:
    """Turns lines into slots of a tally: the case number, plus 2^d if the label is 1."""

    def __init__(self, header: str) -> None:
        self.names = _split_line(header, 1)
        self.features = check_columns(self.names)
        self._weights = [
            self.features.cases if name == LABEL else self.features.bits[name]
            for name in self.names
        ]
        self._slot_by_line: dict[str, int] = {}

    def count(self, chunk: list[str], before: int, tally: np.ndarray) -> int:
        """Add the lines before the first blank one to ``tally`` and return their number."""
        times = Counter(chunk)
        if not all(line.strip() for line in times):
            chunk = chunk[: next(i for i, line in enumerate(chunk) if not line.strip())]
            times = Counter(chunk)
        for line, count in times.items():
            slot = self._slot_by_line.get(line)
            if slot is None:  # row 1 is line 2
                slot = self._slot_by_line[line] = self._parse(line, chunk.index(line) + before + 2)
            tally[slot] += count
        return len(chunk)

    def slots(self, lines: list[str]) -> NDArray[np.int64]:
        """The slots of lines that were counted before."""
        return np.array([self._slot_by_line[line] for line in lines], np.int64)

    def check_rest_blank(self, lines: Iterator[str], chunk: list[str], position: int) -> None:
        """Raise DataError if rows follow a blank line: rows are counted by line."""
        for rest in (chunk, lines):
            if any(line.strip() for line in rest):
                raise DataError(f"line {position + 2} is blank: remove it or fill it in")

    def _parse(self, line: str, number: int) -> int:
        values = _split_line(line, number)
        if len(values) != len(self.names):
            count = "1 value" if len(values) == 1 else f"{len(values)} values"
            raise DataError(f"line {number} has {count}, but the header has {len(self.names)}")
        slot = 0
        for name, value, weight in zip(self.names, values, self._weights, strict=True):
            if value == "1":
                slot += weight
            elif value != "0":
                problem = f'is "{shorten(value)}"' if value else "is empty"
                raise DataError(f"line {number}: {name} {problem}; use 0 or 1")
        return slot


def _split_line(line: str, number: int) -> list[str]:
    try:
        return [value.strip() for value in next(csv.reader([line]))]
    except (csv.Error, StopIteration) as error:
        raise DataError(f"line {number} isn't CSV: {error}") from None
