"""Count one labelled file in a limited process (``webapp.limited_process``).

The file comes on standard input. What goes to standard output is lines of JSON: how far it is,
and at last the counts, or what is wrong with the file. An exit code other than 0 means a crash or
a limit.
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
from webapp.files.counted_message import Counted, packed
from webapp.files.csv_reader import parse_csv
from webapp.files.sniff import kind_of
from webapp.files.types import BAD, LABEL, BadRow, FileError, Limits, Parsed, Tell, Unit
from webapp.stats.counts import Counts


@dataclass(frozen=True)
class _Labelled:
    """The columns of a labelled file; the label is the last bit."""

    names: tuple[str, ...]


def count(content: bytes, features: Features, limits: Limits, tell: Tell) -> Counted:
    """The counts over the cases of ``features``. Raises FileError."""
    wanted = _Labelled((*features.names, LABEL))
    if LABEL in features.names:
        raise FileError(f"An input of the versions is named {LABEL}: rows can't say both.")
    if kind_of(content, limits) == "parquet":
        from webapp.files.parquet_reader import parse_parquet

        return _counted(parse_parquet(content, wanted, limits), features, limits)
    from webapp.files import arrow_csv

    quick = arrow_csv.parse(content, wanted, limits, tell)
    if quick is not None:
        return _of(quick.cases, quick.bad, "line", features, limits)
    return _counted(parse_csv(content, wanted, limits, tell), features, limits)


def _counted(parsed: Parsed, features: Features, limits: Limits) -> Counted:
    return _of(parsed.cases, parsed.bad, parsed.unit, features, limits)


def _of(
    cases: NDArray[np.int32], bad: Sequence[BadRow], unit: Unit, features: Features, limits: Limits
) -> Counted:
    tally = np.bincount(cases[cases != BAD], minlength=2 * features.cases)
    negatives, positives = tally.reshape(2, -1)
    counts = Counts(negatives + positives, positives)
    bad_total = len(cases) - counts.total
    return Counted(unit, counts, bad_total, tuple(bad[: limits.bad_shown]))


def main(told: Sequence[str]) -> None:
    """Answer standard input on standard output."""
    asked = json.loads(told[0])
    limits = Limits(**asked["limits"])
    try:
        content = sys.stdin.buffer.read(limits.bytes + 1)
        found = count(content, Features(tuple(asked["features"])), limits, _tell)
        _say(packed(found))
    except FileError as error:
        _say({"error": str(error)})
    except MemoryError:
        _say({"error": "The file needs more memory than one file may take: split it."})


def _tell(read: int, rows: int) -> None:
    _say({"read": read, "rows": rows})


def _say(values: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(values) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
    os._exit(0)  # Arrow's threads abort a process now and then that ends in the usual way
