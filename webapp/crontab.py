"""The setting CLOCK: five fields as in a crontab, in UTC."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

_FIELDS = ("minute", "hour", "day", "month", "day_of_week")
_MAX_MINUTES = 62 * 24 * 60


def read_crontab(text: str) -> Callable[[datetime], bool]:
    """A predicate of minutes: True if one matches. Raises ValueError, see ``settings.parsers``."""
    from huey import crontab  # slow to import

    parts = text.split()
    if len(parts) != len(_FIELDS):
        raise ValueError("five fields as in a crontab, such as 0 3 * * *")
    try:
        matches: Callable[[datetime], bool] = crontab(
            **dict(zip(_FIELDS, parts, strict=True)), strict=True
        )
    except ValueError as error:
        raise ValueError(f"five fields as in a crontab, such as 0 3 * * * ({error})") from None
    return matches


def next_time(text: str, now: int) -> int | None:
    """The next matching minute after ``now`` (both ms since 1970); None within two months."""
    matches = read_crontab(text)
    at = datetime.fromtimestamp(now // 60_000 * 60, UTC)
    for _ in range(_MAX_MINUTES):
        at += timedelta(minutes=1)
        if matches(at):
            return int(at.timestamp() * 1000)
    return None
