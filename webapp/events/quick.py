"""The quick way into a SQLite log for single events: one statement is the whole transaction.

Each call of SQLite lets other threads run Python, and then has to wait until they let go again.
Five calls for an event, as in the general way, cost more than what they do. So the event goes into
a view of this connection alone, whose trigger writes the event and its counts.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain

from webapp.events.database import Database
from webapp.events.record import EVENT, RECENT_MS, Event
from webapp.events.schema import DAY_MS, HOUR_MS, UNKNOWN

MOST = 16  # events a statement

_COLUMNS = ", ".join(EVENT)
_NEW = ", ".join(f"new.{column}" for column in EVENT)
SET_UP = f"""
PRAGMA temp_store = MEMORY;
CREATE TEMP VIEW new_events AS SELECT {_COLUMNS} FROM main.events;
CREATE TEMP TRIGGER write_new_events INSTEAD OF INSERT ON new_events BEGIN
  INSERT INTO events ({_COLUMNS}) VALUES ({_NEW});
  INSERT INTO counts (version, source, grain, period, "case", label, n)
    SELECT new.version, new.source, grains.column1, new.at - new.at % grains.column2,
      new."case", coalesce(new.label, {UNKNOWN}), 1
    FROM (VALUES ('day', {DAY_MS}), ('hour', {HOUR_MS})) AS grains WHERE true
    ON CONFLICT (version, source, grain, period, "case", label) DO UPDATE SET n = counts.n + 1;
END;
"""


def is_quick(database: Database, events: Sequence[Event]) -> bool:
    """May these events take this way? Retries and old ones have to be looked at."""
    if not database.is_sqlite or len(events) > MOST:
        return False
    recent = time.time() * 1000 - RECENT_MS
    return all(event.request_id is None and event.at > recent for event in events)


def write_quickly(database: Database, events: Sequence[Event]) -> None:
    """Write them with their counts, for one thread at a time. Raises LogUnavailableError."""
    database.run_alone(SET_UP, _insert(len(events)), tuple(chain.from_iterable(events)))


@lru_cache
def _insert(count: int) -> str:
    row = f"({', '.join('?' * len(EVENT))})"
    return f"INSERT INTO new_events ({_COLUMNS}) VALUES {', '.join([row] * count)}"
