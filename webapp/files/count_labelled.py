"""Count one labelled file in a limited process (``webapp.limited_process``).

It reads the file from standard input and writes lines of JSON to standard output: its progress,
and at last the counts or the problem with the file. An exit code other than 0 means a crash or an
exceeded limit.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from webapp.cases import Features
from webapp.files import labelled
from webapp.files.counted_message import CountedFile, RowBlock, pack_counts
from webapp.files.labelled import LabelledRows
from webapp.files.readings import LABEL, LabelledColumns
from webapp.files.sniff import describe_packing, sniff_kind, unpack
from webapp.files.types import BAD_LABEL, FileError, Limits, OnProgress
from webapp.stats.counts import Counts


def count_rows(
    content: bytes,
    features: Features,
    limits: Limits,
    on_progress: OnProgress,
    breaks: Sequence[int] = (),
) -> CountedFile:
    """Count the rows of a labelled file over the cases of ``features``.

    A block of rows begins at each of ``breaks``, from 1. Raises FileError.
    """
    if LABEL in features.names:
        raise FileError(
            f"These versions have an input named {LABEL}, so a file can't hold outcomes as well."
        )
    plain = unpack(content, limits)
    rows = _read(plain, features.names, limits, on_progress, in_order=bool(breaks))
    rows = rows._replace(notes=(*describe_packing(content), *rows.notes))
    return _count(rows, features, limits, breaks)


def _read(
    content: bytes,
    inputs: tuple[str, ...],
    limits: Limits,
    on_progress: OnProgress,
    *,
    in_order: bool,
) -> LabelledRows:
    """The rows; in any order where that is faster, and will do."""
    if sniff_kind(content, limits) != "csv":
        return labelled.read_rows(content, inputs, limits)
    from webapp.files import arrow_csv

    plain = arrow_csv.parse_plain_csv(content, LabelledColumns(inputs), limits, on_progress)
    if plain is None or (in_order and not plain.is_ordered):
        return labelled.parse_labelled_csv(content, inputs, limits, on_progress)
    if labelled.mixes_negatives(plain.cases, len(inputs)):
        return labelled.parse_labelled_csv(content, inputs, limits, on_progress)
    cases = labelled.settle_negatives(plain.cases, len(inputs))
    findings = plain.findings
    return LabelledRows(
        "line", np.empty(0, np.int32), cases, plain.bad, findings.describe(), findings.faults
    )


def _count(
    rows: LabelledRows, features: Features, limits: Limits, breaks: Sequence[int]
) -> CountedFile:
    total = len(rows.cases)
    whole = _count_block(rows.cases, 1, total, features)
    inner = sorted({row for row in breaks if 1 < row <= total})
    edges = [1, *inner, total + 1] if breaks and total else []
    return CountedFile(
        unit=rows.unit,
        counts=whole.counts,
        bad_total=whole.bad_total,
        bad=tuple(rows.bad[: limits.bad_shown]),
        bad_labels=whole.bad_labels,
        unknown=whole.unknown,
        notes=rows.notes,
        faults=rows.faults,
        blocks=tuple(
            _count_block(rows.cases[first - 1 : end - 1], first, end - 1, features)
            for first, end in pairwise(edges)
        ),
    )


def _count_block(cases: NDArray[np.int32], first: int, last: int, features: Features) -> RowBlock:
    tally = np.bincount(cases[cases >= 0], minlength=3 * features.cases)
    negatives, positives, unknown = tally.reshape(3, -1)
    return RowBlock(
        first,
        last,
        Counts(negatives + positives, positives),
        int((cases < 0).sum()),
        int((cases == BAD_LABEL).sum()),
        int(unknown.sum()),
    )


def main(arguments: Sequence[str]) -> None:
    """Count the file on standard input; write the result to standard output."""
    params = json.loads(arguments[0])
    limits = Limits(**params["limits"])
    try:
        content = sys.stdin.buffer.read(limits.bytes + 1)
        features, breaks = Features(tuple(params["features"])), params["breaks"]
        result = count_rows(content, features, limits, _report_progress, breaks)
        _write_line(pack_counts(result))
    except FileError as error:
        _write_line({"error": str(error)})
    except MemoryError:
        _write_line({"error": "The file needs more memory than one file may take: split it."})


def _report_progress(read: int, rows: int) -> None:
    _write_line({"read": read, "rows": rows})


def _write_line(values: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(values) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
    os._exit(0)  # Arrow's threads now and then abort a process that ends normally
