"""Bring a database to this app's tables, or say why not."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from sqlalchemy import Connection

from webapp.db.database import Database, LogUnavailableError

HEAD = "0007"  # the newest migration; a test compares it with the folder
MIGRATIONS = Path(__file__).with_name("migrations")
# All that this app knows, oldest first
_REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007")
_UNDONE = _REVISIONS[3:-1]  # those that can be gone back to


class MigrationError(LogUnavailableError):
    """The database's tables can't be used by this app; says what to do."""


def revision(database: Database) -> str | None:
    """Where the database stands; None when it has no tables yet. Raises LogUnavailableError."""
    there = "SELECT to_regclass('alembic_version')"
    if database.is_sqlite:
        there = "SELECT max(name) FROM sqlite_master WHERE name = 'alembic_version'"
    with database.reading() as link:
        if link.run(there).fetchone()[0] is None:
            return None
        found = link.run("SELECT version_num FROM alembic_version").fetchone()
    return None if found is None else str(found[0])


def is_current(database: Database) -> bool:
    """Are its tables this app's? Raises MigrationError for a newer one, LogUnavailableError."""
    found = revision(database)
    if found is not None and found not in _REVISIONS:
        raise MigrationError(
            f"the database {database.shown} was made by a newer Everycase (its tables are at "
            f"{found}, this one knows {HEAD}): upgrade Everycase, use another DATABASE_URL, or run "
            f"everycase migrate --to {HEAD} with the newer one"
        )
    return found == HEAD


def migrate(database: Database) -> tuple[str | None, str]:
    """Apply what is missing: the revision before and after. Two at once do it once.

    Raises MigrationError for a newer database, LogUnavailableError when it is away.
    """
    with _alone(database):
        before = revision(database)
        if not is_current(database):
            with database.migrating() as connection:
                if not database.is_sqlite:  # old events may take longer than any request
                    connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
                _command(connection, "upgrade", "head")
    return before, HEAD


def undo(database: Database, target: str) -> tuple[str, str]:
    """Go back to older tables, so that an older app can use them: the revision before and after.

    What only newer ones hold is lost. Raises MigrationError, LogUnavailableError.
    """
    with _alone(database):
        before = revision(database)
        if not is_current(database) or target not in _UNDONE:
            raise MigrationError(
                f"the database {database.shown} is at {before or 'no tables'} and can't go back to "
                f"{target}: from {HEAD} it can, to {', '.join(_UNDONE)}"
            )
        with database.migrating() as connection:
            _command(connection, "downgrade", target)
    return HEAD, target


def ensure(database: Database) -> None:
    """Ready the tables at a start: SQLite's are made, PostgreSQL's must have been.

    Raises MigrationError, LogUnavailableError.
    """
    if is_current(database):
        return
    if not database.is_sqlite:
        raise MigrationError(
            f"the database {database.shown} has no tables of this Everycase yet: "
            "run everycase migrate"
        )
    migrate(database)


def _command(connection: Connection, name: str, target: str) -> None:
    # Imported here: most starts find nothing to do, and it takes as long as the rest of a start.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    getattr(command, name)(config, target)


@contextmanager
def _alone(database: Database) -> Iterator[None]:
    """One migration of a database at a time."""
    if database.is_sqlite:
        with _file_lock(Path(f"{database.url.database}.lock")):
            yield
        return
    with database.migrating() as connection:  # until the end of this transaction
        connection.exec_driver_sql("SET LOCAL lock_timeout = 0")  # wait for the other one
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(3141592653)")
        yield


@contextmanager
def _file_lock(place: Path) -> Iterator[None]:
    with place.open("w") if place.parent.is_dir() else nullcontext() as lock:
        if lock is not None:
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
