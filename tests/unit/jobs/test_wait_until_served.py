"""What can't answer here is registered and not promoted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.installation import Installation
from tests.support.labelled_events import record_labelled
from webapp.catalog.versions import Version
from webapp.db.database import Database
from webapp.db.migrate import migrate
from webapp.db.tables.ledger import Ledger
from webapp.services.context import Services

pytestmark = pytest.mark.filterwarnings("ignore")
NEW = "logit_games_v2"


class Broken:
    """A catalog that knows the new version, which can't answer."""

    def __init__(self, catalog: Any, found: Version) -> None:
        self._catalog = catalog
        self._found = found

    def versions(self) -> tuple[Version, ...]:
        return (*self._catalog.versions(), self._found)

    def get(self, name: str) -> Version | None:
        return self._found if name == NEW else self._catalog.get(name)


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    return Installation(tmp_path, f"sqlite:///{tmp_path / 'everycase.db'}")


@pytest.fixture
def database(installation: Installation) -> Iterator[Database]:
    database = Database(installation.address)
    migrate(database)
    record_labelled(database, 2500)
    yield database
    database.close()


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (Version(NEW, "unavailable", "the model hangs"), "it is unavailable: the model hangs."),
        (Version(NEW, "preparing"), "it is preparing and can't answer yet."),
    ],
)
def test_what_can_not_answer_is_not_promoted(
    installation: Installation,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    found: Version,
    why: str,
) -> None:
    make = Installation.services

    def services(self: Installation) -> Services:
        made = make(self)
        object.__setattr__(made, "catalog", Broken(made.catalog, found))
        return made

    monkeypatch.setattr(Installation, "services", services)
    outcome = installation.run()
    assert (outcome.status, outcome.code) == ("registered", 0)
    assert f"{NEW} is registered and not promoted: {why}" in outcome.explanation
    assert outcome.check is not None
    assert outcome.check.verdict == "promote"
    assert Ledger(database).history() == []
