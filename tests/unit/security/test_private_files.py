"""The database, its helpers, the queue and the keys can be read by their owner alone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from webapp.db.database import Database
from webapp.db.schema import metadata
from webapp.jobs.queue import FILE, open_queue
from webapp.server.session_files import KEY_FILE, SessionFiles, secret_key


@pytest.fixture(autouse=True)
def _lax_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def modes(folder: Path) -> dict[str, int]:
    return {p.name: p.stat().st_mode & 0o777 for p in folder.rglob("*") if p.is_file()}


def test_a_new_database(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/everycase.db")
    with database.migrating() as connection:
        metadata.create_all(connection)
    database.run_autocommit("CREATE TABLE more (x INTEGER)", ())
    found_modes = modes(tmp_path)
    assert set(found_modes) >= {"everycase.db", "everycase.db-wal"}
    assert set(found_modes.values()) == {0o600}
    database.close()


def test_one_that_everybody_could_read(tmp_path: Path) -> None:
    place = tmp_path / "old.db"
    place.touch(0o644)
    Database(f"sqlite:///{place}").close()
    assert modes(tmp_path) == {"old.db": 0o600}


def test_the_queue_and_the_keys(tmp_path: Path) -> None:
    open_queue(tmp_path)
    secret_key(tmp_path)
    SessionFiles(tmp_path).make_link()
    found_modes = modes(tmp_path)
    assert {FILE, KEY_FILE} <= set(found_modes)
    assert set(found_modes.values()) == {0o600}
