"""Matured events, whose outcome is known, and those of them that are new since a check.

An outcome may arrive days after its event, in clumps, or never, so event times don't show what is
new. The new events are a difference of two sums over ``counts``: all that had matured at the last
check, and all that have by now. This is exact however late outcomes arrive, and its cost doesn't
depend on the number of events.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from webapp.db.database import Database, Link
from webapp.db.schema import Source
from webapp.stats.counts import Counts
from webapp.timing import DAY_MS

Cells = NDArray[np.int64]  # int64[cases, 2]: events with label 0 and with label 1
ALWAYS = 2**53  # later than any time
HISTORY = "(history)"  # suffix after a space, which no version's name contains
Snapshot = Mapping[str, Mapping[str, Sequence[int]]]  # by version, then by case


def read(
    database: Database,
    versions: Sequence[str],
    sources: Sequence[Source],
    cases: int,
    until: int = ALWAYS,
) -> dict[str, Cells]:
    """All matured events of days that ended by ``until`` (ms), by the version that answered.

    For recounted days of a lake, new evidence is included and corrections aren't, so the sums
    never fall. Raises LogUnavailableError.
    """
    with database.reading() as link:
        by_version = {
            version: _sum_sources(link, version, sources, cases, until) for version in versions
        }
        if "lake" in sources:
            for version, cells in by_version.items():
                cells -= _read_sums(link, _CORRECTED, version, cases, until)
    return {version: cells for version, cells in by_version.items() if cells.any()}


def history(
    database: Database, versions: Sequence[str], cases: int, until: int = ALWAYS
) -> dict[str, Cells]:
    """The matured events of lakes that were long past when first counted.

    Their names are the version's with a suffix, so a snapshot can hold both. Raises
    LogUnavailableError.
    """
    with database.reading() as link:
        by_name = {
            f"{version} {HISTORY}": _read_sums(link, _PAST, version, cases, until)
            - _read_sums(link, _PAST_CORRECTED, version, cases, until)
            for version in versions
        }
    return {name: cells for name, cells in by_name.items() if cells.any()}


def by_day(
    database: Database,
    versions: Sequence[str],
    sources: Sequence[Source],
    cases: int,
    until: int = ALWAYS,
) -> dict[str, dict[int, Cells]]:
    """All matured events, by version and day of the event. Raises LogUnavailableError."""
    by_version: dict[str, dict[int, Cells]] = {version: {} for version in versions}
    with database.reading() as link:
        for version, days in by_version.items():
            for source in sources:
                for day, case, label, n in link.run(_BY_DAY, (version, source, until - DAY_MS)):
                    if case < cases:
                        days.setdefault(int(day), empty(cases))[case, label] += n
    return {version: days for version, days in by_version.items() if days}


def waiting(database: Database, versions: Sequence[str], sources: Sequence[Source]) -> int:
    """The number of events without an outcome. Raises LogUnavailableError."""
    select = "SELECT coalesce(sum(n), 0) FROM counts WHERE version = ? AND source = ?"
    with database.reading() as link:
        numbers = [
            link.run(f"{select} AND grain = 'day' AND label < 0", (version, source)).fetchone()[0]
            for version in versions
            for source in sources
        ]
    return int(sum(numbers))


def new_since(before: Snapshot, now: Mapping[str, Cells], cases: int) -> Cells:
    """The events that have matured since ``before``, over all versions: int64[cases, 2].

    All events of a version that ``before`` lacks are new. Traffic removed since then counts as 0,
    never as negative.
    """
    total = empty(cases)
    for version, cells in now.items():
        total += np.maximum(0, cells - unpack(before.get(version, {}), cases))
    return total


def snapshot(before: Snapshot, now: Mapping[str, Cells]) -> dict[str, Any]:
    """The snapshot to store for the next check.

    A version that is missing now keeps its old numbers: if it returns, its past isn't new.
    """
    return dict(before) | {version: pack(cells) for version, cells in now.items()}


def pack(cells: Cells) -> dict[str, list[int]]:
    """The cases that have events, as JSON."""
    return {str(case): [int(n) for n in cells[case]] for case in np.flatnonzero(cells.any(axis=1))}


def unpack(values: Mapping[str, Sequence[int]], cases: int) -> Cells:
    """The inverse of ``pack``; cases beyond ``cases`` are left out."""
    cells = empty(cases)
    for case, both in values.items():
        if int(case) < cases:
            cells[int(case)] = both
    return cells


def as_counts(cells: Cells) -> Counts:
    """The cells as ``Counts``."""
    return Counts(cells.sum(axis=1), cells[:, 1].copy())


def as_cells(counts: Counts) -> Cells:
    """The inverse of ``as_counts``."""
    return np.stack([counts.n - counts.positives, counts.positives], axis=1)


_WHERE = "FROM counts WHERE version = ? AND source = ? AND grain = 'day' AND label >= 0"
_WHERE += " AND period <= ?"
_BY_DAY = f'SELECT period, "case", label, n {_WHERE}'


def _sum_sources(
    link: Link, version: str, sources: Sequence[Source], cases: int, until: int
) -> Cells:
    cells = empty(cases)
    select = f'SELECT "case", label, sum(n) {_WHERE} GROUP BY "case", label'
    for source in sources:
        for case, label, n in link.run(select, (version, source, until - DAY_MS)):
            if case < cases:
                cells[case, label] += int(n)
    return cells


_SUMS = 'SELECT c."case", c.label, sum(c.n) FROM'
_UNTIL = 'c.version = ? AND c.label >= 0 AND c.{} <= ? GROUP BY c."case", c.label'
_ARE_PAST = "lake_periods AS p JOIN {} AS c ON c.dataset = p.dataset AND c.{} = p.day"
_CORRECTED = f"{_SUMS} lake_corrections AS c WHERE {_UNTIL.format('day')}"
_PAST = f"{_SUMS} {_ARE_PAST.format('lake_counts', 'period')} AND c.grain = 'day' "
_PAST += f"WHERE p.history = 1 AND {_UNTIL.format('period')}"
_PAST_CORRECTED = f"{_SUMS} {_ARE_PAST.format('lake_corrections', 'day')} "
_PAST_CORRECTED += f"WHERE p.history = 1 AND {_UNTIL.format('day')}"


def _read_sums(link: Link, select: str, version: str, cases: int, until: int) -> Cells:
    cells = empty(cases)
    for case, label, n in link.run(select, (version, until - DAY_MS)):
        if case < cases:
            cells[case, label] += int(n)
    return cells


def empty(cases: int) -> Cells:
    """Zeros for every case."""
    return np.zeros((cases, 2), np.int64)
