"""How much one question may read: its time grows with the rows of counts, as its memory doesn't."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from webapp.cases import InputError
from webapp.events.counts import Reading
from webapp.timing import DAY_MS

# Ten inputs have 3,072 rows a day at most, by case and outcome: ten years of them, and a few more.
ROWS = 12_000_000
CELLS = 12_000  # of a table of versions by period


def check(reading: Reading) -> None:
    """Raise InputError if there are too many rows; it says from when on there are few enough."""
    if reading.rows <= ROWS:
        return
    first = find_first(reading)
    mend = "choose one source"
    if first is not None:
        day = datetime.fromtimestamp(-(-first // DAY_MS) * DAY_MS / 1000, UTC).date()
        mend = f"send from={day} or later"
    raise InputError(
        "from",
        f"reaches back over {reading.rows:,} counts by case, and one question reads {ROWS:,} at "
        f"most: {mend}",
    )


def find_first(reading: Reading) -> int | None:
    """The first period (ms) from which on all rows may be read; None if none is."""
    periods, sizes = reading.rows_by_period()
    later_rows = np.cumsum(sizes[::-1])[::-1]
    fits = periods[later_rows <= ROWS]
    return int(fits[0]) if len(fits) else None


def check_table(versions: int, periods: int) -> None:
    """Raise InputError if a table of versions by period would have too many cells."""
    if versions * periods > CELLS:
        raise InputError(
            "every",
            f"gives {periods:,} periods of {versions} versions, and {CELLS:,} cells are the most: "
            "send every=week, fewer days or fewer versions",
        )
