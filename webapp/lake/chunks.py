"""Which days are counted in one scan: as many as their groups fit in memory."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from webapp.timing import DAY_MS

RECENT_DAYS = 16  # that are counted by the hour: the log keeps 14 days of hours
_GROUPS = 4_000_000  # at most, in one scan
_LABELS = 3


def first_hour(now: int) -> int:
    """The day from which on hours are kept."""
    return now - now % DAY_MS - RECENT_DAYS * DAY_MS


def chunks(days: Sequence[int], cases: int, most: int | None, hours: int) -> Iterator[list[int]]:
    """The days in order, in runs. ``most`` days at once, or as many as groups allow."""
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


def runs(days: Sequence[int], most: int) -> Iterator[list[int]]:
    """The days in order, so many at once."""
    for first in range(0, len(days), most):
        yield list(days[first : first + most])


def due(found: Sequence[int], done: dict[int, int], *, again: bool) -> list[int]:
    """The days to count of those that the source has: what is missing, and what may have grown.

    ``done`` says when a day was counted. One that was not over then is counted anew, and so is the
    last that the source has: more of it may have come.
    """
    if again:
        return list(found)
    last = max(found, default=0)
    return [day for day in found if day == last or done.get(day, 0) < day + DAY_MS]


def spanned(first: int, last: int, since: int | None, until: int | None) -> range:
    """All days from the first to the last, of those asked for."""
    begin = first if since is None else max(first, since)
    end = last + DAY_MS if until is None else min(last + DAY_MS, until)
    return range(begin, end, DAY_MS)


def gone(done: Collection[int], found: Sequence[int], span: range) -> list[int]:
    """Days that were counted once and of which the source has nothing any more."""
    there = set(found)
    return sorted(day for day in done if day in span and day not in there)
