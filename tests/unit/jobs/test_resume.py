"""What a person does while a check is under way, or between two tries at it, is never undone."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.events import execute
from tests.support.installation import Installation
from tests.support.labelled_events import record_labelled
from webapp.db.database import Database
from webapp.db.migrate import migrate
from webapp.db.tables.checks import Check, Checks
from webapp.db.tables.ledger import Ledger
from webapp.jobs.reporter import CancelledError
from webapp.jobs.retrain import execute as retrain_execute
from webapp.settings import ROOT
from webapp.timing import now_ms

pytestmark = pytest.mark.filterwarnings("ignore")
OLD, NEW, OTHER = "logit_games_v1", "logit_games_v2", "hgb_games_v1"


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    return Installation(tmp_path, f"sqlite:///{tmp_path / 'everycase.db'}")


@pytest.fixture
def database(installation: Installation) -> Iterator[Database]:
    """2,500 events have matured."""
    database = Database(installation.address)
    migrate(database)
    record_labelled(database, 2500)
    yield database
    database.close()


def by_hand(installation: Installation, database: Database, version: str) -> None:
    """Bob makes a version champion."""
    if version == OTHER:
        shutil.copytree(ROOT / "models" / OTHER, installation.models / OTHER)
    Ledger(database).promote(version, actor="bob", reason="it broke us")


def lines(database: Database) -> list[tuple[str, str]]:
    return [(line.version, line.actor) for line in Ledger(database).history()]


def checks(database: Database) -> list[Check]:
    """Oldest first."""
    return Checks(database).history()[::-1]


def test_a_roll_back_after_an_interrupted_promotion_stands(
    installation: Installation, database: Database
) -> None:
    installation.killed((retrain_execute, "finished"))
    by_hand(installation, database, OLD)
    outcome = installation.run()
    assert lines(database) == [(OLD, "bob"), (NEW, "periodic")]
    assert (outcome.status, outcome.check and outcome.check.version) == ("promoted", NEW)
    assert f"{NEW} was promoted; bob made {OLD} champion since." in outcome.explanation
    assert checks(database)[0].finished_at is not None
    assert installation.versions() == [OLD, NEW]


@pytest.mark.parametrize("step", ["gate", "promote"])
def test_who_is_promoted_during_a_run_stays(
    installation: Installation, database: Database, step: str
) -> None:
    outcome = installation.run(
        on_step=lambda at: by_hand(installation, database, OTHER) if at == step else None
    )
    assert lines(database) == [(OTHER, "bob")]
    assert (outcome.status, outcome.code) == ("registered", 0)
    assert f"{NEW} is registered and not promoted: bob made {OTHER}" in outcome.explanation
    (check,) = checks(database)
    assert (check.version, check.verdict, check.evidence["promoted"]) == (NEW, "promote", False)


@pytest.mark.parametrize("step", ["fit", "promote"])
def test_what_was_decided_about_another_champion_is_decided_anew(
    installation: Installation, database: Database, step: str
) -> None:
    installation.killed(at=step)
    by_hand(installation, database, OTHER)
    outcome = installation.run()
    first, second = checks(database)
    assert (first.verdict, first.champion) == ("failed", OLD)
    assert first.version == (NEW if step == "promote" else None)
    assert f"bob made {OTHER} champion meanwhile: a new check decides." in first.explanation
    assert second.champion == OTHER
    assert outcome.check is not None
    assert outcome.check.id == second.id
    assert lines(database)[-1] == (OTHER, "bob")


def test_a_champion_that_is_not_here_yet_is_waited_for(
    installation: Installation, database: Database
) -> None:
    from webapp.services.predict.version_choice import VersionNotReadyError

    Ledger(database).promote("far_v1", actor="bob", reason="on another machine", default=OLD)
    with pytest.raises(VersionNotReadyError, match="far_v1 became champion just now"):
        installation.run()
    assert checks(database) == []


def test_cancelled_after_its_promotion_it_was_promoted(
    installation: Installation, database: Database
) -> None:
    installation.killed((retrain_execute, "finished"))
    cancel(installation)
    outcome = installation.run()
    assert (outcome.status, outcome.code) == ("promoted", 0)
    assert outcome.as_json()["promoted"] is True
    assert lines(database) == [(NEW, "periodic")]


def cancel(installation: Installation) -> None:
    jobs = installation.services().jobs
    (job,) = jobs.history()
    jobs.cancel(job.id, now_ms())
    jobs.end(job.id, "cancelled", "Cancelled.", now_ms())


def test_cancelled_before_its_promotion_it_keeps_version_and_job(
    installation: Installation, database: Database
) -> None:
    def stop(step: str) -> None:
        if step == "promote":
            execute(database, "UPDATE jobs SET cancel_at = 1")

    with pytest.raises(CancelledError):
        installation.run(on_step=stop)
    (check,) = checks(database)
    assert (check.verdict, check.version) == ("cancelled", NEW)
    assert check.evidence["jobs"] == [job.id for job in installation.services().jobs.history()]
    assert lines(database) == []


def test_whoever_finds_a_cancelled_check_makes_one_of_its_own(
    installation: Installation, database: Database
) -> None:
    installation.killed(at="validate")
    cancel(installation)
    record_labelled(database, 1500, seed=1)
    outcome = installation.run()
    first, second = checks(database)
    assert (first.verdict, first.version) == ("cancelled", None)
    assert (outcome.status, second.evidence["matured"]) == ("promoted", 1500)
    assert lines(database) == [(NEW, "periodic")]


def test_a_plan_that_can_not_be_read_any_more_blocks_nothing(
    installation: Installation, database: Database
) -> None:
    """As another version of this program left it."""
    installation.killed(at="fit")
    execute(database, "UPDATE checks SET evidence = replace(evidence, '\"every\"', '\"later\"')")
    outcome = installation.run()
    assert (outcome.status, outcome.code) == ("failed", 1)
    assert "can't be read any more: later is not known here" in outcome.explanation
    record_labelled(database, 1500, seed=1)
    assert installation.run().status == "promoted"
    assert [check.verdict for check in checks(database)] == ["failed", "promote"]
