"""What several modules of unit tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.installation import House
from webapp.db.database import Database
from webapp.db.migrate import migrate


@pytest.fixture
def house(database: Database, address: str, tmp_path: Path) -> House:
    """A log and models to retrain on, in each kind of database."""
    return House(tmp_path, address)


@pytest.fixture
def quick(tmp_path: Path) -> House:
    """The same on SQLite alone."""
    address = f"sqlite:///{tmp_path / 'everycase.db'}"
    database = Database(address)
    migrate(database)
    database.close()
    return House(tmp_path, address)
