"""Times of the setting CLOCK, as the queue library reads a crontab. All in UTC."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

_FIELDS = ("minute", "hour", "day", "month", "day_of_week")
_MOST_MINUTES = 62 * 24 * 60


def read(text: str) -> Callable[[datetime], bool]:
    """Does a minute match? Raises ValueError that says what is needed."""
    from huey import crontab  # takes a while to import

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


def after(text: str, now: int) -> int | None:
    """The next time (ms); None where there is none within two months."""
    matches = read(text)
    at = datetime.fromtimestamp(now // 60_000 * 60, UTC)
    for _ in range(_MOST_MINUTES):
        at += timedelta(minutes=1)
        if matches(at):
            return int(at.timestamp() * 1000)
    return None
