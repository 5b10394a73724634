"""Which of the events a version was trained on: what it does there is no evidence for it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from webapp.catalog.prepared import Facts
from webapp.services.context import Services
from webapp.services.traffic.pool import TrafficPool

Span = tuple[int, int]  # ms since 1970, [since, until)
_ROWS = re.compile(r"(\d+):(\d+)")


def rows(facts: Facts, sha256: str, first: int, last: int) -> int:
    """How many of these rows of a file it was trained on, numbered from 1."""
    trained = _range(facts.training)
    if trained is None or facts.training.get("sha256") != sha256:
        return 0
    return max(0, min(trained[1], last) - max(trained[0], first) + 1)


def trained_until(facts: Facts) -> int | None:
    """Until when events of the log may have been trained on (ms); None: on none of them."""
    period = facts.training.get("period")
    until = period.get("to") if isinstance(period, dict) else None
    try:
        return int(datetime.fromisoformat(str(until)).timestamp() * 1000) if until else None
    except ValueError:
        return None


def spans(services: Services, pool: TrafficPool, facts: Facts) -> list[Span]:
    """When events came that it was trained on: those of the log until a time, for versions that
    were retrained on it; for others, rows that came as replayed traffic.

    Raises LogUnavailableError.
    """
    until = trained_until(facts)
    if until is not None:
        return [(0, until + 1)]
    trained = _range(facts.training)
    digest = str(facts.training.get("sha256") or "")[:16]
    if trained is None or not digest or "replay" not in pool.sources:
        return []
    found = []
    for version in pool.versions:

        def at(row: int, version: str = version) -> int | None:
            event = services.log.find_request(f"replay:{digest}:{version}:{row}")
            return None if event is None else event.at

        span = _covered(*trained, at)
        if span is not None:
            found.append(span)
    return found


def _range(training: dict[str, Any]) -> tuple[int, int] | None:
    found = _ROWS.fullmatch(str(training.get("rows") or ""))
    return (int(found[1]), int(found[2])) if found else None


def _covered(first: int, last: int, at: Callable[[int], int | None]) -> Span | None:
    """When the rows that were replayed came. A replay sends consecutive rows, so its ends are
    found by halving; one that lies wholly between the two ends is not noticed.
    """
    begin, end = at(first), at(last)
    if begin is None and end is None:
        return None
    if begin is None:
        begin = at(_edge(last, first, at))
    if end is None:
        end = at(_edge(first, last, at))
    assert begin is not None
    assert end is not None
    return begin, end + 1


def _edge(known: int, unknown: int, at: Callable[[int], int | None]) -> int:
    """The last row on the way from a replayed to an unreplayed one that was replayed."""
    while abs(known - unknown) > 1:
        middle = (known + unknown) // 2
        known, unknown = (known, middle) if at(middle) is None else (middle, unknown)
    return known
