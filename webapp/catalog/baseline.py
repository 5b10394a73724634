"""The file of training counts, ``case,n,positives``, as we write it or as a spreadsheet does."""

from __future__ import annotations

import codecs
import csv
import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from webapp.cases import shorten
from webapp.stats.counts import Counts

COLUMNS = ("case", "n", "positives")
_WHOLE = re.compile(
    r"\+?(\d{1,18})(?:[.,]0{0,2})?"
)  # 10, 10.0 or 10,00; but 1.000 may be a thousand
_SEPARATORS = ";\t,|"
_LARGEST = 64 << 20  # bytes


class BaselineError(ValueError):
    """The file can't be used; the message names the row and what is wrong with it."""


def write_counts(path: Path, counts: Counts) -> None:
    """Write counts, one row per case that occurred. Raises OSError."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for case in np.flatnonzero(counts.n):
            writer.writerow([case, counts.n[case], counts.positives[case]])


def read_counts(path: Path, cases: int) -> Counts:
    """Counts of ``cases`` cases, read-only. Raises BaselineError."""
    try:
        if path.stat().st_size > _LARGEST:
            raise BaselineError("it is larger than any table of cases")
        rows = _rows(_decode(path.read_bytes()))
        counts = _fill(rows, cases)
    except OSError as error:
        raise BaselineError(error.strerror or str(error)) from error
    except csv.Error as error:
        raise BaselineError(f"it isn't a CSV file ({error})") from error
    counts.n.flags.writeable = counts.positives.flags.writeable = False
    return counts


def _decode(content: bytes) -> str:
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", "replace")
    return content.decode("utf-8-sig", "replace")


def _rows(text: str) -> list[tuple[int, list[str]]]:
    """The rows that aren't blank, with their line numbers, in the order of COLUMNS."""
    lines = text.splitlines()
    first = next((line for line in lines if line.strip()), "")
    separator = max(_SEPARATORS, key=first.count)
    reader = csv.reader(lines, delimiter=separator)
    table = [(reader.line_num, [cell.strip() for cell in row]) for row in reader]
    table = [(line, row) for line, row in table if any(row)]
    heads = [name.casefold() for name in table[0][1]] if table else []
    for name in COLUMNS:
        if heads.count(name) != 1:
            raise BaselineError(
                f"its first row must name the columns {', '.join(COLUMNS)} once each"
            )
    places = [heads.index(name) for name in COLUMNS]
    return [
        (line, [row[place] if place < len(row) else "" for place in places])
        for line, row in table[1:]
    ]


def _fill(rows: list[tuple[int, list[str]]], cases: int) -> Counts:
    n: NDArray[np.int64] = np.zeros(cases, np.int64)
    positives = np.zeros(cases, np.int64)
    cases_so_far: set[int] = set()
    for line, row in rows:
        case, count, positive = (
            _whole(name, cell, line) for name, cell in zip(COLUMNS, row, strict=True)
        )
        if case >= cases:
            raise BaselineError(f"case {case} in line {line} is out of range: 0 to {cases - 1}")
        if case in cases_so_far:
            raise BaselineError(f"case {case} is repeated in line {line}")
        if positive > count:
            raise BaselineError(f"line {line} has more positives ({positive}) than n ({count})")
        cases_so_far.add(case)
        n[case], positives[case] = count, positive
    if not n.any():
        raise BaselineError("it counts no events")
    return Counts(n, positives)


def _whole(name: str, cell: str, line: int) -> int:
    match = _WHOLE.fullmatch(cell)
    if match is None:
        raise BaselineError(
            f"{name} in line {line} is {shorten(cell) or 'empty'}: write a whole number"
        )
    return int(match[1])
