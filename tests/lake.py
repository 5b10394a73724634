"""Days of a lake made by hand."""

from __future__ import annotations

from webapp.events.lake import LakeRows
from webapp.events.log import now_ms
from webapp.events.schema import DAY_MS, HOUR_MS

VERSION = "logit_games_v1"
TODAY = now_ms() // DAY_MS * DAY_MS


def day_of(
    day: int, cells: dict[tuple[int, int], int], version: str = VERSION, hour: int = 3
) -> LakeRows:
    """How many events there are of each case and label, all in one hour of the day."""
    rows = [(version, day + hour * HOUR_MS, case, label, n) for (case, label), n in cells.items()]
    return LakeRows(*zip(*rows, strict=True)) if rows else LakeRows((), (), (), (), ())
