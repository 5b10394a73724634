"""Events made by hand, and what must hold of a log after whatever was done to it."""

from __future__ import annotations

from typing import Any

from webapp.db.database import Database
from webapp.db.ids import new_id
from webapp.events.integrity import check
from webapp.events.record import Event
from webapp.timing import now_ms

VERSION = "logit_games_v1"


def make_event(at: int | None = None, **values: Any) -> Event:
    """An event of now unless ``at`` says otherwise (ms since 1970)."""
    at = now_ms() if at is None else at
    fields = {"source": "api", "version": VERSION, "case": 5, "score": 0.25} | values
    return Event(new_id(at), at, **fields)


def select(database: Database, statement: str) -> list[tuple[Any, ...]]:
    """The rows of a query."""
    with database.reading() as link:
        return [tuple(row) for row in link.run(statement).fetchall()]


def execute(database: Database, *statements: str) -> None:
    """Run SQL in one transaction."""
    with database.writing() as link:
        for statement in statements:
            link.run(statement)


def by_id(database: Database) -> dict[str, tuple[Any, ...]]:
    """Case, version, score, label and request id of every event."""
    rows = select(database, 'SELECT id, "case", version, score, label, request_id FROM events')
    return {str(row[0]): row[1:] for row in rows}


def number_of_events(database: Database) -> int:
    """How many events are in the log."""
    return int(select(database, "SELECT count(*) FROM events")[0][0])


def assert_consistent(database: Database) -> None:
    """``counts`` equals the GROUP BY of ``events``, and holds nothing that is 0 or less."""
    assert check(database) == (0, [])
    assert select(database, "SELECT * FROM counts WHERE n <= 0") == []
