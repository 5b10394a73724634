"""Score a file: totals and first rows for the page, and the scored CSV.

Nothing is kept between the two: each takes the file's bytes, so any worker can answer.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray

from webapp.cases import Features
from webapp.catalog.prepared import Prepared
from webapp.catalog.versions import Version
from webapp.files.example import example_csv
from webapp.files.findings import Fault
from webapp.files.parse_in_child import parse_in_child
from webapp.files.parse_message import FileCases, ParseRequest, pack_request, read_cases, read_copy
from webapp.files.scored_copy import AddedColumns
from webapp.files.sniff import describe_packing, sniff_kind, unpack
from webapp.files.types import BadRow, FileError, Limits, Unit
from webapp.vocabulary import vocabulary_for

# A packed request -> a packed answer, see files.parse_message.
Parser = Callable[[bytes, Limits], bytes]

LIMITS = Limits()


@dataclass(frozen=True)
class PreviewRow:
    """One scored row; ``training_rows`` have its case, None for a version without a baseline."""

    line: int
    case: int
    probability: float
    training_rows: int | None


@dataclass(frozen=True)
class ScoredFile:
    """Totals and first rows of a scored file. ``unit`` is what ``line`` counts: lines or rows.

    ``mean_probability`` is None when no row could be scored, ``never_seen`` (rows whose case has
    no training row) when the version has no baseline. ``bad`` holds the first of the ``bad_total``
    rows that were left out; the scored CSV has them all. ``faults`` are what is wrong with them,
    and ``notes`` what was read how. ``seconds`` is what scoring took.
    """

    filename: str
    version: str
    unit: Unit
    rows: int
    mean_probability: float | None
    expected_positives: float
    never_seen: int | None
    bad_total: int
    bad: tuple[BadRow, ...]
    preview: tuple[PreviewRow, ...]
    seconds: float
    faults: tuple[Fault, ...] = ()
    notes: tuple[str, ...] = ()


def score_rows(rows: NDArray[np.integer], version: Version) -> NDArray[np.float64]:
    """P(label = 1) float64[n] of rows[n, d] of 0 and 1 in the order of the version's features."""
    prepared = _require_prepared(version)
    return prepared.scores[prepared.features.number(rows)]


def score_file(
    content: bytes,
    filename: str,
    version: Version,
    limits: Limits = LIMITS,
    parse: Parser = parse_in_child,
    clock: Callable[[], float] = time.perf_counter,
) -> ScoredFile:
    """Score a CSV or Parquet file or a workbook. Raises FileError if it can't be used at all."""
    start = clock()
    prepared = _require_prepared(version)
    rows = read_cases(_parse_file(content, prepared, limits, parse))
    scores = prepared.scores[rows.cases]
    training_rows = None if prepared.baseline is None else prepared.baseline.n[rows.cases]
    return ScoredFile(
        filename=base_name(filename),
        version=version.name,
        unit=rows.unit,
        rows=len(scores),
        mean_probability=float(scores.mean()) if len(scores) else None,
        expected_positives=float(scores.sum()),
        never_seen=None if training_rows is None else int((training_rows == 0).sum()),
        bad_total=rows.bad_total,
        bad=rows.bad,
        faults=rows.faults,
        notes=(*describe_packing(content), *rows.notes),
        preview=_preview(rows, prepared, limits.preview),
        seconds=clock() - start,
    )


def scored_csv(
    content: bytes,
    version: Version,
    limits: Limits = LIMITS,
    parse: Parser = parse_in_child,
) -> bytes:
    """The file as CSV: its own columns and rows, then ``added_columns`` and ``error``.

    Bad rows have an empty probability and their message in ``error``. Raises FileError.
    """
    prepared = _require_prepared(version)
    training_rows = [""] * prepared.features.cases
    if prepared.baseline is not None:
        training_rows = [str(n) for n in prepared.baseline.n.tolist()]
    by_case = [
        (repr(score), str(case), training_rows[case], version.name)
        for case, score in enumerate(prepared.scores.tolist())
    ]
    columns = AddedColumns(added_columns(prepared.features), by_case)
    return read_copy(_parse_file(content, prepared, limits, parse, columns))


def added_columns(features: Features) -> tuple[str, ...]:
    """The columns of a scored copy after the file's own: ``training_players`` for games."""
    people = vocabulary_for(features).people
    return ("probability", "case", f"training_{people}", "version")


def scored_name(filename: str) -> str:
    """The name of a file's scored copy: june.parquet -> june_scored.csv."""
    return f"{PurePosixPath(base_name(filename)).stem}_scored.csv"


def _require_prepared(version: Version) -> Prepared:
    if version.prepared is None:
        raise FileError(f"{version.name} can't score a file: it {version.standing}.")
    return version.prepared


def _parse_file(
    content: bytes,
    prepared: Prepared,
    limits: Limits,
    parse: Parser,
    columns: AddedColumns | None = None,
) -> bytes:
    content = unpack(content, limits)
    kind = sniff_kind(content, limits)
    request = ParseRequest(content, kind, prepared.features.names, limits, columns)
    return parse(pack_request(request), limits)


def _preview(rows: FileCases, prepared: Prepared, most: int) -> tuple[PreviewRow, ...]:
    n = None if prepared.baseline is None else prepared.baseline.n
    first_rows = zip(rows.line[:most].tolist(), rows.cases[:most].tolist(), strict=True)
    return tuple(
        PreviewRow(line, case, float(prepared.scores[case]), None if n is None else int(n[case]))
        for line, case in first_rows
    )


def base_name(filename: str) -> str:
    """A file's name without folders and control characters: a browser may send anything."""
    name = PurePosixPath(filename.replace("\\", "/")).name
    name = "".join(c for c in name if c.isprintable()).strip(". ")
    return name[-100:] or "file"


__all__ = [
    "LIMITS",
    "BadRow",
    "FileError",
    "Limits",
    "PreviewRow",
    "ScoredFile",
    "added_columns",
    "example_csv",
    "score_file",
    "score_rows",
    "scored_csv",
    "scored_name",
]
