"""A table of cases and probabilities, made elsewhere: every case once, each with a probability."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from webapp.bundle.yes_no import fold_name
from webapp.cases import Features
from webapp.catalog.baseline import BaselineError, read_counts
from webapp.catalog.prepared import ROUNDING
from webapp.files.case_table import (
    EVENTS,
    POSITIVES,
    PROBABILITY,
    CaseRows,
    read_case_rows,
    read_names,
)
from webapp.files.readings import LABEL
from webapp.files.types import FileError
from webapp.grammar import pluralize, quantity
from webapp.stats.counts import Counts
from webapp.training.data import NO_LIMITS, read_labelled
from webapp.training.errors import DataError
from webapp.training.rows import RowRange

_LISTED = 10  # cases in a message
_LISTED_ROWS = 3
_CASE = "case"


@dataclass(frozen=True)
class ScoreTable:
    """Probabilities float64[2**d] of all cases, and their training counts if they are known."""

    features: Features
    scores: NDArray[np.float64]
    baseline: Counts | None
    notes: tuple[str, ...] = ()  # what was read how


def read_score_table(path: Path, known_inputs: Iterable[Features] = ()) -> ScoreTable:
    """The table in a CSV, Excel or Parquet file. Raises DataError.

    Its inputs are in the order of ``known_inputs``, if these are the same: the events of versions
    are pooled only if they have one order.
    """
    with _naming(path):
        rows = _reorder(read_case_rows(path.read_bytes(), NO_LIMITS, (PROBABILITY,)), known_inputs)
        _check_cases(rows, is_complete=True)
        _check_range(rows)
        scores = np.empty(rows.features.cases)
        scores[rows.case] = rows.numbers[PROBABILITY].clip(0.0, 1.0)
        baseline = _count(rows) if EVENTS in rows.numbers else None
    return ScoreTable(rows.features, scores, baseline, rows.notes)


def read_case_counts(path: Path, features: Features) -> Counts:
    """Counts from a file of labelled rows, or of ``n`` and ``positives`` by ``case`` or by inputs.

    Cases that it lacks have no events. Raises DataError.
    """
    with _naming(path):
        content = path.read_bytes()
        names = {fold_name(name) for name in read_names(content, NO_LIMITS)}
        if EVENTS in names and POSITIVES in names:
            if _CASE in names and _CASE not in map(fold_name, features.names):
                return read_counts(path, features.cases)
            rows = read_case_rows(content, NO_LIMITS, (EVENTS, POSITIVES), features)
            _check_cases(rows, is_complete=False)
            return _count(rows)
        if LABEL not in names:
            raise FileError(
                f"It needs the columns {EVENTS} and {POSITIVES} beside the inputs, or {LABEL} for "
                "rows of single events."
            )
    return read_labelled(path, RowRange(), features).counts


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Raise DataError, with the file's name, for what is wrong with the file."""
    try:
        yield
    except OSError as error:
        raise DataError(f"{path.name} can't be read: {error.strerror or error}") from error
    except (FileError, BaselineError) as error:
        raise DataError(f"{path.name}: {error}") from error


def _reorder(rows: CaseRows, known_inputs: Iterable[Features]) -> CaseRows:
    own_names = [fold_name(name) for name in rows.features.names]
    for features in known_inputs:
        order = [fold_name(name) for name in features.names]
        if sorted(order) == sorted(own_names) and features != rows.features:
            bits = [(rows.case >> own_names.index(name) & 1) << i for i, name in enumerate(order)]
            return replace(rows, features=features, case=np.sum(bits, axis=0, dtype=np.int32))
        if features == rows.features:
            break
    return rows


def _check_cases(rows: CaseRows, *, is_complete: bool) -> None:
    """Raise FileError for cases that are there twice, and those missing if all must be there."""
    problems = _find_repeats(rows) + (_find_missing(rows) if is_complete else [])
    if problems:
        raise FileError("\n".join(problems))


