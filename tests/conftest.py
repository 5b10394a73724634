"""Databases for tests: SQLite files, and databases of one real PostgreSQL server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import postgres
from tests.support.postgres import Postgres
from webapp.db.database import Database
from webapp.db.migrate import migrate


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Postgres]:
    """A PostgreSQL server, started for the first test that asks for it."""
    with postgres.running() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def backend(request: pytest.FixtureRequest) -> str:
    """Both kinds of database, one after the other."""
    return str(request.param)


@pytest.fixture
def address(backend: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a new database without tables."""
    if backend == "sqlite":
        yield f"sqlite:///{tmp_path / 'log' / 'everycase.db'}"
        return
    with request.getfixturevalue("postgresql").fresh() as url:
        yield url


@pytest.fixture
def database(address: str) -> Iterator[Database]:
    """A new database with the tables of today."""
    database = Database(address)
    migrate(database)
    yield database
    database.close()
