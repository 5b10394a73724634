"""The events that a version was trained on: its performance there is no evidence."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from webapp.catalog.prepared import Facts
from webapp.events.namespaces import REPLAY
from webapp.services.context import Services
from webapp.services.traffic.pool import TrafficPool

Span = tuple[int, int]  # ms since 1970, [since, until); or rows, first and last
_ROWS = re.compile(r"(\d+):(\d+)")


def count_rows(facts: Facts, sha256: str, first: int, last: int) -> int:
    """The number of a file's rows ``first`` to ``last`` (from 1) that it was trained on."""
    training = find_rows(facts, sha256)
    if training is None:
        return 0
    return max(0, min(training[1], last) - max(training[0], first) + 1)


def find_rows(facts: Facts, sha256: str) -> Span | None:
    """The first and the last row of a file that the version was trained on; None if on none."""
    return _range(facts.training) if facts.training.get("sha256") == sha256 else None


def names_rows(facts: Facts) -> bool:
    """True if the facts name the rows of a file that the version was trained on."""
    return bool(facts.training.get("sha256")) and _range(facts.training) is not None


def trained_until(facts: Facts) -> int | None:
    """The end of the log's events that the version was trained on (ms); None if on none of them."""
    period = facts.training.get("period")
    until = period.get("to") if isinstance(period, dict) else None
    try:
        return int(datetime.fromisoformat(str(until)).timestamp() * 1000) if until else None
    except ValueError:
        return None


def find_spans(services: Services, pool: TrafficPool, facts: Facts) -> list[Span]:
    """The times of the pool's events that the version was trained on.

    For a version retrained on the log these are all events until a time, for others the rows that
    were replayed. Raises LogUnavailableError.
    """
    until = trained_until(facts)
    if until is not None:
        return [(0, until + 1)]
    training = _range(facts.training)
    digest = str(facts.training.get("sha256") or "")[:16]
    if training is None or not digest or "replay" not in pool.sources:
        return []
    times = []
    for version in pool.versions:

        def at(row: int, version: str = version) -> int | None:
            event = services.log.find_request(f"replay:{digest}:{version}:{row}", REPLAY)
            return None if event is None else event.at

        span = _find_span(*training, at)
        if span is not None:
            times.append(span)
    return times


def _range(training: dict[str, Any]) -> tuple[int, int] | None:
    """The first and the last training row of a file; None where unknown."""
    match = _ROWS.fullmatch(str(training.get("rows") or ""))
    return (int(match[1]), int(match[2])) if match else None


def _find_span(first: int, last: int, at: Callable[[int], int | None]) -> Span | None:
    """The time in which rows were replayed; None if neither the first nor the last one was.

    A replay sends consecutive rows, so its ends are found by bisection. A replay that lies wholly
    between the two rows goes unnoticed. ``at`` returns a row's time, None if it wasn't replayed.
    """
    begin, end = at(first), at(last)
    if begin is not None and end is None:
        end = _time_of_edge(first, begin, last, at)
    elif end is not None and begin is None:
        begin = _time_of_edge(last, end, first, at)
    return None if begin is None or end is None else (begin, end + 1)


def _time_of_edge(row: int, time: int, other: int, at: Callable[[int], int | None]) -> int:
    """The time of the last replayed row on the way from ``row``, which was, to one that wasn't."""
    while abs(row - other) > 1:
        middle = (row + other) // 2
        middle_time = at(middle)
        if middle_time is None:
            other = middle
        else:
            row, time = middle, middle_time
    return time
