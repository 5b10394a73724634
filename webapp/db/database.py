"""One database, SQLite or PostgreSQL, and the errors that the rest of the app knows."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Any

import psycopg
from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DBAPIError, DisconnectionError, SQLAlchemyError

BUSY_SECONDS = 3  # how long to wait for a lock before saying that the log can't be written
CONNECT_SECONDS = 3
STATEMENT_SECONDS = 25  # that one may take: routers and proxies give up on a request after 30
RESTED_SECONDS = 1.0  # after which a connection is asked whether it still is one
_LOOPBACK = ("", "localhost", "127.0.0.1", "::1")
Values = Sequence[object]


class DatabaseUrlError(ValueError):
    """The address of the database can't be used; says how to mend it."""


class LogUnavailableError(RuntimeError):
    """The event log can't be read or written now: a full disk, a lock, a server that is away."""


class Link:
    """A connection in a transaction. It takes the driver's own way: SQLAlchemy's is for schemas,
    and takes as long for a single event as all the rest.
    """

    def __init__(self, connection: Any, is_sqlite: bool) -> None:
        self._connection = connection
        self.is_sqlite = is_sqlite

    def run(self, statement: str, values: Values = ()) -> Any:
        """Run SQL with values at its question marks: the driver's cursor."""
        if self.is_sqlite:
            return self._connection.execute(statement, values)
        return self._connection.execute(statement.replace("?", "%s"), values or None)

    def run_many(self, statement: str, rows: Sequence[Values]) -> int:
        """Run SQL once for every row of values: how many rows of the table it changed."""
        cursor = self._connection.cursor()
        cursor.executemany(statement if self.is_sqlite else statement.replace("?", "%s"), rows)
        changed = int(cursor.rowcount)
        cursor.close()
        return changed


class Database:
    """An engine with the settings that durable writing needs. Safe in threads, not over a fork.

    ``prepare`` is called before the first use, and again while it fails: a database that was away
    at the start is made ready when it is back.
    """

    def __init__(self, url: str, prepare: Callable[[Database], None] | None = None) -> None:
        self.url = read_url(url)
        self._prepare = prepare
        self._preparing = RLock()
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._engine = _engine(self.url, self.is_sqlite)
        self._alone: Any = None  # the connection of ``run_alone``
        self._observer: Any = None  # that of ``state``
        self._observers = 0  # how many there have been

    @property
    def shown(self) -> str:
        """The address as it may be shown: without its password, wherever that stands."""
        secret = {name: "***" for name in self.url.query if "password" in name.lower()}
        return self.url.update_query_dict(secret).render_as_string(hide_password=True)

    @contextmanager
    def writing(self) -> Iterator[Link]:
        """A transaction, committed at the end. Raises LogUnavailableError."""
        with self._link("BEGIN IMMEDIATE") as link:  # upgraded later, the lock could be refused
            yield link

    @contextmanager
    def reading(self) -> Iterator[Link]:
        """One consistent look. Raises LogUnavailableError."""
        with self._link("BEGIN") as link:
            yield link

    @contextmanager
    def migrating(self) -> Iterator[Connection]:
        """A transaction as SQLAlchemy's tools want it. Raises LogUnavailableError."""
        with translated(), self._engine.begin() as connection:
            if self.is_sqlite:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection

    def run_alone(self, statement: str, values: Values, set_up: str = "") -> None:
        """One statement as a transaction of its own, for one thread at a time.

        In SQLite it has a connection to itself, on which ``set_up`` was run. In PostgreSQL it is
        a single message, without one to begin and one to commit. Raises LogUnavailableError.
        """
        self._make_ready()
        if not self.is_sqlite:
            self._send_alone(statement.replace("?", "%s"), values)
            return
        try:
            if self._alone is None:
                with translated():
                    pooled = self._engine.raw_connection()
                self._alone = pooled.driver_connection
                pooled.detach()
                self._alone.executescript(set_up)
            self._alone.execute(statement, values)
        except sqlite3.Error as error:
            self._close_alone()
            raise LogUnavailableError(_why(error)) from error

    def _send_alone(self, statement: str, values: Values) -> None:
        with translated():
            pooled = self._engine.raw_connection()
            connection: Any = pooled.driver_connection
            try:
                connection.autocommit = True
                connection.execute(statement, values)
                connection.autocommit = False
            except BaseException:
                pooled.invalidate()
                raise
            finally:
                pooled.close()

    def apart(self) -> Any:
        """A connection of the driver's that is the caller's alone, to close. Raises as above."""
        self._make_ready()
        with translated():
            pooled = self._engine.raw_connection()
            connection: Any = pooled.driver_connection
            pooled.detach()
        return connection

    def state(self) -> Hashable:
        """Equal to an earlier one only if nothing was committed in between.

        For one thread at a time. Raises LogUnavailableError.
        """
        if not self.is_sqlite:
            with self.reading() as link:
                return str(link.run("SELECT pg_current_snapshot()::text").fetchone()[0])
        self._make_ready()
        with translated():
            if self._observer is None:  # a connection does not see what it commits itself
                pooled = self._engine.raw_connection()
                self._observer = pooled.driver_connection
                self._observers += 1
                pooled.detach()
            version = self._observer.execute("PRAGMA data_version").fetchone()[0]
            return self._observers, int(version)

    def _close_alone(self) -> None:
        alone, self._alone = self._alone, None
        if alone is not None:
            alone.close()

    @contextmanager
    def _link(self, begin: str) -> Iterator[Link]:
        self._make_ready()
        with translated():
            pooled = self._engine.raw_connection()
            try:
                link = Link(pooled.driver_connection, self.is_sqlite)
                if self.is_sqlite:  # the driver of PostgreSQL begins by itself
                    link.run(begin)
                yield link
                pooled.commit()
            except BaseException:
                pooled.invalidate()  # whatever state it is in, nobody gets it again
                raise
            finally:
                pooled.close()

    def _make_ready(self) -> None:
        if self._prepare is None:
            return
        with self._preparing:
            prepare, self._prepare = self._prepare, None  # it uses the database itself
            try:
                if prepare is not None:
                    prepare(self)
            except BaseException:
                self._prepare = prepare
                raise

    def close(self) -> None:
        """Drop all connections; the next use makes new ones (before a fork, and at the end)."""
        self._close_alone()
        observer, self._observer = self._observer, None
        if observer is not None:
            observer.close()
        self._engine.dispose()


