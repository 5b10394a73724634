"""The index of request ids by namespace on PostgreSQL, built before migration 0010 renames it.

Within the migration's transaction nobody could write events until it is built: 43 seconds for
5 million events. Built by itself it holds nobody up, and takes longer.
"""

from __future__ import annotations

from typing import Any

from webapp.db.database import Database

NAME = "events_request_id_by_namespace"
# At once, however many rows there are
_COLUMN = "ALTER TABLE events ADD COLUMN IF NOT EXISTS namespace VARCHAR(32) NOT NULL DEFAULT ''"
_IS_VALID = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)"
_INDEX = (
    f"CREATE UNIQUE INDEX CONCURRENTLY {NAME} ON events (namespace, request_id) "
    "WHERE request_id IS NOT NULL"
)


def build_early(database: Database) -> None:
    """Build the index while others write; go on where an earlier try was cut off.

    Raises LogUnavailableError.
    """
    with database.limitless() as connection:
        is_valid = _is_valid(connection)
        if is_valid is None:
            connection.execute(_COLUMN)
        connection.execute("SET lock_timeout = 0")  # it waits for others, who don't wait for it
        if is_valid is False:  # what was cut off can't be completed
            connection.execute(f"DROP INDEX CONCURRENTLY {NAME}")
        if not is_valid:
            connection.execute(_INDEX)


def _is_valid(connection: Any) -> bool | None:
    """Is the index complete? None if there is none."""
    row = connection.execute(_IS_VALID, (NAME,)).fetchone()
    return None if row is None else bool(row[0])
