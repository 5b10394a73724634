"""The file of out-of-fold scores, ``fold,case,n,positives,score``, that training writes.

Each event of the training data is in one fold, with the score of a model that was fitted on the
other folds. So these are what the recipe is worth on events that it hasn't seen.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import TextIO

import numpy as np

from webapp.cases import shorten
from webapp.stats.counts import Counts
from webapp.stats.scored_counts import ScoredCounts

COLUMNS = ("fold", "case", "n", "positives", "score")
_ROW = np.dtype([(name, np.float64 if name == "score" else np.int64) for name in COLUMNS])
_NO_ROWS = np.empty(0, _ROW)


class OutOfFoldError(ValueError):
    """The file can't be used; the message says what is wrong with it."""


def write_out_of_fold(path: Path, out_of_fold: ScoredCounts) -> None:
    """Write one row per fold and case that occurred, scores to the last bit. Raises OSError."""
    counts = out_of_fold.counts
    columns = (out_of_fold.fold, out_of_fold.case, counts.n, counts.positives, out_of_fold.scores)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(zip(*(column.tolist() for column in columns), strict=True))


def read_out_of_fold(path: Path, baseline: Counts) -> ScoredCounts:
    """What was written. Raises OutOfFoldError, also if its events aren't the baseline's."""
    try:
        with path.open(encoding="utf-8") as file:
            out_of_fold = _parse(file, len(baseline.n))
    except OSError as error:
        raise OutOfFoldError(error.strerror or str(error)) from error
    except ValueError as error:
        raise OutOfFoldError(str(error)) from error
    together = out_of_fold.by_case(len(baseline.n))
    if not (
        np.array_equal(together.n, baseline.n)
        and np.array_equal(together.positives, baseline.positives)
    ):
        raise OutOfFoldError("its folds don't add up to the training counts")
    return out_of_fold


def _parse(file: TextIO, cases: int) -> ScoredCounts:
    if file.readline().rstrip("\n") != ",".join(COLUMNS):
        raise ValueError(f"its first row must be {','.join(COLUMNS)}")
    rows, table = _check_lines(file), _NO_ROWS
    first = next(rows, None)
    if first is not None:  # line by line into numbers: as text the cells take 100 MB
        table = np.loadtxt(chain([first], rows), _ROW, delimiter=",", comments=None, ndmin=1)
    fold, case, n, positives, scores = (table[name].copy() for name in COLUMNS)
    if ((case < 0) | (case >= cases)).any():
        raise ValueError(f"it has a case out of range: 0 to {cases - 1}")
    return ScoredCounts(fold, case, scores, Counts(n, positives))


def _check_lines(file: TextIO) -> Iterator[str]:
    """The lines after the first one. Raises ValueError for one without a cell per column."""
    for number, line in enumerate(file, 2):
        cells = line.rstrip("\n").split(",")
        if len(cells) != len(COLUMNS):
            raise ValueError(f"line {number} has {len(cells)} cells: {shorten(','.join(cells))}")
        yield line
