"""Addresses of databases, and the settings that durable writes need."""

from __future__ import annotations

import socket
import sqlite3
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.events import execute, make_event, number_of_events, select
from webapp.app import create_services
from webapp.db.database import (
    BUSY_SECONDS,
    Database,
    DatabaseUrlError,
    LogUnavailableError,
    read_url,
)
from webapp.db.migrate import ensure, migrate
from webapp.events.log import EventLog
from webapp.settings import SettingError, Settings


@pytest.mark.parametrize(
    ("address", "read"),
    [
        ("sqlite:///var/x.db", "sqlite:///var/x.db"),
        ("sqlite:////srv/x.db", "sqlite:////srv/x.db"),
        ("sqlite+aiosqlite:///x.db", "sqlite:///x.db"),
        ("postgresql://localhost/x", "postgresql+psycopg://localhost/x"),
        ("postgresql+psycopg2://localhost/x", "postgresql+psycopg://localhost/x"),
        ("postgres://u@127.0.0.1:5433/x", "postgresql+psycopg://u@127.0.0.1:5433/x"),
        ("postgres://u@[::1]/x", "postgresql+psycopg://u@[::1]/x"),
        ("postgresql:///x", "postgresql+psycopg:///x"),
        ("postgresql:///x?host=/run/pg", "postgresql+psycopg:///x?host=/run/pg"),
    ],
)
def test_addresses_on_this_machine(address: str, read: str) -> None:
    assert read_url(address).render_as_string(hide_password=False).replace("%2F", "/") == read


@pytest.mark.parametrize(
    "address",
    [
        "postgres://u:p@ec2-1.compute.amazonaws.com:5432/x",  # as Heroku writes it
        "postgresql://u:p@10.0.0.1/x",
        "postgresql://localhost.example.com/x",
        "postgresql:///x?host=db.example.com",
        "postgresql:///x?hostaddr=10.0.0.1",
        "postgresql:///x?host=/run/pg,db.example.com",
        "postgresql:///x?host=localhost&host=db.example.com",
        "postgresql://localhost/x?host=db.example.com",
    ],
)
def test_tls_is_required_off_loopback(address: str) -> None:
    assert read_url(address).query["sslmode"] == "require"


@pytest.mark.parametrize("mode", ["verify-full", "disable"])
def test_what_an_address_says_of_tls_holds(mode: str) -> None:
    assert read_url(f"postgresql://db.example.com/x?sslmode={mode}").query["sslmode"] == mode


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ("mysql://u:hunter2@localhost/x", "names mysql: only sqlite and postgresql are supported"),
        ("mssql+pyodbc://u:hunter2@x", "names mssql: only sqlite and postgresql are supported"),
        ("", "is not a database address"),
        ("hunter2", "is not a database address"),
        ("://hunter2", "is not a database address"),
        ("postgresql://u:hunter2@localhost:port/x", "is not a database address"),
        ("sqlite://", "names no file"),
        ("sqlite:///", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("sqlite:////proc/hunter/x.db", "names a folder that can't be created"),
    ],
)
def test_a_wrong_address_is_refused_with_the_fix(address: str, problem: str) -> None:
    with pytest.raises(DatabaseUrlError) as caught:
        Database(address)
    assert str(caught.value).startswith(problem)
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("url", ["postgresql://u:hunter2@localhost:port/x", "sqlite:///"])
def test_a_wrong_address_is_a_wrong_setting(url: str) -> None:
    with pytest.raises(SettingError) as caught:
        create_services(Settings(database_url=url))
    assert str(caught.value).startswith("DATABASE_URL ")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("url", ["mysql://u:hunter2@localhost/x", "hunter2"])
def test_settings_never_show_an_address(url: str) -> None:
    with pytest.raises(SettingError) as caught:
        Settings.read({"DATABASE_URL": url})
    assert str(caught.value) == (
        "DATABASE_URL is not usable: it must be "
        "sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME"
    )
    assert "hunter2" not in repr(Settings(database_url=url))


@pytest.mark.parametrize(
    "url",
    [
        "postgres://ann:hunter2@db.example.com/x",
        "postgresql://db.example.com/x?user=ann&password=hunter2",
        "postgresql:///x?user=ann&sslpassword=hunter2&host=/run/pg",
    ],
)
def test_a_password_is_never_shown(url: str) -> None:
    address = Database(url).display_url
    assert "hunter2" not in address
    assert "***" in address.replace("%2A", "*")
    assert "ann" in address


