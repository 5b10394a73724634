"""Check that the counts of datasets still add up to what was counted; repair the wrong days.

The lake itself isn't read: days that are wrong have to be counted again.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from webapp.db.database import Database, Link
from webapp.events.lake.counts import DAMAGED, FORGOTTEN

_SIDES = (
    "SELECT dataset, day, events, labelled, 0 AS n, 0 AS known FROM lake_periods UNION ALL "
    "SELECT dataset, period, 0, 0, n, CASE WHEN label >= 0 THEN n ELSE 0 END FROM lake_counts "
    "WHERE grain = 'day'"
)
_WRONG = (
    f"SELECT dataset, day, sum(events), sum(labelled), sum(n), sum(known) FROM ({_SIDES}) AS sides "
    "GROUP BY dataset, day HAVING sum(events) <> sum(n) OR sum(labelled) <> sum(known) "
    "ORDER BY dataset, day"
)
_TAKE = (
    "INSERT INTO lake_periods (dataset, day, events, labelled, digest, counted_at, history) "
    "VALUES (?, ?, ?, ?, ?, 0, 0) ON CONFLICT (dataset, day) DO UPDATE "
    "SET events = excluded.events, labelled = excluded.labelled, digest = excluded.digest"
)


class WrongDay(NamedTuple):
    """A day with wrong counts: events that were ``counted``, and events ``held`` by the log."""

    dataset: str
    day: int
    counted: int
    held: int


def check(database: Database) -> list[WrongDay]:
    """The wrong days, by dataset and day. Raises LogUnavailableError."""
    with database.reading() as link:
        return [WrongDay(row[0], int(row[1]), int(row[2]), int(row[4])) for row in _wrong(link)]


def repair(database: Database) -> list[WrongDay]:
    """Reset the totals of wrong days to what is held, and mark them as uncounted.

    The next count of the dataset then replaces them by the lake's counts. Returns those days.
    Raises LogUnavailableError.
    """
    with database.writing() as link:
        if not link.is_sqlite:
            link.run("LOCK TABLE lake_periods, lake_counts IN SHARE ROW EXCLUSIVE MODE")
        rows = _wrong(link)
        for dataset, day, _, _, events, with_label in rows:
            digest = DAMAGED if events else FORGOTTEN
            link.run(_TAKE, (dataset, day, int(events), int(with_label), digest))
    return [WrongDay(row[0], int(row[1]), int(row[2]), int(row[4])) for row in rows]


def _wrong(link: Link) -> list[tuple[Any, ...]]:
    if not link.is_sqlite:  # adding up years of counts takes longer than a request may
        link.run("SET LOCAL statement_timeout = 0")
    return [tuple(row) for row in link.run(_WRONG).fetchall()]
