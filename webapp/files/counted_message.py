"""Messages between a web process and the process that counts a labelled file."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from webapp.cases import Features
from webapp.files.types import MIB, BadRow, Limits, Unit
from webapp.stats.counts import Counts

# Only counts are kept, so the file may be large: a million rows of ten inputs are 22 MB of CSV.
LIMITS = Limits(
    rows=1_000_000, bytes=64 * MIB, bad_shown=50, bad_kept=50, seconds=60.0, memory=1024 * MIB
)


@dataclass(frozen=True)
class CountedFile:
    """A labelled file as the counts of its good rows.

    ``bad`` are the first of the ``bad_total`` rows that can't be read; in ``bad_labels`` of them
    only the label can't. The ``unknown`` rows without a label are not counted, either.
    """

    unit: Unit
    counts: Counts
    bad_total: int
    bad: tuple[BadRow, ...]
    bad_labels: int = 0
    unknown: int = 0

    @property
    def rows(self) -> int:
        """The number of all rows, good and bad."""
        return self.counts.total + self.bad_total + self.unknown


def pack_counts(file: CountedFile) -> dict[str, Any]:
    """A counted file as plain values, with only the cases that occur."""
    case = np.flatnonzero(file.counts.n)
    columns = (case, file.counts.n[case], file.counts.positives[case])
    return {
        "unit": file.unit,
        "counts": np.stack(columns, axis=1).tolist(),
        "bad_total": file.bad_total,
        "bad": [(row.line, row.field, row.message) for row in file.bad],
        "bad_labels": file.bad_labels,
        "unknown": file.unknown,
    }


def unpack_counts(values: dict[str, Any], cases: int) -> CountedFile:
    """The counted file from the values of ``pack_counts``."""
    n, positives = np.zeros((2, cases), np.int64)
    rows = np.array(values["counts"], np.int64).reshape(-1, 3)
    n[rows[:, 0]], positives[rows[:, 0]] = rows[:, 1], rows[:, 2]
    bad = tuple(BadRow(*row) for row in values["bad"])
    counts, more = Counts(n, positives), (values.get("bad_labels", 0), values.get("unknown", 0))
    return CountedFile(values["unit"], counts, values["bad_total"], bad, *more)


def child_arguments(features: Features, limits: Limits) -> list[str]:
    """The command line arguments of the counting process."""
    return [json.dumps({"features": features.names, "limits": asdict(limits)})]
