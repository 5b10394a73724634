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
from typing import Any

import numpy as np

from webapp.cases import Features
from webapp.files import labelled
from webapp.files.counted_message import CountedFile, pack_counts
from webapp.files.labelled import LabelledRows
from webapp.files.readings import LABEL, LabelledColumns
from webapp.files.sniff import sniff_kind, unpack
from webapp.files.types import BAD_LABEL, FileError, Limits, OnProgress
from webapp.stats.counts import Counts


def count_rows(
    content: bytes, features: Features, limits: Limits, on_progress: OnProgress
) -> CountedFile:
    """Count the rows of a labelled file over the cases of ``features``. Raises FileError."""
    if LABEL in features.names:
        raise FileError(
            f"These versions have an input named {LABEL}, so a file can't hold outcomes as well."
        )
    content = unpack(content, limits)
    return _count(_read(content, features.names, limits, on_progress), features, limits)


def _read(
    content: bytes, inputs: tuple[str, ...], limits: Limits, on_progress: OnProgress
) -> LabelledRows:
    """The rows, in any order where that is faster."""
    if sniff_kind(content, limits) == "parquet":
        return labelled.read_rows(content, inputs, limits)
    from webapp.files import arrow_csv

    plain = arrow_csv.parse_plain_csv(content, LabelledColumns(inputs), limits, on_progress)
    if plain is None or labelled.mixes_negatives(plain.cases, len(inputs)):
        return labelled.parse_labelled_csv(content, inputs, limits, on_progress)
    cases = labelled.settle_negatives(plain.cases, len(inputs))
    return LabelledRows("line", np.empty(0, np.int32), cases, plain.bad)


def _count(rows: LabelledRows, features: Features, limits: Limits) -> CountedFile:
    tally = np.bincount(rows.cases[rows.cases >= 0], minlength=3 * features.cases)
    negatives, positives, unknown = tally.reshape(3, -1)
    return CountedFile(
        unit=rows.unit,
        counts=Counts(negatives + positives, positives),
        bad_total=int((rows.cases < 0).sum()),
        bad=tuple(rows.bad[: limits.bad_shown]),
        bad_labels=int((rows.cases == BAD_LABEL).sum()),
        unknown=int(unknown.sum()),
    )


def main(arguments: Sequence[str]) -> None:
    """Count the file on standard input; write the result to standard output."""
    params = json.loads(arguments[0])
    limits = Limits(**params["limits"])
    try:
        content = sys.stdin.buffer.read(limits.bytes + 1)
        result = count_rows(content, Features(tuple(params["features"])), limits, _report_progress)
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