def read_url(text: str) -> URL:
    """The address as SQLAlchemy wants it. Raises DatabaseUrlError."""
    if text.startswith("postgres://"):  # as Heroku writes it
        text = "postgresql://" + text.removeprefix("postgres://")
    try:
        url = make_url(text)
        backend = url.get_backend_name()
    except (ArgumentError, ValueError):
        raise DatabaseUrlError(
            "is not a database address: sqlite:///FILE or postgresql://…"
        ) from None
    if backend == "sqlite":
        return _read_sqlite(url)
    if backend != "postgresql":
        raise DatabaseUrlError(f"names {backend}: only sqlite and postgresql are supported")
    url = url.set(drivername="postgresql+psycopg")
    if "sslmode" not in url.query and not all(map(_is_here, _hosts(url))):
        url = url.update_query_dict({"sslmode": "require"})
    return url


def _read_sqlite(url: URL) -> URL:
    if url.database in (None, "", ":memory:"):
        raise DatabaseUrlError("names no file: what is in memory is lost; use sqlite:///FILE")
    return url.set(drivername="sqlite")


def _hosts(url: URL) -> list[str]:
    """Every host that the driver may connect to; a query can name several."""
    named = [url.host or ""]
    for key in ("host", "hostaddr"):
        value = url.query.get(key, ())
        for part in (value,) if isinstance(value, str) else value:
            named += part.split(",")
    return named


def _is_here(host: str) -> bool:
    return host in _LOOPBACK or host.startswith(("/", "@"))  # sockets


def _engine(url: URL, is_sqlite: bool) -> Engine:
    if not is_sqlite:
        settings = {"connect_timeout": CONNECT_SECONDS, "application_name": "everycase"}
        # What takes for ever must not take a thread with it: network (ms; Linux), lock, query.
        settings["tcp_user_timeout"] = 1000 * BUSY_SECONDS
        limits = {"lock_timeout": BUSY_SECONDS, "statement_timeout": STATEMENT_SECONDS}
        settings["options"] = " ".join(f"-c {name}={s}s" for name, s in limits.items())
        engine = create_engine(url, connect_args=settings, pool_size=8)
        event.listen(engine, "checkout", _ping_rested)
        return engine
    try:
        Path(str(url.database)).parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseUrlError(f"names a file in a folder that can't be made: {error}") from None
    settings = {"timeout": BUSY_SECONDS, "isolation_level": None}
    # Connections come back committed or not at all, so there is nothing to reset.
    engine = create_engine(url, connect_args=settings, pool_reset_on_return=None)
    event.listen(engine, "connect", _set_up_sqlite)
    return engine


def _ping_rested(connection: Any, record: Any, _proxy: object) -> None:
    """Ask a connection whether it is alive, unless it was in use a moment ago.

    To ask each time is a round trip for every event.
    """
    now = time.monotonic()
    if now - record.info.get("used", float("-inf")) > RESTED_SECONDS:
        try:
            connection.execute("SELECT 1")
            connection.rollback()
        except psycopg.Error as error:
            raise DisconnectionError from error  # the pool makes a new one
    record.info["used"] = now


def _set_up_sqlite(connection: Any, _record: object) -> None:
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


@contextmanager
def translated() -> Iterator[None]:
    """Errors of the drivers as LogUnavailableError."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error, psycopg.Error) as error:
        raise LogUnavailableError(_why(error)) from error


def _why(error: Exception) -> str:
    cause = error.orig if isinstance(error, DBAPIError) else error
    return str(cause).strip().splitlines()[0] if str(cause).strip() else type(cause).__name__
