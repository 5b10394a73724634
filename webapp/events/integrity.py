"""Check that ``counts`` equals the GROUP BY of ``events`` plus the lakes' counts; rebuild it."""

from __future__ import annotations

from dataclasses import dataclass

from webapp.db.database import Database, Link
from webapp.db.schema import LENGTHS, UNKNOWN
from webapp.events.record import KEY

_KEYS = ", ".join(KEY)


@dataclass(frozen=True)
class Finding:
    """A wrong key of ``counts``: version, source, grain, period, case, label; and both numbers."""

    key: tuple[object, ...]
    counted: int
    events: int


def check(database: Database, limit: int = 20) -> tuple[int, list[Finding]]:
    """The number of wrong keys, and the first ``limit`` of them. Raises LogUnavailableError."""
    with database.reading() as link:
        _lift_time_limit(link)
        return _compare(link, limit)


def repair(database: Database) -> int:
    """Recount all events in one transaction. Returns how many keys were wrong."""
    with database.writing() as link:
        if not link.is_sqlite:
            link.run("LOCK TABLE events, counts, lake_counts IN SHARE ROW EXCLUSIVE MODE")
        _lift_time_limit(link)
        wrong, _ = _compare(link, 1)
        if wrong:
            link.run("DELETE FROM counts")
            link.run(f"INSERT INTO counts ({_KEYS}, n) {_recount()}")
    return wrong


def _lift_time_limit(link: Link) -> None:
    if not link.is_sqlite:  # counting many events takes longer than a request may
        link.run("SET LOCAL statement_timeout = 0")


def _compare(link: Link, limit: int) -> tuple[int, list[Finding]]:
    """Compare in one statement, so that both sides are of the same moment."""
    sides = f"SELECT {_KEYS}, n AS counted, 0 AS found FROM counts UNION ALL "
    sides += f"SELECT {_KEYS}, 0, n FROM ({_recount()}) AS recounted"
    rows = link.run(
        f"SELECT {_KEYS}, sum(counted), sum(found), count(*) OVER () FROM ({sides}) AS sides "
        f"GROUP BY {_KEYS} HAVING sum(counted) <> sum(found) ORDER BY {_KEYS} LIMIT {int(limit)}",
    ).fetchall()
    total = int(rows[0][8]) if rows else 0
    return total, [Finding(tuple(row[:6]), int(row[6]), int(row[7])) for row in rows]


def _recount() -> str:
    """SQL for the GROUP BY of ``events`` at both grains, without pruned hours, plus the counts of
    lakes, whose events are elsewhere.
    """
    parts = [_recount_at(grain, length) for grain, length in LENGTHS.items()]
    return " UNION ALL ".join([*parts, _LAKE])


_LAKE = (
    "SELECT version, 'lake' AS source, grain, period, \"case\", label, sum(n) AS n "
    'FROM lake_counts GROUP BY version, grain, period, "case", label'
)


def _recount_at(grain: str, length: int) -> str:
    period = f"at / {length} * {length}"  # whole numbers; a % would need care in the driver
    label = f"coalesce(label, {UNKNOWN})"
    since = f"coalesce((SELECT since FROM retention WHERE retention.grain = '{grain}'), 0)"
    return (
        f"SELECT version, source, '{grain}' AS grain, {period} AS period, \"case\", "
        f"{label} AS label, count(*) AS n FROM events WHERE {period} >= {since} "
        f'GROUP BY version, source, {period}, "case", {label}'
    )
