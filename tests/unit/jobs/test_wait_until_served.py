"""What can't answer here is registered but not promoted."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.event_logs import promotions
from tests.support.installation import Installation
from webapp.catalog.versions import Version
from webapp.db.database import Database
from webapp.db.tables.ledger import Ledger
from webapp.services.context import Services

pytestmark = pytest.mark.filterwarnings("ignore")
NEW = "logit_games_v2"


class Broken:
    """A catalog that knows the new version, which can't answer."""

    def __init__(self, catalog: Any, entry: Version) -> None:
        self._catalog = catalog
        self._entry = entry

    def versions(self) -> tuple[Version, ...]:
        return (*self._catalog.versions(), self._entry)

    def get(self, name: str) -> Version | None:
        return self._entry if name == NEW else self._catalog.get(name)


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        (Version(NEW, "unavailable", "the model hangs"), "it is unavailable: the model hangs."),
        (Version(NEW, "preparing"), "it is preparing and can't answer yet."),
    ],
)
def test_what_can_not_answer_is_not_promoted(
    sqlite_installation: Installation,
    filled_database: Database,
    monkeypatch: pytest.MonkeyPatch,
    entry: Version,
    why: str,
) -> None:
    make = Installation.services

    def services(self: Installation) -> Services:
        made_services = make(self)
        object.__setattr__(made_services, "catalog", Broken(made_services.catalog, entry))
        return made_services

    monkeypatch.setattr(Installation, "services", services)
    outcome = sqlite_installation.run()
    assert (outcome.status, outcome.code) == ("registered", 0)
    assert f"{NEW} is registered but not promoted: {why}" in outcome.explanation
    assert outcome.check is not None
    assert outcome.check.verdict == "promote"
    assert promotions(Ledger(filled_database)) == []
