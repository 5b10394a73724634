"""Who answers before anybody promoted a version: decided once, and never by a new arrival."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.event_logs import fresh_database, hand_services
from tests.support.versions import HandCatalog, broken, ready
from webapp.catalog.age import read_creation
from webapp.catalog.versions import Version
from webapp.db.database import Database, LogUnavailableError
from webapp.db.tables.alerts import Alerts
from webapp.db.tables.ledger import RETRY_SECONDS, DefaultChampion, Ledger
from webapp.services.context import Services
from webapp.services.models import ledger as models_ledger
from webapp.services.models.champion import make_champion
from webapp.services.predict import version_choice

OLD, NEW, NEWEST = 1_000, 2_000, 3_000


def name_of(services: Services) -> str | None:
    version = version_choice.champion(services)
    return version.name if version else None


def restarted(services: Services, *versions: Version) -> Services:
    """Another process on the same database, which sees these versions."""
    database = services.log.database
    return replace(services, catalog=HandCatalog(versions), ledger=Ledger(database))


def test_a_registered_version_that_sorts_first_is_not_champion() -> None:
    own = ready("own_v1", created_at=OLD)
    services = hand_services([own])
    assert name_of(services) == "own_v1"
    later = restarted(services, own, ready("logit_own_v1", created_at=NEW))
    assert name_of(later) == "own_v1"
    (line,) = later.ledger.history()
    assert (line.version, line.previous, line.actor) == ("own_v1", None, "default")
    assert line.is_default
    assert "only version" in line.reason


def test_of_several_versions_the_oldest_is_the_default_whatever_it_is_called() -> None:
    versions = [ready("a_v1", created_at=NEW), ready("z_v1", created_at=OLD), ready("b_v1")]
    services = hand_services(versions)
    assert name_of(services) == "z_v1"
    assert services.ledger.history()[0].reason == "the oldest of 3 versions, made on 1970-01-01"


def test_the_apps_own_default_comes_before_older_versions() -> None:
    services = hand_services(
        [ready("a_v1", created_at=OLD), ready("logit_games_v1", created_at=NEW)]
    )
    assert name_of(services) == "logit_games_v1"
    assert services.ledger.history()[0].evidence == {"default": "named"}


def test_an_older_version_is_waited_for_and_one_that_can_not_be_served_is_not() -> None:
    new, old = ready("a_v1", created_at=NEW), Version("z_v1", "preparing", created=OLD)
    services = hand_services([new, old, broken("b_v1", "torn")])
    with pytest.raises(version_choice.VersionNotReadyError, match="z_v1 is preparing"):
        version_choice.resolve(services, None)
    assert services.ledger.history() == []
    without_it = restarted(services, new, broken("z_v1", "torn"))
    assert name_of(without_it) == "a_v1"
    assert name_of(restarted(services, new, ready("z_v1", created_at=OLD))) == "a_v1"


def test_a_removed_or_renamed_champion_is_reported_and_not_replaced() -> None:
    services = hand_services([ready("own_v1", created_at=OLD), ready("b_v1", created_at=NEW)])
    assert name_of(services) == "own_v1"
    new_process = restarted(
        services, ready("new_v1", created_at=OLD), ready("b_v1", created_at=NEW)
    )
    problem = "own_v1 is unavailable: it is not in the models folder; restore it, or promote"
    with pytest.raises(version_choice.VersionNotReadyError, match=problem):
        version_choice.resolve(new_process, None)
    make_champion(new_process, "b_v1", actor="ann")
    assert name_of(new_process) == "b_v1"
    assert new_process.ledger.history()[0].previous == "own_v1"
    kinds = [entry.kind for entry in models_ledger.ledger(new_process)]
    assert kinds == ["promoted", "default"]


def test_a_promotion_of_the_default_is_a_line_of_its_own() -> None:
    services = hand_services([ready("own_v1"), ready("z_v1")])
    assert name_of(services) == "own_v1"
    make_champion(services, "own_v1", actor="ann", reason="it is good")
    make_champion(services, "z_v1", actor="ann")
    make_champion(services, "own_v1", actor="bob")
    entries = models_ledger.ledger(services)
    assert [entry.kind for entry in entries] == ["rolled back", "promoted", "promoted", "default"]


def test_all_who_decide_at_once_agree() -> None:
    database = fresh_database()
    ledgers = [Ledger(Database(str(database.url))) for _ in range(8)]

    def decide(number: int) -> str | None:
        default = DefaultChampion(f"v{number}_v1", "", {})
        return ledgers[number].decide_default(lambda: default)

    with ThreadPoolExecutor(8) as pool:
        names = list(pool.map(decide, range(8)))
    (line,) = Ledger(database).history()
    assert set(names) == {line.version}


class ReadOnly(Database):
    """A database that can be read and not written, until ``is_closed`` is cleared."""

    is_closed = True

    def writing(self):  # type: ignore[no-untyped-def]
        if self.is_closed:
            raise LogUnavailableError("attempt to write a readonly database")
        return super().writing()


def test_without_a_writable_database_the_first_choice_stands_until_it_can_be_written() -> None:
    now = 0.0
    database = ReadOnly(str(fresh_database().url))
    services = hand_services([ready("own_v1", created_at=NEW)])
    services = replace(services, ledger=Ledger(database, clock=lambda: now))
    assert name_of(services) == "own_v1"
    older = replace(services, catalog=HandCatalog([ready("a_v1", created_at=OLD), ready("own_v1")]))
    assert name_of(older) == "own_v1"
    empty_folder = replace(services, catalog=HandCatalog([ready("a_v1", created_at=OLD)]))
    assert version_choice.champion(empty_folder).status == "unavailable"  # type: ignore[union-attr]
    database.is_closed = False
    assert name_of(older) == "own_v1"
    assert services.ledger.history() == []  # it is not tried at every request
    now += RETRY_SECONDS
    assert name_of(older) == "own_v1"
    assert [line.version for line in services.ledger.history()] == ["own_v1"]


def test_a_default_is_no_promotion_for_the_webhook() -> None:
    services = hand_services([ready("own_v1"), ready("z_v1")])
    alerts = Alerts(services.log.database)
    assert alerts.note_promotions() == 0
    assert name_of(services) == "own_v1"
    assert alerts.note_promotions() == 0
    make_champion(services, "z_v1", actor="ann")
    assert alerts.note_promotions() == 1


@pytest.mark.parametrize("quote", ["'", "", '"'])
def test_when_a_model_was_made_is_what_mlflow_noted(tmp_path: Path, quote: str) -> None:
    text = f"signature:\n  inputs: x\nutc_time_created: {quote}2026-11-23 06:12:44.488975{quote}\n"
    (tmp_path / "MLmodel").write_text(text)
    assert read_creation(tmp_path) == 1_795_414_364_488


def test_without_a_note_it_is_when_its_file_was_written_here(tmp_path: Path) -> None:
    assert read_creation(tmp_path) is None
    for text in ("flavors: {}\n", "utc_time_created: 2026-99-99 00:00:00\n"):
        (tmp_path / "MLmodel").write_text(text)
        file_time = int((tmp_path / "MLmodel").stat().st_mtime * 1000)
        assert read_creation(tmp_path) == file_time