def _find_repeats(rows: CaseRows) -> list[str]:
    """What is wrong with cases that are there more than once: their rows and what they say."""
    repeats = np.flatnonzero(np.bincount(rows.case, minlength=rows.features.cases) > 1)
    if not repeats.size:
        return []
    lines = [_describe_doubled(rows, case) for case in repeats[:_LISTED].tolist()]
    return [
        f"{quantity(repeats.size, 'case is', 'cases are')} there more than once:",
        *_list(lines, repeats.size),
        "Keep one row of each.",
    ]


def _describe_doubled(rows: CaseRows, case: int) -> str:
    at = np.flatnonzero(rows.case == case)
    unit = pluralize(len(at), rows.unit)
    text = f"{_describe_case(rows.features, case)} in {unit} {_join(rows.line[at].tolist())}"
    for name, values in rows.numbers.items():
        if np.unique(values[at]).size > 1:
            return f"{text}, where {name} is {_join([f'{value:.12g}' for value in values[at]])}"
    return text


def _find_missing(rows: CaseRows) -> list[str]:
    features = rows.features
    is_there = np.bincount(rows.case, minlength=features.cases) > 0
    missing = np.flatnonzero(~is_there)
    if not missing.size:
        return []
    verb = pluralize(missing.size, "is", "are")
    lines = [_describe_case(features, case) for case in missing[:_LISTED].tolist()]
    return [
        f"{missing.size:,} of {quantity(features.cases, 'case')} {verb} missing:",
        *_list(lines, missing.size),
        f"Add a row for each, with its probability.{_hint(rows)}",
    ]


def _hint(rows: CaseRows) -> str:
    """What may be meant where inputs have one value in all rows."""
    constant = [
        f"{name} is {rows.case[0] >> i & 1}"
        for i, name in enumerate(rows.features.names)
        if np.ptp(rows.case >> i & 1) == 0
    ]
    if not constant:
        return ""
    return f" In every row {_join(constant)}: leave columns out that are no inputs."


def _check_range(rows: CaseRows) -> None:
    values = rows.numbers[PROBABILITY]
    bad = np.flatnonzero(~((values >= -ROUNDING) & (values <= 1 + ROUNDING)))
    if not bad.size:
        return
    lines = ", ".join(f"{line:,}" for line in rows.line[bad[1 : 1 + _LISTED_ROWS]])
    more = f" ({quantity(bad.size - 1, 'more row')}: {lines}" if bad.size > 1 else ""
    more += f"{', …' if bad.size > 1 + _LISTED_ROWS else ''})" if more else ""
    percent = " Are these percent? Write them with a % sign, or divide them by 100."
    is_percent = values.min() >= 0 and 1 < values.max() <= 100
    raise FileError(
        f"{rows.unit.capitalize()} {rows.line[bad[0]]:,}: {PROBABILITY} is {values[bad[0]]:.9g}, "
        f"which isn't between 0 and 1{more}.{percent if is_percent else ''}"
    )


def _count(rows: CaseRows) -> Counts:
    n, positives = (rows.numbers[name].astype(np.int64) for name in (EVENTS, POSITIVES))
    bad = np.flatnonzero(positives > n)
    if bad.size:
        row = bad[0]
        raise FileError(
            f"{rows.unit.capitalize()} {rows.line[row]:,} has more {POSITIVES} ({positives[row]:,})"
            f" than {EVENTS} ({n[row]:,})."
        )
    if not n.any():
        raise FileError(f"{EVENTS} counts no events: leave {EVENTS} and {POSITIVES} out.")
    of_all = Counts(*np.zeros((2, rows.features.cases), np.int64))
    of_all.n[rows.case], of_all.positives[rows.case] = n, positives
    return of_all


def _describe_case(features: Features, case: int) -> str:
    return ", ".join(f"{name}={value}" for name, value in features.row(case).items())


def _list(lines: Sequence[str], total: int) -> list[str]:
    more = [f"and {total - len(lines):,} more"] if total > len(lines) else []
    return [f"  {line}" for line in (*lines, *more)]


def _join(items: Sequence[object]) -> str:
    first, last = ", ".join(map(str, items[:-1])), str(items[-1])
    return f"{first} and {last}" if first else last
