"""Selects the days to count and splits them into scans whose groups fit in memory."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from webapp.timing import DAY_MS

RECENT_DAYS = 16  # counted by the hour, as the log keeps 14 days of hours
_GROUPS = 4_000_000  # limit for one scan
_LABELS = 3


def first_hour(now: int) -> int:
    """The start of the first day that is counted by the hour."""
    return now - now % DAY_MS - RECENT_DAYS * DAY_MS


def chunks(days: Sequence[int], cases: int, most: int | None, hours: int) -> Iterator[list[int]]:
    """Split days into runs of ``most`` days, or of as many as the limit of groups allows."""
    run: list[int] = []
    groups = 0
    for day in days:
        size = cases * _LABELS * (24 if day >= hours else 1)
        too_many = len(run) >= most if most else groups + size > _GROUPS
        if run and too_many:
            yield run
            run, groups = [], 0
        run.append(day)
        groups += size
    if run:
        yield run


def batches(days: Sequence[int], most: int) -> Iterator[list[int]]:
    """Split days into runs of ``most`` days."""
    for first in range(0, len(days), most):
        yield list(days[first : first + most])


def days_due(days: Sequence[int], counted_at: dict[int, int], *, again: bool) -> list[int]:
    """The days of the source to count: missing ones, and those that may have grown.

    ``counted_at`` is when a day was counted. A day that wasn't over then is counted again, and so
    is the source's last day. ``again`` selects all days.
    """
    if again:
        return list(days)
    last = max(days, default=0)
    return [day for day in days if day == last or counted_at.get(day, 0) < day + DAY_MS]


def day_range(first: int, last: int, since: int | None, until: int | None) -> range:
    """All days from ``first`` to ``last`` within ``[since, until)``."""
    begin = first if since is None else max(first, since)
    end = last + DAY_MS if until is None else min(last + DAY_MS, until)
    return range(begin, end, DAY_MS)


def days_lost(counted_days: Collection[int], days: Sequence[int], span: range) -> list[int]:
    """The counted days in ``span`` of which the source has no events any more."""
    there = set(days)
    return sorted(day for day in counted_days if day in span and day not in there)
