"""What several modules of unit tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.installation import Installation
from webapp.db.database import Database
from webapp.db.migrate import migrate


@pytest.fixture
def installation(database: Database, address: str, tmp_path: Path) -> Installation:
    """A log and models to retrain on, in each kind of database."""
    return Installation(tmp_path, address)


@pytest.fixture
def sqlite_installation(tmp_path: Path) -> Installation:
    """The same on SQLite alone."""
    address = f"sqlite:///{tmp_path / 'everycase.db'}"
    database = Database(address)
    migrate(database)
    database.close()
    return Installation(tmp_path, address)


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """An empty folder of models."""
    (tmp_path / "models").mkdir()
    return tmp_path / "models"
