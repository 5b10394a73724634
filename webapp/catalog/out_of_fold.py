"""The file of out-of-fold scores, ``fold,case,n,positives,score``, that training writes.

Each event of the training data is in one fold, with the score of a model that was fitted on the
other folds. So these are what the recipe is worth on events that it hasn't seen.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from webapp.cases import shorten
from webapp.stats.counts import Counts
from webapp.stats.scored_counts import ScoredCounts

COLUMNS = ("fold", "case", "n", "positives", "score")


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
        out_of_fold = _parse(path.read_text("utf-8"), len(baseline.n))
    except OSError as error:
        raise OutOfFoldError(error.strerror or str(error)) from error
    except csv.Error as error:
        raise OutOfFoldError(f"it isn't a CSV file ({error})") from error
    except ValueError as error:
        raise OutOfFoldError(str(error)) from error
    together = out_of_fold.by_case(len(baseline.n))
    if not (
        np.array_equal(together.n, baseline.n)
        and np.array_equal(together.positives, baseline.positives)
    ):
        raise OutOfFoldError("its folds don't add up to the training counts")
    return out_of_fold


def _parse(text: str, cases: int) -> ScoredCounts:
    heads, *rows = csv.reader(text.splitlines() or [""])
    if tuple(heads) != COLUMNS:
        raise ValueError(f"its first row must be {','.join(COLUMNS)}")
    for line, row in enumerate(rows, 2):
        if len(row) != len(COLUMNS):
            raise ValueError(f"line {line} has {len(row)} cells: {shorten(','.join(row))}")
    columns = list(zip(*rows, strict=True)) or [()] * len(COLUMNS)
    fold, case, n, positives = (np.array(column, np.int64) for column in columns[:4])
    scores = np.array(columns[4], np.float64)
    if ((case < 0) | (case >= cases)).any():
        raise ValueError(f"it has a case out of range: 0 to {cases - 1}")
    return ScoredCounts(fold, case, scores, Counts(n, positives))
