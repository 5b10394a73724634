"""Which tests are measured; databases for tests.

Markers: ``slow`` for what `make unit` leaves out, ``postgres`` (set here) for what needs a server,
``long`` for files that take a minute or more, which are begun first.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.support import postgres
from tests.support.postgres import Postgres
from webapp.db.database import Database
from webapp.db.migrate import migrate

# How long an example takes says more about what else runs on the machine than about the code
settings.register_profile("everycase", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("everycase")

TESTS = Path(__file__).parent
# The tests of rooms that must be reached in nearly all lines, with those of the commands that are
# about the catalog alone. To measure the others would make them half as slow again
MEASURED = ("catalog", "stats", "test_cases.py", "cli/test_models.py", "cli/test_add.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests by what they need, and those whose coverage isn't measured."""
    for item in items:
        if _needs_postgresql(item):
            item.add_marker("postgres")
        if item.get_closest_marker("slow") is not None or not _is_measured(item):
            item.add_marker("no_cover")
    # Workers take file after file: a long one that comes last is waited for by all others
    long = {item.path for item in items if item.get_closest_marker("long") is not None}
    items.sort(key=lambda item: item.path not in long)


def _needs_postgresql(item: pytest.Item) -> bool:
    parameters = getattr(getattr(item, "callspec", None), "params", {})
    return "postgresql" in (*getattr(item, "fixturenames", ()), parameters.get("backend"))


def _is_measured(item: pytest.Item) -> bool:
    kind, *inner = item.path.relative_to(TESTS).parts
    path = "/".join(inner)
    return kind != "browser" and any(path == one or path.startswith(f"{one}/") for one in MEASURED)


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
