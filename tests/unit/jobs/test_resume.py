"""What a person does while a check is under way, or between two tries at it, is never undone."""

from __future__ import annotations

import shutil

import pytest

from tests.support.event_logs import promotions
from tests.support.events import execute
from tests.support.installation import Installation
from tests.support.labelled_events import record_labelled
from webapp.db.database import Database
from webapp.db.tables.checks import Check, Checks
from webapp.db.tables.ledger import Ledger
from webapp.jobs.reporter import CancelledError
from webapp.jobs.retrain import execute as retrain_execute
from webapp.settings import ROOT
from webapp.timing import now_ms

pytestmark = pytest.mark.filterwarnings("ignore")
OLD, NEW, OTHER = "logit_games_v1", "logit_games_v2", "hgb_games_v1"


def by_hand(installation: Installation, database: Database, version: str) -> None:
    """Bob makes a version champion."""
    if version == OTHER:
        shutil.copytree(ROOT / "models" / OTHER, installation.models / OTHER)
    Ledger(database).promote(version, actor="bob", reason="it broke us")


def lines(database: Database) -> list[tuple[str, str]]:
    return [(line.version, line.actor) for line in promotions(Ledger(database))]


def checks(database: Database) -> list[Check]:
    """Oldest first."""
    return Checks(database).history()[::-1]


def test_a_roll_back_after_an_interrupted_promotion_stands(
    sqlite_installation: Installation, filled_database: Database
) -> None:
    sqlite_installation.killed((retrain_execute, "finish_check"))
    by_hand(sqlite_installation, filled_database, OLD)
    outcome = sqlite_installation.run()
    assert lines(filled_database) == [(OLD, "bob"), (NEW, "periodic")]
    assert (outcome.status, outcome.check and outcome.check.version) == ("promoted", NEW)
    assert f"{NEW} was promoted; bob made {OLD} champion since." in outcome.explanation
    assert checks(filled_database)[0].finished_at is not None
    assert sqlite_installation.versions() == [OLD, NEW]


@pytest.mark.parametrize("step", ["gate", "promote"])
def test_who_is_promoted_during_a_run_stays(
    sqlite_installation: Installation, filled_database: Database, step: str
) -> None:
    outcome = sqlite_installation.run(
        on_step=lambda at: (
            by_hand(sqlite_installation, filled_database, OTHER) if at == step else None
        )
    )
    assert lines(filled_database) == [(OTHER, "bob")]
    assert (outcome.status, outcome.code) == ("registered", 0)
    assert f"{NEW} is registered but not promoted: bob made {OTHER}" in outcome.explanation
    (check,) = checks(filled_database)
    assert (check.version, check.verdict, check.evidence["promoted"]) == (NEW, "promote", False)


@pytest.mark.parametrize("step", ["fit", "promote"])
def test_what_was_decided_about_another_champion_is_decided_anew(
    sqlite_installation: Installation, filled_database: Database, step: str
) -> None:
    sqlite_installation.killed(at=step)
    by_hand(sqlite_installation, filled_database, OTHER)
    outcome = sqlite_installation.run()
    first, second = checks(filled_database)
    assert (first.verdict, first.champion) == ("failed", OLD)
    assert first.version == (NEW if step == "promote" else None)
    assert f"bob made {OTHER} champion meanwhile: a new check decides." in first.explanation
    assert second.champion == OTHER
    assert outcome.check is not None
    assert outcome.check.id == second.id
    assert lines(filled_database)[-1] == (OTHER, "bob")


def test_a_champion_that_is_not_here_yet_is_waited_for(
    sqlite_installation: Installation, filled_database: Database
) -> None:
    from webapp.services.predict.version_choice import VersionNotReadyError

    Ledger(filled_database).promote("far_v1", actor="bob", reason="on another machine", default=OLD)
    with pytest.raises(VersionNotReadyError, match="far_v1 became champion just now"):
        sqlite_installation.run()
    assert checks(filled_database) == []


def test_cancelled_after_its_promotion_it_was_promoted(
    sqlite_installation: Installation, filled_database: Database
) -> None:
    sqlite_installation.killed((retrain_execute, "finish_check"))
    cancel(sqlite_installation)
    outcome = sqlite_installation.run()
    assert (outcome.status, outcome.code) == ("promoted", 0)
    assert outcome.as_json()["promoted"] is True
    assert lines(filled_database) == [(NEW, "periodic")]


def cancel(installation: Installation) -> None:
    jobs = installation.services().jobs
    (job,) = jobs.history()
    jobs.cancel(job.id, now_ms())
    jobs.end(job.id, "cancelled", "Cancelled.", now_ms())


def test_cancelled_before_its_promotion_it_keeps_version_and_job(
    sqlite_installation: Installation, filled_database: Database
) -> None:
    def stop(step: str) -> None:
        if step == "promote":
            execute(filled_database, "UPDATE jobs SET cancel_at = 1")

    with pytest.raises(CancelledError):
        sqlite_installation.run(on_step=stop)
    (check,) = checks(filled_database)
    assert (check.verdict, check.version) == ("cancelled", NEW)
    assert check.evidence["jobs"] == [
        job.id for job in sqlite_installation.services().jobs.history()
    ]
    assert lines(filled_database) == []


def test_a_cancelled_check_is_followed_by_a_new_one(
    sqlite_installation: Installation, filled_database: Database
) -> None:
    sqlite_installation.killed(at="validate")
    cancel(sqlite_installation)
    record_labelled(filled_database, 1500, seed=1)
    outcome = sqlite_installation.run()
    first, second = checks(filled_database)
    assert (first.verdict, first.version) == ("cancelled", None)
    assert (outcome.status, second.evidence["matured"]) == ("promoted", 1500)
    assert lines(filled_database) == [(NEW, "periodic")]


def test_a_plan_that_can_not_be_read_any_more_blocks_nothing(
    sqlite_installation: Installation, filled_database: Database
) -> None:
    """As another version of this program left it."""
    sqlite_installation.killed(at="fit")
    execute(
        filled_database, "UPDATE checks SET evidence = replace(evidence, '\"every\"', '\"later\"')"
    )
    outcome = sqlite_installation.run()
    assert (outcome.status, outcome.code) == ("failed", 1)
    assert "can't be read any more: later is unknown" in outcome.explanation
    record_labelled(filled_database, 1500, seed=1)
    assert sqlite_installation.run().status == "promoted"
    assert [check.verdict for check in checks(filled_database)] == ["failed", "promote"]
