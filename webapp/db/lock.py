"""Locks for work that must run once at a time, on however many machines.

A lock is held by a connection (PostgreSQL) or an open file beside the database (SQLite), so it is
released when its process ends, even by a crash: there is nothing to time out or to remove.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from webapp.db.database import Database, LogUnavailableError, translate_errors

Name = str
_KEYS = {"retrain": 3_141_592_654, "alert": 3_141_592_655}
# A machine that lost power never closes its connection, so the server has to probe it.
_KEEP_ALIVE = (
    "tcp_keepalives_idle = 20",
    "tcp_keepalives_interval = 5",
    "tcp_keepalives_count = 3",
)


class BusyError(RuntimeError):
    """Another process holds the lock."""


@contextmanager
def only_one(database: Database, name: Name) -> Iterator[Callable[[], None]]:
    """Hold the named lock. Raises BusyError at once if another process holds it.

    Yields a function that raises LogUnavailableError if the lock has been lost; call it before
    each write that must not happen twice.
    """
    hold = _file_lock if database.is_sqlite else _advisory_lock
    with hold(database, name) as check_lock:
        yield check_lock


@contextmanager
def _advisory_lock(database: Database, name: Name) -> Iterator[Callable[[], None]]:
    connection = database.open_connection()
    try:
        with translate_errors():
            connection.autocommit = True
            for setting in _KEEP_ALIVE:
                connection.execute(f"SET {setting}")
            row = connection.execute("SELECT pg_try_advisory_lock(%s)", (_KEYS[name],)).fetchone()
        if not row[0]:
            raise BusyError(name)

        def check_lock() -> None:
            with translate_errors():
                connection.execute("SELECT 1")

        try:
            yield check_lock
        finally:  # closing releases it, too, but the server may take a moment to notice
            with suppress(LogUnavailableError), translate_errors():
                connection.execute("SELECT pg_advisory_unlock(%s)", (_KEYS[name],))
    finally:
        connection.close()


@contextmanager
def _file_lock(database: Database, name: Name) -> Iterator[Callable[[], None]]:
    place = Path(f"{database.url.database}.{name}.lock")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(place, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise LogUnavailableError(f"{place} can't be written: {error.strerror}") from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BusyError(name) from None
        yield lambda: None  # it can't be lost
    finally:
        os.close(handle)
