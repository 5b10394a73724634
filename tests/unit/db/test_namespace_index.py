"""The index of migration 0010 on PostgreSQL holds up no writer, and survives being cut off."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from tests.support.events import make_event, number_of_events
from tests.support.postgres import Postgres
from tests.support.serving import wait_until
from webapp.db import migrate
from webapp.db.database import Database, LogUnavailableError
from webapp.events.log import EventLog

BEFORE = "0009"
_OLD_EVENT = (
    'INSERT INTO events (id, at, source, version, "case", score, request_id) '
    "VALUES (%s, 1000, 'api', 'a_v1', 3, 0.5, %s)"
)
_BUILDING = (
    "SELECT pid FROM pg_stat_activity WHERE datname = current_database() "
    "AND query LIKE 'CREATE UNIQUE INDEX CONCURRENTLY%' AND wait_event_type = 'Lock'"
)


@pytest.fixture
def url(postgresql: Postgres) -> Iterator[str]:
    """A database from before namespaces, with an event."""
    with postgresql.fresh() as url:
        database = Database(url)
        migrate.migrate(database)
        EventLog(database).record([make_event(request_id="first")])
        migrate.undo(database, BEFORE)
        database.close()
        yield url


def run(url: str) -> tuple[str | None, str]:
    """Migrate: the revisions before and after."""
    database = Database(url)
    try:
        return migrate.migrate(database)
    finally:
        database.close()


def builders(link: psycopg.Connection[Any]) -> list[int]:
    return [pid for (pid,) in link.execute(_BUILDING).fetchall()]


def validity(link: psycopg.Connection[Any]) -> list[tuple[str, bool]]:
    """Is each index by request id complete?"""
    names = "('events_request_id', 'events_request_id_by_namespace')"
    return link.execute(
        "SELECT relname, indisvalid FROM pg_index JOIN pg_class ON oid = indexrelid "
        f"WHERE indisunique AND relname IN {names} ORDER BY relname"
    ).fetchall()


def test_events_are_written_while_it_is_built_and_it_may_be_cut_off(url: str) -> None:
    with (
        ThreadPoolExecutor() as pool,
        psycopg.connect(url, autocommit=True) as writer,
        psycopg.connect(url) as reader,  # whose snapshot holds the end of the build back
    ):
        writer.execute("SET lock_timeout = '10s'")
        reader.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        reader.execute("SELECT 1")
        cut = pool.submit(run, url)
        wait_until(lambda: builders(writer), 30, "the index is built")
        writer.execute("SELECT pg_terminate_backend(%s)", builders(writer))
        with pytest.raises(LogUnavailableError):
            cut.result(30)
        assert validity(writer) == [
            ("events_request_id", True),
            ("events_request_id_by_namespace", False),
        ]
        both = [pool.submit(run, url) for _ in range(2)]  # one of them waits, and blocks nothing
        wait_until(lambda: builders(writer), 30, "it is built anew")
        writer.execute(_OLD_EVENT, (make_event().id, "meanwhile"))
        reader.rollback()
        ends = sorted(one.result(30) for one in both)
        assert ends == [(BEFORE, migrate.HEAD), (migrate.HEAD, migrate.HEAD)]
        assert validity(writer) == [("events_request_id", True)]
    database = Database(url)
    retries = [make_event(request_id=name, case=50) for name in ("first", "meanwhile")]
    assert [event.case for event in EventLog(database).record(retries)] == [5, 3]
    assert number_of_events(database) == 2
    database.close()
