"""Migrate a database to this app's schema, or explain why that isn't possible."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from sqlalchemy import Connection

from webapp.db import namespace_index
from webapp.db.database import Database, LogUnavailableError

HEAD = "0014"  # the newest migration; a test compares it with the folder
MIGRATIONS = Path(__file__).with_name("migrations")
# All revisions, oldest first
_REVISIONS = tuple(f"{number:04}" for number in range(1, int(HEAD) + 1))
_NAMESPACES = "0010"
_TRY_LOCK = "SELECT pg_try_advisory_xact_lock(3141592653)"
_LOCK_SECONDS = 0.2  # between two tries
_DOWNGRADE_TARGETS = _REVISIONS[3:-1]


class MigrationError(LogUnavailableError):
    """This app can't use the database's tables; the message says what to do."""


def revision(database: Database) -> str | None:
    """The database's revision, or None if it has no tables yet. Raises LogUnavailableError."""
    there = "SELECT to_regclass('alembic_version')"
    if database.is_sqlite:
        there = "SELECT max(name) FROM sqlite_master WHERE name = 'alembic_version'"
    with database.reading() as link:
        if link.run(there).fetchone()[0] is None:
            return None
        row = link.run("SELECT version_num FROM alembic_version").fetchone()
    return None if row is None else str(row[0])


def is_current(database: Database) -> bool:
    """True if the database is at this app's revision.

    Raises MigrationError if it is newer, LogUnavailableError.
    """
    current = revision(database)
    if current is not None and current not in _REVISIONS:
        raise MigrationError(
            f"the database {database.display_url} was made by a newer Everycase (its tables are "
            f"at {current}, this one knows {HEAD}): upgrade Everycase, use another DATABASE_URL, "
            f"or run everycase migrate --to {HEAD} with the newer one"
        )
    return current == HEAD


def migrate(database: Database) -> tuple[str | None, str]:
    """Apply the missing migrations, once even if two processes start together.

    Returns the revisions before and after. Raises MigrationError if the database is newer,
    LogUnavailableError.
    """
    with _one_at_a_time(database):
        before = revision(database)
        if not is_current(database):
            if not database.is_sqlite and before is not None and before < _NAMESPACES:
                namespace_index.build_early(database)
            with database.migrating() as connection:
                if not database.is_sqlite:  # old events may take longer than any request
                    connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
                _command(connection, "upgrade", "head")
    return before, HEAD


def undo(database: Database, target: str) -> tuple[str, str]:
    """Go back to an older schema, for an older app. Returns the revisions before and after.

    Data that only the newer schema holds is lost. Raises MigrationError, LogUnavailableError.
    """
    with _one_at_a_time(database):
        before = revision(database)
        if not is_current(database) or target not in _DOWNGRADE_TARGETS:
            raise MigrationError(
                f"the database {database.display_url} is at {before or 'no tables'} "
                f"and can't go back to {target}: only from {HEAD}, to one of "
                f"{', '.join(_DOWNGRADE_TARGETS)}"
            )
        with database.migrating() as connection:
            _command(connection, "downgrade", target)
    return HEAD, target


def ensure(database: Database) -> None:
    """Check the tables at startup. SQLite's are created; PostgreSQL's must exist already.

    Raises MigrationError, LogUnavailableError.
    """
    if is_current(database):
        return
    if not database.is_sqlite:
        raise MigrationError(
            f"the database {database.display_url} has no tables of this Everycase yet: "
            "run everycase migrate"
        )
    migrate(database)


def _command(connection: Connection, name: str, target: str) -> None:
    # Imported here: most starts have nothing to migrate, and the import would double their time.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    getattr(command, name)(config, target)


@contextmanager
def _one_at_a_time(database: Database) -> Iterator[None]:
    """One migration of a database at a time."""
    if database.is_sqlite:
        with _file_lock(Path(f"{database.url.database}.lock")):
            yield
        return
    with database.migrating() as connection:  # until the end of this transaction
        # An index that is built beside writers waits for everybody who holds a snapshot. So nobody
        # waits inside a statement, and another one ends what the last SELECT holds
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
        while not connection.exec_driver_sql(_TRY_LOCK).scalar():
            time.sleep(_LOCK_SECONDS)
        connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
        yield


@contextmanager
def _file_lock(path: Path) -> Iterator[None]:
    with path.open("w") if path.parent.is_dir() else nullcontext() as lock:
        if lock is not None:
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
