"""One database, SQLite or PostgreSQL, and the errors that it raises to the rest of the app."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Any

import psycopg
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, DisconnectionError, SQLAlchemyError

from webapp.db.address import DatabaseUrlError as DatabaseUrlError
from webapp.db.address import read_url as read_url
from webapp.private_file import make_private

BUSY_SECONDS = 3  # how long to wait for a lock before saying that the log can't be written
CONNECT_SECONDS = 3
STATEMENT_SECONDS = 25  # limit of one statement: routers and proxies end a request after 30 s
IDLE_SECONDS = 1.0  # after which a connection is checked before it is used again
Values = Sequence[object]


class LogUnavailableError(RuntimeError):
    """The event log can't be read or written now: full disk, held lock, unreachable server."""


class Link:
    """A connection in a transaction. It calls the driver directly: for a single event, SQLAlchemy's
    own execution would take as long as everything else together.
    """

    def __init__(self, connection: Any, is_sqlite: bool, memory: dict[str, bool]) -> None:
        self._connection = connection
        self.is_sqlite = is_sqlite
        self.memory = memory  # of the database: facts about it that don't change any more

    def run(self, statement: str, values: Values = ()) -> Any:
        """Run SQL with values for its question marks. Returns the driver's cursor."""
        if self.is_sqlite:
            return self._connection.execute(statement, values)
        return self._connection.execute(statement.replace("?", "%s"), values or None)

    def run_many(self, statement: str, rows: Sequence[Values]) -> int:
        """Run SQL once for each row of values. Returns the number of table rows changed."""
        cursor = self._connection.cursor()
        cursor.executemany(statement if self.is_sqlite else statement.replace("?", "%s"), rows)
        row_count = int(cursor.rowcount)
        cursor.close()
        return row_count


