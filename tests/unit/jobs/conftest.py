"""What several tests of retraining share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.installation import Installation
from tests.support.labelled_events import record_labelled
from webapp.db.database import Database


@pytest.fixture
def filled_database(sqlite_installation: Installation) -> Iterator[Database]:
    """The database of ``sqlite_installation``, in which 2,500 events have matured."""
    database = Database(sqlite_installation.address)
    record_labelled(database, 2500)
    yield database
    database.close()
