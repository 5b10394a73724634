"""The time now, and the lengths of a day and an hour, all in milliseconds."""

from __future__ import annotations

import time

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


def now_ms() -> int:
    """The time now in the log's unit."""
    return time.time_ns() // 1_000_000