class Database:
    """An engine with the settings that durable writes need. Thread-safe; not usable after a fork.

    ``prepare`` is called before the first use, and again until it succeeds: a database that was
    unavailable at the start is prepared once it is back.
    """

    def __init__(self, url: str, prepare: Callable[[Database], None] | None = None) -> None:
        self.url = read_url(url)
        self._prepare = prepare
        self._preparing = RLock()
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._engine = _engine(self.url, self.is_sqlite)
        self._writer: Any = None  # the connection of ``run_autocommit``
        self._observer: Any = None  # the connection of ``state``
        self._observers = 0  # number of observers opened so far
        self._memory: dict[str, bool] = {}

    @property
    def display_url(self) -> str:
        """The address for messages, without passwords, in the query string either.

        An & that isn't escaped makes parameters of a password's rest, so none after it is shown.
        """
        query: dict[str, Any] = {}
        for name, value in self.url.query.items():
            if "password" in name.lower():
                query[name] = "***"
                break
            query[name] = value
        return self.url.set(query=query).render_as_string(hide_password=True)

    @contextmanager
    def writing(self) -> Iterator[Link]:
        """A transaction, committed at the end. Raises LogUnavailableError."""
        with self._link("BEGIN IMMEDIATE") as link:  # a later upgrade of the lock could fail
            yield link

    @contextmanager
    def reading(self) -> Iterator[Link]:
        """A transaction that reads one consistent state. Raises LogUnavailableError."""
        with self._link("BEGIN") as link:
            yield link

    @contextmanager
    def migrating(self) -> Iterator[Connection]:
        """A transaction as an SQLAlchemy connection, for Alembic. Raises LogUnavailableError."""
        with translate_errors(), self._engine.begin() as connection:
            if self.is_sqlite:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection

    @contextmanager
    def limitless(self) -> Iterator[Any]:
        """A PostgreSQL connection without transactions, for statements of any length.

        Raises LogUnavailableError.
        """
        with translate_errors():
            pool_connection = self._engine.raw_connection()
            connection: Any = pool_connection.driver_connection
            pool_connection.detach()
            try:
                connection.autocommit = True
                connection.execute("SET statement_timeout = 0")
                yield connection
            finally:
                connection.close()

    def run_autocommit(self, statement: str, values: Values, set_up: str = "") -> None:
        """Run one statement as its own transaction. Call from one thread at a time.

        SQLite uses a separate connection, on which ``set_up`` is run first. PostgreSQL gets a
        single message, without a BEGIN and a COMMIT. Raises LogUnavailableError.
        """
        self._make_ready()
        if not self.is_sqlite:
            self._send_autocommit(statement.replace("?", "%s"), values)
            return
        try:
            if self._writer is None:
                with translate_errors():
                    pool_connection = self._engine.raw_connection()
                self._writer = pool_connection.driver_connection
                pool_connection.detach()
                self._writer.executescript(set_up)
            self._writer.execute(statement, values)
        except sqlite3.Error as error:
            self._close_writer()
            raise LogUnavailableError(_error_text(error)) from error

    def _send_autocommit(self, statement: str, values: Values) -> None:
        with translate_errors():
            pool_connection = self._engine.raw_connection()
            connection: Any = pool_connection.driver_connection
            try:
                connection.autocommit = True
                connection.execute(statement, values)
                connection.autocommit = False
            except BaseException:
                pool_connection.invalidate()
                raise
            finally:
                pool_connection.close()

    def open_connection(self) -> Any:
        """A new driver connection, owned and closed by the caller. Raises LogUnavailableError."""
        self._make_ready()
        with translate_errors():
            pool_connection = self._engine.raw_connection()
            connection: Any = pool_connection.driver_connection
            pool_connection.detach()
        return connection

    def state(self) -> Hashable:
        """A token of the stored state: equal to an earlier one only if nothing was committed since.

        Call from one thread at a time. Raises LogUnavailableError.
        """
        if not self.is_sqlite:
            with self.reading() as link:
                return str(link.run("SELECT pg_current_snapshot()::text").fetchone()[0])
        self._make_ready()
        with translate_errors():
            if self._observer is None:  # data_version ignores a connection's own commits
                pool_connection = self._engine.raw_connection()
                self._observer = pool_connection.driver_connection
                self._observers += 1
                pool_connection.detach()
            version = self._observer.execute("PRAGMA data_version").fetchone()[0]
            return self._observers, int(version)

    def _close_writer(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()

    @contextmanager
    def _link(self, begin: str) -> Iterator[Link]:
        self._make_ready()
        with translate_errors():
            pool_connection = self._engine.raw_connection()
            try:
                link = Link(pool_connection.driver_connection, self.is_sqlite, self._memory)
                if self.is_sqlite:  # PostgreSQL's driver begins automatically
                    link.run(begin)
                yield link
                pool_connection.commit()
            except BaseException:
                pool_connection.invalidate()  # its state is unknown, so it isn't reused
                raise
            finally:
                pool_connection.close()

    def _make_ready(self) -> None:
        if self._prepare is None:
            return
        with self._preparing:
            prepare, self._prepare = self._prepare, None  # prepare itself uses the database
            try:
                if prepare is not None:
                    prepare(self)
            except BaseException:
                self._prepare = prepare
                raise

    def close(self) -> None:
        """Close all connections, before a fork or at the end; the next use opens new ones."""
        self._close_writer()
        observer, self._observer = self._observer, None
        if observer is not None:
            observer.close()
        self._engine.dispose()


def _engine(url: URL, is_sqlite: bool) -> Engine:
    if not is_sqlite:
        settings = {"connect_timeout": CONNECT_SECONDS, "application_name": "everycase"}
        # No network (ms; Linux only), lock or query may block a thread forever.
        settings["tcp_user_timeout"] = 1000 * BUSY_SECONDS
        limits = {"lock_timeout": BUSY_SECONDS, "statement_timeout": STATEMENT_SECONDS}
        settings["options"] = " ".join(f"-c {name}={s}s" for name, s in limits.items())
        engine = create_engine(url, connect_args=settings, pool_size=8)
        event.listen(engine, "checkout", _ping_idle)
        return engine
    try:
        Path(str(url.database)).parent.mkdir(parents=True, exist_ok=True)
        make_private(Path(str(url.database)))
    except OSError as error:
        raise DatabaseUrlError(f"names a folder that can't be created: {error}") from None
    settings = {"timeout": BUSY_SECONDS, "isolation_level": None}
    # Connections return to the pool committed or are discarded, so there is nothing to reset.
    engine = create_engine(url, connect_args=settings, pool_reset_on_return=None)
    event.listen(engine, "connect", _set_up_sqlite)
    return engine


def _ping_idle(connection: Any, record: Any, _proxy: object) -> None:
    """Check that a connection is alive, unless it was used a moment ago.

    Checking every time would cost a round trip per event.
    """
    now = time.monotonic()
    if now - record.info.get("used", float("-inf")) > IDLE_SECONDS:
        try:
            connection.execute("SELECT 1")
            connection.rollback()
        except psycopg.Error as error:
            raise DisconnectionError from error  # the pool opens a new one
    record.info["used"] = now


def _set_up_sqlite(connection: Any, _record: object) -> None:
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


@contextmanager
def translate_errors() -> Iterator[None]:
    """Raise the drivers' errors as LogUnavailableError."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error, psycopg.Error) as error:
        raise LogUnavailableError(_error_text(error)) from error


def _error_text(error: Exception) -> str:
    cause = error.orig if isinstance(error, DBAPIError) else error
    return str(cause).strip().splitlines()[0] if str(cause).strip() else type(cause).__name__
