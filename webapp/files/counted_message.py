"""Messages between a web process and the process that counts a labelled file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from webapp.cases import Features
from webapp.files.findings import Fault, pack_faults, unpack_faults
from webapp.files.types import MIB, BadRow, Limits, Unit
from webapp.stats.counts import Counts

# Only counts are kept, so the file may be large: a million rows of ten inputs are 22 MB of CSV.
LIMITS = Limits(
    rows=1_000_000, bytes=64 * MIB, bad_shown=50, bad_kept=50, seconds=60.0, memory=1024 * MIB
)


@dataclass(frozen=True)
class RowBlock:
    """Rows ``first`` to ``last`` of a file, from 1, inclusive; the fields are those of the file."""

    first: int
    last: int
    counts: Counts
    bad_total: int
    bad_labels: int
    unknown: int


@dataclass(frozen=True)
class CountedFile:
    """A labelled file as the counts of its good rows.

    ``bad`` are the first of the ``bad_total`` rows that can't be read; in ``bad_labels`` of them
    only the label can't. The ``unknown`` rows without a label are not counted, either. ``blocks``
    divide the rows where versions' training began and ended; empty where none was trained on it.
    ``notes`` say what was read how, ``faults`` what is wrong.
    """

    unit: Unit
    counts: Counts
    bad_total: int
    bad: tuple[BadRow, ...]
    bad_labels: int = 0
    unknown: int = 0
    blocks: tuple[RowBlock, ...] = ()
    notes: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()

    def without(self, spans: Sequence[tuple[int, int]]) -> CountedFile | None:
        """The blocks that have no row in common with ``spans``; None if there are no such blocks.

        ``bad`` are still those of the whole file.
        """
        blocks = [
            block
            for block in self.blocks
            if not any(first <= block.last and block.first <= last for first, last in spans)
        ]
        if not blocks:
            return None
        counts = Counts(
            np.sum([block.counts.n for block in blocks], axis=0),
            np.sum([block.counts.positives for block in blocks], axis=0),
        )
        return replace(
            self,
            counts=counts,
            bad_total=sum(block.bad_total for block in blocks),
            bad_labels=sum(block.bad_labels for block in blocks),
            unknown=sum(block.unknown for block in blocks),
            blocks=tuple(blocks),
        )

    @property
    def rows(self) -> int:
        """The number of all rows, good and bad."""
        return self.counts.total + self.bad_total + self.unknown


def pack_counts(file: CountedFile) -> dict[str, Any]:
    """A counted file as plain values, with only the cases that occur."""
    return {
        "unit": file.unit,
        "counts": _pack(file.counts),
        "bad_total": file.bad_total,
        "bad": [(row.line, row.field, row.message) for row in file.bad],
        "bad_labels": file.bad_labels,
        "unknown": file.unknown,
        "blocks": [{**vars(block), "counts": _pack(block.counts)} for block in file.blocks],
        "notes": list(file.notes),
        "faults": pack_faults(file.faults),
    }


def _pack(counts: Counts) -> list[list[int]]:
    case = np.flatnonzero(counts.n)
    columns: list[list[int]] = np.stack(
        (case, counts.n[case], counts.positives[case]), axis=1
    ).tolist()
    return columns


def _unpack(rows: list[list[int]], cases: int) -> Counts:
    n, positives = np.zeros((2, cases), np.int64)
    table = np.array(rows, np.int64).reshape(-1, 3)
    n[table[:, 0]], positives[table[:, 0]] = table[:, 1], table[:, 2]
    return Counts(n, positives)


def unpack_counts(values: dict[str, Any], cases: int) -> CountedFile:
    """The counted file from the values of ``pack_counts``."""
    return CountedFile(
        unit=values["unit"],
        counts=_unpack(values["counts"], cases),
        bad_total=values["bad_total"],
        bad=tuple(BadRow(*row) for row in values["bad"]),
        bad_labels=values.get("bad_labels", 0),
        unknown=values.get("unknown", 0),
        blocks=tuple(
            RowBlock(**block | {"counts": _unpack(block["counts"], cases)})
            for block in values.get("blocks", ())
        ),
        notes=tuple(values.get("notes", ())),
        faults=unpack_faults(values.get("faults", ())),
    )


def child_arguments(features: Features, limits: Limits, breaks: Sequence[int] = ()) -> list[str]:
    """The command line arguments of the counting process; ``breaks`` begin blocks of rows."""
    params = {"features": features.names, "limits": asdict(limits), "breaks": list(breaks)}
    return [json.dumps(params)]
