"""Times in requests: RFC 3339 with a time zone, or milliseconds since 1970."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from webapp.cases import InputError, shorten

SLACK_MS = 300_000  # that another clock may be ahead of ours
OLDEST_MS = 946_684_800_000  # 1 January 2000
_RFC_3339 = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})", re.ASCII
)


def read_moment(field: str, value: Any, now: int) -> int:
    """Milliseconds since 1970, UTC. Raises InputError, also for an implausible time."""
    at = _read(field, value)
    if at < OLDEST_MS:
        raise InputError(field, f"is {shorten(value)}, before 2000: are these milliseconds?")
    if at > now + SLACK_MS:
        raise InputError(
            field, f"is {shorten(value)}, more than 5 minutes in the future: check the clock"
        )
    return at


def _read(field: str, value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and _RFC_3339.fullmatch(value):
        try:
            moment = datetime.fromisoformat(value.upper().replace(" ", "T"))
            return int(moment.timestamp() * 1000)
        except (ValueError, OverflowError):
            pass
    raise InputError(
        field,
        f"is {shorten(value)}: send a time with its zone such as 2026-11-21T13:00:00Z, "
        "or whole milliseconds since 1970",
    )
