"""A fast path for few new events: a single statement is the whole transaction.

Each database call releases the GIL and has to wait to get it back. The five calls of the general
path cost more than the work they do. So in SQLite, events are inserted into a temporary view whose
trigger writes the event and its counts; in PostgreSQL, the counts are written from the rows that
the INSERT of the events returns.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain

from webapp.db.database import Database
from webapp.db.schema import UNKNOWN
from webapp.events.record import EVENT, KEY, RECENT_MS, Event
from webapp.timing import DAY_MS, HOUR_MS

MOST = 16  # events per statement

_COLUMNS = ", ".join(EVENT)
_NEW = ", ".join(f"new.{column}" for column in EVENT)
_KEY = ", ".join(KEY)
_SET_UP = f"""
PRAGMA temp_store = MEMORY;
CREATE TEMP VIEW new_events AS SELECT {_COLUMNS} FROM main.events;
CREATE TEMP TRIGGER write_new_events INSTEAD OF INSERT ON new_events BEGIN
  INSERT INTO events ({_COLUMNS}) VALUES ({_NEW});
  INSERT INTO counts ({_KEY}, n)
    SELECT new.version, new.source, grains.column1, new.at - new.at % grains.column2,
      new."case", coalesce(new.label, {UNKNOWN}), 1
    FROM (VALUES ('day', {DAY_MS}), ('hour', {HOUR_MS})) AS grains WHERE true
    ON CONFLICT ({_KEY}) DO UPDATE SET n = counts.n + 1;
END;
"""
# In the order of the key as Python sorts it, so that two writers can't deadlock.
_POSTGRES = f"""
WITH new AS (INSERT INTO events ({_COLUMNS}) VALUES {{}} RETURNING *)
INSERT INTO counts ({_KEY}, n)
  SELECT version, source, grain, at - at %% width, "case", coalesce(label, {UNKNOWN}), count(*)
  FROM new CROSS JOIN (VALUES ('day', {DAY_MS}), ('hour', {HOUR_MS})) AS grains (grain, width)
  GROUP BY 1, 2, 3, 4, 5, 6
  ORDER BY version COLLATE "C", source COLLATE "C", grain COLLATE "C", 4, 5, 6
  ON CONFLICT ({_KEY}) DO UPDATE SET n = counts.n + excluded.n
"""


def can_insert_fast(events: Sequence[Event]) -> bool:
    """True if the events can be inserted without a lookup: few, recent, without request ids."""
    if len(events) > MOST:
        return False
    recent = time.time() * 1000 - RECENT_MS
    return all(event.request_id is None and event.at > recent for event in events)


def insert_fast(database: Database, events: Sequence[Event]) -> None:
    """Write events and counts. Call from one thread at a time. Raises LogUnavailableError."""
    statement = _statement(len(events), database.is_sqlite)
    database.run_autocommit(statement, tuple(chain.from_iterable(events)), _SET_UP)


@lru_cache
def _statement(count: int, is_sqlite: bool) -> str:
    rows = ", ".join([f"({', '.join('?' * len(EVENT))})"] * count)
    if is_sqlite:
        return f"INSERT INTO new_events ({_COLUMNS}) VALUES {rows}"
    return _POSTGRES.format(rows)
