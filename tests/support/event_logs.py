"""Event logs for tests: SQLite files of their own, with the tables of today."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from itertools import count
from pathlib import Path

from tests.support.versions import HandCatalog
from webapp.catalog.versions import Version
from webapp.db.database import Database
from webapp.db.schema import metadata
from webapp.db.tables.alerts import Alerts
from webapp.db.tables.ledger import Ledger, Promotion
from webapp.events.counts import CountsReader
from webapp.events.log import EventLog
from webapp.services.context import Services

_SHM = Path("/dev/shm")  # a disk would be waited for at every commit
_FOLDER = tempfile.TemporaryDirectory(prefix="everycase-logs-", dir=_SHM if _SHM.is_dir() else None)
_number = count()


def fresh_database() -> Database:
    """A database with empty tables, deleted when the tests end."""
    database = Database(f"sqlite:///{Path(_FOLDER.name) / f'{next(_number)}.db'}")
    with database.migrating() as connection:
        metadata.create_all(connection)
    return database


def promotions(ledger: Ledger) -> list[Promotion]:
    """The ledger's lines that somebody promoted, newest first: without the champion by default."""
    return [line for line in ledger.history() if not line.is_default]


def hand_services(versions: Sequence[Version], database: Database | None = None) -> Services:
    """Services over versions made by hand and an empty log, or that of the database."""
    database = database or fresh_database()
    return Services(
        HandCatalog(versions),
        EventLog(database),
        Ledger(database),
        CountsReader(database),
        Alerts(database),
        database.close,
    )
