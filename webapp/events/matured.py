"""Events whose outcome is known, and those of them that are new.

An outcome may come days after its event, in clumps, or never, so time says little about what is
new. What is new since a check is a difference of two sums over ``counts``: all that had matured
then, and all that has by now. It is exact whatever came late, and costs the same however many
events there are.
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
ALWAYS = 2**53  # no time to come is later
HISTORY = "(history)"  # with a space before it, which no version's name has
Snapshot = Mapping[str, Mapping[str, Sequence[int]]]  # by version, then by case


def read(
    database: Database,
    versions: Sequence[str],
    sources: Sequence[Source],
    cases: int,
    until: int = ALWAYS,
) -> dict[str, Cells]:
    """All that has matured, by the version that answered, of days that were over by ``until`` (ms).

    Days of a lake that were counted again are in it as they were news, not as they were corrected:
    the sums never fall. Raises LogUnavailableError.
    """
    with database.reading() as link:
        found = {version: _of(link, version, sources, cases, until) for version in versions}
        if "lake" in sources:
            for version, cells in found.items():
                cells -= _summed(link, _CORRECTED, version, cases, until)
    return {version: cells for version, cells in found.items() if cells.any()}


def history(
    database: Database, versions: Sequence[str], cases: int, until: int = ALWAYS
) -> dict[str, Cells]:
    """What of it was long past when it was first counted in a lake, under names of its own.

    A snapshot has them beside the versions. Raises LogUnavailableError.
    """
    with database.reading() as link:
        found = {
            f"{version} {HISTORY}": _summed(link, _PAST, version, cases, until)
            - _summed(link, _PAST_CORRECTED, version, cases, until)
            for version in versions
        }
    return {name: cells for name, cells in found.items() if cells.any()}


def by_day(
    database: Database,
    versions: Sequence[str],
    sources: Sequence[Source],
    cases: int,
    until: int = ALWAYS,
) -> dict[str, dict[int, Cells]]:
    """The same by version and day of the event. Raises LogUnavailableError."""
    found: dict[str, dict[int, Cells]] = {version: {} for version in versions}
    with database.reading() as link:
        for version, days in found.items():
            for source in sources:
                for day, case, label, n in link.run(_BY_DAY, (version, source, until - DAY_MS)):
                    if case < cases:
                        days.setdefault(int(day), empty(cases))[case, label] += n
    return {version: days for version, days in found.items() if days}


def waiting(database: Database, versions: Sequence[str], sources: Sequence[Source]) -> int:
    """How many events have no outcome yet. Raises LogUnavailableError."""
    select = "SELECT coalesce(sum(n), 0) FROM counts WHERE version = ? AND source = ?"
    with database.reading() as link:
        found = [
            link.run(f"{select} AND grain = 'day' AND label < 0", (version, source)).fetchone()[0]
            for version in versions
            for source in sources
        ]
    return int(sum(found))


def new_since(before: Snapshot, now: Mapping[str, Cells], cases: int) -> Cells:
    """What has matured since; a version that wasn't there then is all new.

    Traffic that was removed since counts as nothing, never as less than that.
    """
    total = empty(cases)
    for version, cells in now.items():
        total += np.maximum(0, cells - unpack(before.get(version, {}), cases))
    return total


def snapshot(before: Snapshot, now: Mapping[str, Cells]) -> dict[str, Any]:
    """What to keep for the next time.

    A version that is not there now keeps what it had: when it is back, its past is not news.
    """
    return dict(before) | {version: pack(cells) for version, cells in now.items()}


def pack(cells: Cells) -> dict[str, list[int]]:
    """The cases that have events, as JSON takes them."""
    return {str(case): [int(n) for n in cells[case]] for case in np.flatnonzero(cells.any(axis=1))}


def unpack(packed: Mapping[str, Sequence[int]], cases: int) -> Cells:
    """The opposite of ``pack``; cases that are not the model's are left out."""
    cells = empty(cases)
    for case, both in packed.items():
        if int(case) < cases:
            cells[int(case)] = both
    return cells


def as_counts(cells: Cells) -> Counts:
    """As statistics have them."""
    return Counts(cells.sum(axis=1), cells[:, 1].copy())


def as_cells(counts: Counts) -> Cells:
    """The opposite of ``as_counts``."""
    return np.stack([counts.n - counts.positives, counts.positives], axis=1)


_WHERE = "FROM counts WHERE version = ? AND source = ? AND grain = 'day' AND label >= 0"
_WHERE += " AND period <= ?"
_BY_DAY = f'SELECT period, "case", label, n {_WHERE}'


def _of(link: Link, version: str, sources: Sequence[Source], cases: int, until: int) -> Cells:
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


def _summed(link: Link, select: str, version: str, cases: int, until: int) -> Cells:
    cells = empty(cases)
    for case, label, n in link.run(select, (version, until - DAY_MS)):
        if case < cases:
            cells[case, label] += int(n)
    return cells


def empty(cases: int) -> Cells:
    """None of any case."""
    return np.zeros((cases, 2), np.int64)
