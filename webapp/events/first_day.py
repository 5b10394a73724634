"""The first day of a version's traffic."""

from __future__ import annotations

from collections.abc import Sequence

from webapp.db.database import Database
from webapp.db.schema import Source


def find_first_day(database: Database, version: str, sources: Sequence[Source]) -> int | None:
    """The first day (ms) with counts of these sources; None without one.

    Raises LogUnavailableError.
    """
    select = "SELECT min(period) FROM counts WHERE version = ? AND source = ? AND grain = ?"
    with database.reading() as link:
        days = [link.run(select, (version, source, "day")).fetchone()[0] for source in sources]
    return min((int(day) for day in days if day is not None), default=None)
