"""Counts as arrays: equal to the log, and cached while nothing changes."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from tests.support.events import make_event, select
from webapp.db.database import Database, Link
from webapp.events import counts
from webapp.events.counts import CountRows, CountsQuery, CountsReader
from webapp.events.log import EventLog
from webapp.timing import DAY_MS, now_ms

NOW = now_ms()
DAY = NOW - NOW % DAY_MS
ALL = CountsQuery("logit_games_v1", ("api", "form"), DAY - 10 * DAY_MS, DAY + DAY_MS)


def fill(log: EventLog, seed: int = 0, size: int = 300) -> None:
    rng = np.random.default_rng(seed)
    for source in ("api", "form", "demo"):
        log.record(
            [
                make_event(
                    at=DAY - int(rng.integers(8)) * DAY_MS + int(rng.integers(DAY_MS)),
                    case=int(rng.integers(40)),
                    source=source,
                    version=("logit_games_v1", "other_v1")[int(rng.integers(2))],
                    label=[None, 0, 1][int(rng.integers(3))],
                )
                for _ in range(size)
            ]
        )


def counted_events(database: Database, query: CountsQuery) -> list[tuple[int, ...]]:
    rows = []
    for source in query.sources:
        rows += select(
            database,
            f'SELECT at - at % {DAY_MS} AS day, "case", coalesce(label, -1), count(*) FROM events '
            f"WHERE version = '{query.version}' AND source = '{source}' AND at >= {query.since} "
            f'AND at < {query.until} GROUP BY 1, "case", label ORDER BY 1, 2, 3',
        )
    return [tuple(map(int, row)) for row in rows]


def same(rows: CountRows, database: Database, query: CountsQuery = ALL) -> bool:
    return [tuple(row) for row in rows.tolist()] == counted_events(database, query)


def test_they_are_the_events_of_the_sources_in_order(database: Database) -> None:
    fill(EventLog(database))
    reader = CountsReader(database)
    assert same(reader.read(ALL), database)
    part = CountsQuery("other_v1", ("demo",), DAY - 3 * DAY_MS, DAY - DAY_MS)
    assert same(reader.read(part), database, part)
    assert reader.read(CountsQuery("nobody_v1", ("api",), 0, DAY)).shape == (0, 4)


def test_every_change_is_seen(database: Database, address: str) -> None:
    """Made here or by another process: new events, outcomes, events forgotten."""
    other = Database(address)
    reader, here, there = CountsReader(database), EventLog(database), EventLog(other)
    fill(here)
    assert same(reader.read(ALL), database)
    for log in (here, there, here, there):
        fill(log, seed=1, size=5)
        assert same(reader.read(ALL), database)
        unknown = make_event(at=DAY - 2 * DAY_MS, case=7)
        log.record([unknown])
        assert same(reader.read(ALL), database)
        log.label([(unknown.id, 1)])
        assert same(reader.read(ALL), database)
        log.record([make_event()])  # the quick way
        assert same(reader.read(ALL), database)
    there.forget("form")
    assert same(reader.read(ALL), database)
    other.close()


def test_nothing_is_asked_for_when_nothing_changed(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(EventLog(database))
    reader = CountsReader(database)
    reader.read(ALL)
    statements: list[tuple[str, Any]] = []
    real = Link.run

    def run(link: Link, statement: str, values: Any = ()) -> object:
        statements.append((statement, values))
        return real(link, statement, values)

    monkeypatch.setattr(Link, "run", run)
    mark = reader.open([ALL]).mark
    assert same(reader.read(ALL), database)
    assert not [statement for statement, _ in statements if "FROM counts" in statement]
    EventLog(database).record([make_event()])
    reader.read(ALL)
    assert reader.open([ALL]).mark != mark
    days = [values[-2:] for statement, values in statements if "packed" in statement]
    assert days == [(DAY, DAY)]  # only today is read anew


def test_rows_come_in_blocks_of_whole_periods(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counts, "_BLOCK", 40)
    fill(EventLog(database))
    reading = CountsReader(database).open([ALL])
    blocks = [block.rows for block in reading.blocks()]
    assert len(blocks) > 3
    ends = [(rows[:, 0].min(), rows[:, 0].max()) for rows in blocks]
    assert all(last <= first for (_, last), (first, _) in pairwise(ends))
    assert sum(map(len, blocks)) == reading.rows == len(counted_events(database, ALL))
    assert reading.first == ends[0][0]
    assert CountsReader(database).open([]).first is None


def test_what_is_kept_has_a_bound(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counts, "_ROWS", 100)
    fill(EventLog(database))
    reader = CountsReader(database)
    one_day = CountsQuery("logit_games_v1", ("api",), DAY - DAY_MS, DAY)
    for query in (one_day, ALL, one_day, ALL):
        assert same(reader.read(query), database, query)
        assert sum(len(pack) for _, pack in reader._kept.values()) == reader._kept_rows <= 100
