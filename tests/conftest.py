"""Which tests share a worker and which are measured; databases for tests.

Markers: ``slow`` for what `make unit` leaves out, ``postgres`` (set here) for what needs a server.
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
ORDER = ("unit", "integration", "browser")
# Whose unit tests `make test` measures the coverage of the catalog and the statistics with. To
# measure makes pure Python two to three times as slow.
MEASURED = ("catalog", "compare", "drift", "files", "predict", "stats", "traffic", "training")


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the tests, and mark them by where they are and what they need."""
    items.sort(key=lambda item: _kind(item))
    for item in items:
        if _needs_postgresql(item):
            item.add_marker("postgres")
        is_slow = item.get_closest_marker("slow") is not None
        is_alone = is_slow and _kind(item) == ORDER.index("unit")  # such as a long simulation
        if not is_alone and item.get_closest_marker("xdist_group") is None:
            # They share what their module's fixtures set up
            item.add_marker(pytest.mark.xdist_group(str(item.path.relative_to(TESTS))))
        if is_slow or not _is_measured(item):
            item.add_marker("no_cover")


def _kind(item: pytest.Item) -> int:
    return ORDER.index(item.path.relative_to(TESTS).parts[0])


def _needs_postgresql(item: pytest.Item) -> bool:
    parameters = getattr(getattr(item, "callspec", None), "params", {})
    return "postgresql" in (*getattr(item, "fixturenames", ()), parameters.get("backend"))


def _is_measured(item: pytest.Item) -> bool:
    kind, room, *_ = item.path.relative_to(TESTS).parts
    return kind == "integration" or (kind == "unit" and room in (*MEASURED, "test_cases.py"))


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