def test_errors_of_a_server_show_no_password() -> None:
    with socket.socket() as nobody_listens:
        nobody_listens.bind(("127.0.0.1", 0))
        port = nobody_listens.getsockname()[1]
        database = Database(f"postgresql://ann:hunter2@127.0.0.1:{port}/x")
        with pytest.raises(LogUnavailableError) as caught, database.reading():
            pass
    assert "Connection refused" in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_pragmas_are_in_force_on_every_connection(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'new folder' / 'x.db'}")
    with database.reading() as one, database.writing() as two, database.reading() as three:
        for link in (one, two, three):
            assert link.run("PRAGMA journal_mode").fetchone() == ("wal",)
            assert link.run("PRAGMA synchronous").fetchone() == (2,)  # FULL
            assert link.run("PRAGMA foreign_keys").fetchone() == (1,)
            assert link.run("PRAGMA busy_timeout").fetchone() == (1000 * BUSY_SECONDS,)


def test_writing_has_the_lock_from_its_first_moment(tmp_path: Path) -> None:
    file = tmp_path / "x.db"
    database = Database(f"sqlite:///{file}")
    other = sqlite3.connect(file, timeout=0, isolation_level=None)
    with database.reading():
        other.execute("BEGIN IMMEDIATE")
        other.execute("ROLLBACK")
    with database.writing(), pytest.raises(sqlite3.OperationalError, match="locked"):
        other.execute("BEGIN IMMEDIATE")
    other.close()


def test_nothing_stays_of_a_transaction_that_fails(database: Database) -> None:
    with suppress(ZeroDivisionError), database.writing() as link:
        link.run("INSERT INTO retention (grain, since) VALUES (?, ?)", ("hour", 1))
        raise ZeroDivisionError
    assert select(database, "SELECT * FROM retention") == []
    execute(database, "INSERT INTO retention (grain, since) VALUES ('hour', 1)")
    insert = "INSERT INTO retention (grain, since) VALUES "
    with pytest.raises(LogUnavailableError):
        execute(database, f"{insert} ('day', 1)", f"{insert} ('hour', 2)")
    assert select(database, "SELECT * FROM retention") == [("hour", 1)]


def test_a_reading_sees_one_moment(database: Database) -> None:
    if not database.is_sqlite:
        pytest.skip("PostgreSQL's readings are consistent statement by statement")
    log = EventLog(database)
    with database.reading() as link:
        before = link.run("SELECT count(*) FROM events").fetchone()
        log.record([make_event()])
        assert link.run("SELECT count(*) FROM events").fetchone() == before
    assert number_of_events(database) == 1


def test_a_locked_database_is_reported_in_time_and_usable_after(database: Database) -> None:
    log = EventLog(database)
    lock = "SELECT 1" if database.is_sqlite else "LOCK TABLE events IN ACCESS EXCLUSIVE MODE"
    took: list[float] = []

    def try_to_write() -> None:
        start = time.monotonic()
        with pytest.raises(LogUnavailableError):
            log.record([make_event()])
        took.append(time.monotonic() - start)

    with database.writing() as link:
        link.run(lock)
        threads = [threading.Thread(target=try_to_write) for _ in range(6)]
        for thread in threads:
            thread.start()
            time.sleep(0.1)  # they come one after the other, and none waits for all before it
        for thread in threads:
            thread.join()
    assert len(took) == 6
    assert max(took) < BUSY_SECONDS + 1
    log.record([make_event()])
    assert number_of_events(database) == 1


def test_a_full_database_is_reported_and_usable_after(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'x.db'}")
    migrate(database)
    log = EventLog(database)
    with database.reading() as link:  # its connection is the one that writes next
        pages = link.run("PRAGMA page_count").fetchone()[0]
        link.run(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(LogUnavailableError, match="full"):
        log.record([make_event() for _ in range(2000)])
    assert number_of_events(database) == 0
    log.record([make_event() for _ in range(2000)])  # by another connection, without the limit
    assert number_of_events(database) == 2000


@pytest.mark.parametrize("content", [b"not a database, but long enough to look at" * 100])
def test_a_file_that_is_no_database_is_reported(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.db").write_bytes(content)
    database = Database(f"sqlite:///{tmp_path / 'x.db'}", prepare=ensure)
    with pytest.raises(LogUnavailableError, match="not a database"), database.reading():
        pass
    assert (tmp_path / "x.db").read_bytes() == content


def test_what_could_not_be_prepared_is_prepared_later(tmp_path: Path) -> None:
    tries: list[int] = []

    def prepare(database: Database) -> None:
        tries.append(1)
        if len(tries) < 3:
            raise LogUnavailableError("away")
        migrate(database)

    database = Database(f"sqlite:///{tmp_path / 'x.db'}", prepare=prepare)
    for _ in range(2):
        with pytest.raises(LogUnavailableError, match="away"), database.reading():
            pass
    for _ in range(2):
        assert number_of_events(database) == 0
    assert len(tries) == 3
