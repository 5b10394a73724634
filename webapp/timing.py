"""The current time, and the lengths of an hour and a day, in milliseconds."""

from __future__ import annotations

import time

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


def now_ms() -> int:
    """The current time in ms since 1970, UTC."""
    return time.time_ns() // 1_000_000
