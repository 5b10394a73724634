"""Read labelled rows by the reader of all files, ``webapp.files``; later work needs cases only.

Unlike the Compare page, which leaves bad rows out and lists them, this refuses them: what is
learnt, replayed or judged by a command must not depend on rows that nobody looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from webapp.bundle.yes_no import fold_name
from webapp.cases import Features
from webapp.files import labelled
from webapp.files.labelled import LabelledRows
from webapp.files.readings import LABEL, UNKNOWN
from webapp.files.sniff import describe_packing, unpack
from webapp.files.types import MIB, FileError, Limits
from webapp.grammar import pluralize, quantity
from webapp.stats.counts import Counts
from webapp.training.errors import DataError
from webapp.training.rows import LabelledCounts, RowRange, check_columns, complete_range

# No limits but memory: who runs a command owns the machine.
NO_LIMITS = Limits(rows=10**9, bytes=1 << 40, bad_kept=1_000, unpacked=(1 << 20) * MIB)
_LISTED = 3  # bad rows after the first
_EVERY_COLUMN = " (every column but label is an input: leave out those that aren't)"


@dataclass(frozen=True)
class OrderedRows:
    """Rows in the order of the file: int64[n] ``case`` and ``label``, -1 where it is unknown."""

    features: Features
    case: NDArray[np.int64]
    label: NDArray[np.int64]
    rows: RowRange
    notes: tuple[str, ...] = ()  # what was read how

    @property
    def matured(self) -> OrderedRows:
        """The rows whose label is known."""
        is_known = self.label >= 0
        return replace(self, case=self.case[is_known], label=self.label[is_known])

    @property
    def unlabelled(self) -> int:
        """The number of rows without a label."""
        return int((self.label < 0).sum())

    @property
    def counts(self) -> Counts:
        """The rows with a label by case."""
        rows = self.matured
        return Counts.of(rows.case, rows.label, self.features.cases)


def read_columns(path: Path) -> list[str]:
    """The names of a file's columns. Raises DataError."""
    _, content = _read(path)
    with _naming(path):
        return labelled.read_header(content, NO_LIMITS)


def read_ordered(
    path: Path, rows: RowRange, inputs: Features | None = None, *, needs_label: bool = True
) -> OrderedRows:
    """Read a range of rows of a CSV (plain or gzip), workbook or Parquet file. Raises DataError.

    Their inputs are ``inputs``, and other columns are ignored; by default all columns but the
    label. A row of the range that can't be read is an error; a blank label is unknown, and so are
    all where the column is missing and isn't needed.
    """
    packing, content = _read(path)
    with _naming(path):
        header = labelled.read_header(content, NO_LIMITS)
        features = check_columns(header) if inputs is None else inputs
        has_label = fold_name(LABEL) in map(fold_name, header)
        read = labelled.read_rows if needs_label or has_label else labelled.read_unlabelled
        file = read(content, features.names, NO_LIMITS)
    bounds = complete_range(rows, len(file.cases))
    span = slice(bounds.first - 1, bounds.last)
    _check_rows(file, span, _EVERY_COLUMN if inputs is None else "")
    notes = (*packing, *file.notes)
    label, case = np.divmod(file.cases[span].astype(np.int64), features.cases)
    return OrderedRows(features, case, np.where(label == UNKNOWN, -1, label), bounds, notes)


def read_labelled(path: Path, rows: RowRange, inputs: Features | None = None) -> LabelledCounts:
    """Count the rows that ``read_ordered`` reads. Raises DataError."""
    data = read_ordered(path, rows, inputs)
    return LabelledCounts(data.features, data.counts, data.rows, data.unlabelled, data.notes)


def _read(path: Path) -> tuple[tuple[str, ...], bytes]:
    """The note on how a file is packed, and its content, unpacked. Raises DataError."""
    with _naming(path):
        content = path.read_bytes()
        return describe_packing(content), unpack(content, NO_LIMITS)


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Raise DataError, with the file's name, for what is wrong with the file."""
    try:
        yield
    except OSError as error:
        raise DataError(f"{path.name} can't be read: {error.strerror or error}") from error
    except FileError as error:
        raise DataError(f"{path.name}: {error}") from error


def _check_rows(file: LabelledRows, span: slice, hint: str) -> None:
    """Raise DataError for the first bad row of the range; ``hint`` is for values of inputs."""
    wrong = np.flatnonzero(file.cases[span] < 0)
    if not wrong.size:
        return
    row = (span.start or 0) + int(wrong[0])
    before = int((file.cases[:row] < 0).sum())
    where = f"{file.unit} {file.line[row]}"
    if before >= len(file.bad):
        raise DataError(f"{where} can't be read")
    bad = file.bad[before]
    others = _describe_others(file, wrong[1:] + (span.start or 0))
    raise DataError(f"{where}: {bad.message}{others}{hint if bad.field not in ('', LABEL) else ''}")


def _describe_others(file: LabelledRows, rows: NDArray[np.intp]) -> str:
    """How many more rows can't be read, and where the first of them are."""
    if not len(rows):
        return ""
    lines = ", ".join(f"{line:,}" for line in file.line[rows[:_LISTED]])
    etc = ", …" if len(rows) > _LISTED else ""
    unit = pluralize(len(rows), file.unit)
    return f"; {quantity(len(rows), 'more row')} can't be read ({unit} {lines}{etc})"
