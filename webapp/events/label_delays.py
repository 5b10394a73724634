"""How long the outcomes of each label took, by the age of their events."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from webapp.db.database import Database
from webapp.db.schema import Source
from webapp.timing import DAY_MS

NEWEST = 100_000  # labelled events that are looked at
MOST_DAYS = 400  # older events, and longer delays, count as of this many days


def read(
    database: Database, versions: Sequence[str], sources: Sequence[Source], now: int
) -> NDArray[np.int64]:
    """Known outcomes of the newest labelled events: int64[labels, ages, delays] in whole days.

    The log alone knows when an outcome came: what was counted in a lake is left out. ``now`` in ms.
    Raises LogUnavailableError.
    """
    outcomes = np.zeros((2, MOST_DAYS + 1, MOST_DAYS + 1), np.int64)
    if not versions or not sources:
        return outcomes
    places = [", ".join("?" * len(names)) for names in (versions, sources)]
    newest = (
        "SELECT label, at, labelled_at FROM events WHERE label IS NOT NULL "
        f"AND labelled_at IS NOT NULL AND version IN ({places[0]}) AND source IN ({places[1]}) "
        f"ORDER BY id DESC LIMIT {NEWEST}"
    )
    days = f"({int(now)} - at) / {DAY_MS}, (labelled_at - at) / {DAY_MS}"
    select = f"SELECT label, {days}, count(*) FROM ({newest}) AS e GROUP BY 1, 2, 3"
    with database.reading() as link:
        rows = link.run(select, (*versions, *sources)).fetchall()
    for label, age, delay, n in rows:
        age = min(max(int(age), 0), MOST_DAYS)
        outcomes[int(label), age, min(max(int(delay), 0), age)] += int(n)
    return outcomes
