"""What several tests of retraining share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.installation import House
from tests.support.labelled_events import record_labelled
from webapp.db.database import Database


@pytest.fixture
def filled_database(quick: House) -> Iterator[Database]:
    """The database of ``quick``, in which 2,500 events have matured."""
    database = Database(quick.address)
    record_labelled(database, 2500)
    yield database
    database.close()
