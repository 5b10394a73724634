"""Days of a lake made by hand."""

from __future__ import annotations

from collections import Counter

from webapp.events.lake.counts import LakeRows
from webapp.events.record import Event
from webapp.services.context import Services
from webapp.services.predict import simulate
from webapp.timing import DAY_MS, HOUR_MS, now_ms

VERSION = "logit_games_v1"
TODAY = now_ms() // DAY_MS * DAY_MS


def day_of(
    day: int, cells: dict[tuple[int, int], int], version: str = VERSION, hour: int = 3
) -> LakeRows:
    """How many events there are of each case and label, all in one hour of the day."""
    rows = [(version, day + hour * HOUR_MS, case, label, n) for (case, label), n in cells.items()]
    return LakeRows(*zip(*rows, strict=True)) if rows else LakeRows((), (), (), (), ())


def fill(services: Services, *, live_days: int = 20) -> None:
    """60 days of drawn traffic: the last of them live, most of the rest in two datasets."""
    now = now_ms()
    services.log.prune(now)
    traffic = simulate.draw(services, now)
    border = TODAY - live_days * DAY_MS
    live = [event._replace(source="api") for event in traffic if event.at >= border]
    if live_days:
        services.log.record_all(live, lambda _events: None)
    parts: dict[tuple[str, int], list[Event]] = {}
    for event in traffic:
        if event.at < border + 5 * DAY_MS:  # the two overlap, as another channel would
            name = ("web-events", "app-events")[event.case % 3 == 0]
            parts.setdefault((name, event.at - event.at % DAY_MS), []).append(event)
    for (name, day), events in parts.items():
        services.lake.put(name, day, _rows(events), at=now - 2 * HOUR_MS)


def _rows(events: list[Event]) -> LakeRows:
    cells = Counter(
        (e.version, e.at - e.at % HOUR_MS, e.case, -1 if e.label is None else e.label)
        for e in events
    )
    return LakeRows(*zip(*((*cell, n) for cell, n in cells.items()), strict=True))
