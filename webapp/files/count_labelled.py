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
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from webapp.cases import Features
from webapp.files.counted_message import CountedFile, pack_counts
from webapp.files.csv_reader import parse_csv
from webapp.files.sniff import sniff_kind
from webapp.files.types import BAD, LABEL, BadRow, FileError, Limits, OnProgress, ParsedFile, Unit
from webapp.stats.counts import Counts


@dataclass(frozen=True)
class _LabelledColumns:
    """The columns of a labelled file; the label is the last bit."""

    names: tuple[str, ...]


def count_rows(
    content: bytes, features: Features, limits: Limits, on_progress: OnProgress
) -> CountedFile:
    """Count the rows of a labelled file over the cases of ``features``. Raises FileError."""
    schema = _LabelledColumns((*features.names, LABEL))
    if LABEL in features.names:
        raise FileError(
            f"These versions have an input named {LABEL}, so a file can't hold outcomes as well."
        )
    if sniff_kind(content, limits) == "parquet":
        from webapp.files.parquet_reader import parse_parquet

        return _count_parsed(parse_parquet(content, schema, limits), features, limits)
    from webapp.files import arrow_csv

    plain = arrow_csv.parse_plain_csv(content, schema, limits, on_progress)
    if plain is not None:
        return _count_cases(plain.cases, plain.bad, "line", features, limits)
    return _count_parsed(parse_csv(content, schema, limits, on_progress), features, limits)


def _count_parsed(file: ParsedFile, features: Features, limits: Limits) -> CountedFile:
    return _count_cases(file.cases, file.bad, file.unit, features, limits)


def _count_cases(
    cases: NDArray[np.int32], bad: Sequence[BadRow], unit: Unit, features: Features, limits: Limits
) -> CountedFile:
    tally = np.bincount(cases[cases != BAD], minlength=2 * features.cases)
    negatives, positives = tally.reshape(2, -1)
    counts = Counts(negatives + positives, positives)
    bad_total = len(cases) - counts.total
    return CountedFile(unit, counts, bad_total, tuple(bad[: limits.bad_shown]))


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
