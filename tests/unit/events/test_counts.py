"""Counts as arrays: equal to the log, and cached while nothing changes."""

from __future__ import annotations

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
    first = reader.read(ALL)
    statements: list[str] = []
    real = Link.run

    def run(link: Link, statement: str, values: object = ()) -> object:
        statements.append(statement)
        return real(link, statement, values)  # type: ignore[arg-type]

    monkeypatch.setattr(Link, "run", run)
    assert reader.read(ALL) is first
    assert not [statement for statement in statements if "counts" in statement]
    EventLog(database).record([make_event()])
    reader.read(ALL)
    days = [statement for statement in statements if "period = ?" in statement]
    assert len(days) == 1  # only today is read anew


def test_shared_counts_are_read_only(database: Database) -> None:
    fill(EventLog(database))
    with pytest.raises(ValueError, match="read-only"):
        CountsReader(database).read(ALL)[0, 0] = 1


def test_what_is_kept_has_a_bound(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counts, "_ROWS", 100)
    fill(EventLog(database))
    reader = CountsReader(database)
    one_day = CountsQuery("logit_games_v1", ("api",), DAY - DAY_MS, DAY)
    for query in (one_day, ALL, one_day, ALL):
        assert same(reader.read(query), database, query)
    assert len(reader._answers) == 1
    assert reader._periods == reader._parts == {}
    assert same(reader.read(one_day), database, one_day)
    assert len(reader._periods) == 1
