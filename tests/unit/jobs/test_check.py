"""A check of the policy: what it decides, what comes of it, and what a killed one leaves."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from tests.support.event_logs import promotions
from tests.support.installation import PLAN, Installation
from tests.support.labelled_events import record_labelled
from webapp.catalog.prepared import Prepared, read_prepared
from webapp.db.database import Database
from webapp.db.tables.ledger import Ledger
from webapp.events.log import EventLog
from webapp.services.models import gate_report, policy_state, promotion_preview
from webapp.services.models import ledger as models_ledger
from webapp.services.predict import version_choice
from webapp.stats.gate import judge
from webapp.training.policy import holdout

pytestmark = pytest.mark.filterwarnings("ignore")


def prepared(installation: Installation, version: str) -> Prepared:
    return read_prepared(installation.models / version / "everycase")


def test_a_version_with_facts_a_verdict_and_a_line_in_the_ledger(
    installation: Installation, database: Database
) -> None:
    record_labelled(database, 2500)
    outcome = installation.run()
    assert (outcome.status, outcome.code) == ("promoted", 0)
    check = outcome.check
    assert check is not None
    assert (check.version, check.verdict, check.actor) == ("logit_games_v2", "promote", "ann")
    assert check.finished_at is not None
    facts = prepared(installation, "logit_games_v2").facts.training
    assert (facts["n"], facts["held_out"]["n"]) == (2000, 500)
    assert (facts["source"], facts["policy"]) == ("the event log", "periodic")
    assert facts["champion"] == "logit_games_v1"
    assert 0 < facts["validation"]["log_loss"] < 1
    ledger = promotions(Ledger(database))
    assert [(line.version, line.previous) for line in ledger] == [
        ("logit_games_v2", "logit_games_v1")
    ]
    assert (ledger[0].evidence["check"], ledger[0].evidence["n"]) == (check.id, 500)
    assert "logit_games_v2 is champion now." in outcome.explanation
    assert "\n" not in outcome.explanation
    assert json.loads(json.dumps(outcome.as_json()))["promoted"] is True
    assert installation.steps == ["count", "fit", "gate", "validate", "register", "promote"]

    assert [installation.run().status for _ in range(2)] == ["waits", "nothing new"]
    assert len(promotions(Ledger(database))) == 1


def test_what_passed_is_fitted_again_on_the_held_out_events_and_says_so(
    sqlite_installation: Installation,
) -> None:
    """The verdict is that of the model that had not seen them; the version has."""
    database = Database(sqlite_installation.address)
    record_labelled(database, 2500)
    outcome = sqlite_installation.run(replace(PLAN, refit=True))
    assert outcome.status == "promoted"
    assert "refit" in sqlite_installation.steps
    facts = prepared(sqlite_installation, "logit_games_v2").facts.training
    assert (facts["n"], facts["held_out"]["n"]) == (2500, 500)
    assert facts["refit"] == {"judged_n": 2000, "judged_on": 500}
    line = promotions(Ledger(database))[0]
    assert line.evidence["refit"] == {"judged_n": 2000, "n": 2500}
    sentence = "What was judged had been fitted on 2,000 events; the version is the same recipe on "
    assert f"{sentence}2,500, the held-out ones included." in outcome.explanation
    assert line.reason in outcome.explanation
    database.close()


def test_what_is_judged_on_is_not_trained_on(sqlite_installation: Installation) -> None:
    """Training and held-out events together are what matured, and the gate says so of its own."""
    database = Database(sqlite_installation.address)
    record_labelled(database, 2500)
    outcome = sqlite_installation.run(replace(PLAN, promote=False))
    assert outcome.status == "registered"
    version = prepared(sqlite_installation, "logit_games_v2")
    assert version.baseline is not None
    services = sqlite_installation.services()
    rows = services.counts.read(wanted())
    n = np.bincount(rows[:, 1], rows[:, 3], 1024).astype(np.int64)
    positives = np.bincount(rows[:, 1], rows[:, 3] * rows[:, 2], 1024).astype(np.int64)
    held_out = n - version.baseline.n, positives - version.baseline.positives
    assert all((part >= 0).all() for part in held_out)
    assert int(held_out[0].sum()) == 500
    from webapp.stats.counts import Counts

    champion = prepared(sqlite_installation, "logit_games_v1").scores
    again = judge(champion, version.scores, Counts(*held_out), n, PLAN.rules, version.baseline.n)
    assert outcome.check is not None
    report = outcome.check.evidence["gate"]
    assert report["log_loss"]["value"] == pytest.approx(again.log_loss.value)  # type: ignore[union-attr]
    assert report["n"] == 500
    services.close()
    database.close()


def wanted():  # type: ignore[no-untyped-def]
    from webapp.events.counts import CountsQuery

    return CountsQuery("logit_games_v1", ("api",), 0, 4_102_444_800_000)


def test_a_stream_on_which_the_champion_is_right_leaves_it(
    sqlite_installation: Installation,
) -> None:
    database = Database(sqlite_installation.address)
    record_labelled(database, 3000, shift=0.0)
    outcome = sqlite_installation.run()
    assert (outcome.status, outcome.code) in [("kept", 4), ("not enough evidence", 4)]
    assert promotions(Ledger(database)) == []
    assert "registered but not promoted" in outcome.explanation
    entries = models_ledger.ledger(sqlite_installation.services())
    assert [entry.kind for entry in entries] == [outcome.status, "default"]
    database.close()


def test_late_outcomes_count_when_they_come(sqlite_installation: Installation) -> None:
    database = Database(sqlite_installation.address)
    plan = replace(PLAN, every=10_000)
    record_labelled(database, 900)
    first = sqlite_installation.run(plan)
    assert first.status == "waits"
    assert first.explanation.startswith(
        "The first check looked back at 900 events with outcomes; 900 since logit_games_v1 became"
    )
    assert sqlite_installation.run(plan).status == "nothing new"
    record_labelled(database, 300, days=60, seed=1)  # events older than the last check
    outcome = sqlite_installation.run(plan)
    assert outcome.status == "waits"
    assert outcome.check is not None
    assert outcome.check.evidence["matured"] == 300
    assert outcome.check.evidence["value"] == 1200
    database.close()


def test_simulated_traffic_trains_nothing_unless_it_is_asked_to(
    sqlite_installation: Installation,
) -> None:
    database = Database(sqlite_installation.address)
    record_labelled(database, 2500, source="demo")
    outcome = sqlite_installation.run()
    assert outcome.status == "nothing new"
    assert "--simulated" in outcome.explanation
    outcome = sqlite_installation.run(replace(PLAN, simulated=True))
    assert (outcome.status, outcome.check and outcome.check.verdict) == ("registered", "promote")
    assert "logit_games_simulated_v1" in sqlite_installation.versions()
    assert promotions(Ledger(database)) == [], "it is never promoted by itself"
    record_labelled(database, 2500, seed=3)
    assert sqlite_installation.run().check.evidence["matured"] == 2500  # type: ignore[union-attr]
    database.close()


def test_a_gain_that_held_out_events_show_is_promoted_whatever_changes(
    sqlite_installation: Installation,
) -> None:
    database = Database(sqlite_installation.address)
    record_labelled(database, 2500)
    outcome = sqlite_installation.run(replace(PLAN, churn=0.01))
    assert outcome.status == "promoted"
    assert "above the limit of 1.0" in outcome.explanation
    assert "which a gain that held-out events show may exceed" in outcome.explanation
    database.close()


def test_a_version_that_is_registered_only_has_no_evidence_but_its_checks(
    sqlite_installation: Installation,
) -> None:
    database = Database(sqlite_installation.address)
    record_labelled(database, 2500)
    assert sqlite_installation.run(replace(PLAN, promote=False)).status == "registered"
    services = sqlite_installation.services()
    preview = promotion_preview.preview_promotion(services, "logit_games_v2", 4_000_000_000_000)
    assert preview.gate is not None
    assert preview.gate.n == 0, "all of these events may have been trained on"
    assert preview.gate.verdict == "not enough evidence"
    record_labelled(database, 400, days=0, seed=9)
    services.close()
    database.close()


def test_too_few_events_to_fit_are_reported(sqlite_installation: Installation) -> None:
    database = Database(sqlite_installation.address)
    record_labelled(database, 12)
    outcome = sqlite_installation.run(replace(PLAN, now=True))
    assert (outcome.status, outcome.code) == ("failed", 1)
    assert "at least 10 are needed" in outcome.explanation
    database.close()


def test_the_state_and_its_history_for_the_page(sqlite_installation: Installation) -> None:
    database = Database(sqlite_installation.address)
    plan = replace(PLAN, policy="on_gain", estimators=("logit", "logit2"), windows=(2000, "all"))
    services = sqlite_installation.services(plan=plan, clock="0 3 * * *")
    before = policy_state.read_status(services, 1_795_000_000_000)
    assert (before.value, before.checked_at, before.champion) == (None, None, "logit_games_v1")
    assert before.next_at is not None
    record_labelled(database, 1200, shift=0.0)
    sqlite_installation.run(plan)
    record_labelled(database, 400, shift=0.0, seed=5)
    sqlite_installation.run(plan)
    state = policy_state.read_status(services, 1_795_000_000_000)
    assert len(state.challengers) == 4
    assert state.value is not None
    assert state.distance is not None
    assert 0 <= state.distance < 1
    points = policy_state.history(services)
    assert [point.matured for point in points] == [1200, 400]
    assert points[-1].value == state.value
    services.close()
    database.close()


def test_the_sentence_of_the_gate(sqlite_installation: Installation) -> None:
    champion = prepared(sqlite_installation, "logit_games_v1")
    from webapp.stats.counts import Counts

    none = Counts(np.zeros(1024, np.int64), np.zeros(1024, np.int64))
    gate = judge(champion.scores, champion.scores, none, none.n)
    assert gate.verdict == "not enough evidence"
    assert gate_report.as_json(gate)["log_loss"] is None
    assert "no outcomes yet" in gate_report.sentence(gate, "a", "b")


@pytest.mark.parametrize(
    "more",
    [{"promote": True, "churn": 0.0, "holdout": 40}, {"promote": False, "holdout": 1000}],
    ids=["asked", "waits"],
)
def test_a_policy_whose_versions_are_not_taken_rests(
    sqlite_installation: Installation, more: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holdout, "_needed_events", lambda _counts: 0)  # so few bear nothing out
    database = Database(sqlite_installation.address)
    plan = replace(PLAN, policy="on_gain", windows=("all",), **more)  # type: ignore[arg-type]
    record_labelled(database, 4000, seed=99)
    outcomes = [sqlite_installation.run(plan)]
    for seed in range(8):
        record_labelled(database, 500, seed=seed, days=1)
        outcomes.append(sqlite_installation.run(plan))
    retrains = [i for i, outcome in enumerate(outcomes) if outcome.status != "waits"]
    assert retrains == [0, 2, 6], "1,000 events after the first, 2,000 after the second"
    services = sqlite_installation.services(plan=plan)
    state = policy_state.read_status(services, 1_795_000_000_000)
    assert (state.distance, state.rests) == (1.0, 3000)
    assert "Paused: 3 retrains didn't replace logit_games_v1" in state.explanation
    assert outcomes[-1].as_json()["evidence"]["rests"] == 3000
    now = sqlite_installation.run(replace(plan, now=True))
    assert now.status not in ("waits", "nothing new"), "somebody asks: that is done at once"
    assert policy_state.read_status(services, 1_795_000_000_000).rests == 4000
    services.close()
    database.close()


def test_of_simulated_traffic_that_was_removed_nothing_is_left(
    installation: Installation, database: Database
) -> None:
    log, plan = EventLog(database), replace(PLAN, policy="never", simulated=True)
    record_labelled(database, 900, seed=3)
    record_labelled(database, 1500, source="demo", seed=1)
    assert [installation.run(replace(plan, simulated=s)).status for s in (True, False)] == [
        "waits"
    ] * 2
    log.forget("demo")
    record_labelled(database, 1200, source="demo", seed=2)
    outcome = installation.run(plan)
    assert outcome.check is not None
    assert outcome.check.evidence["matured"] == 1200, "all of it is new"
    assert "The first check looked back at 1,200 events" in outcome.explanation
    now = installation.run(replace(plan, now=True, promote=False))
    assert now.check is not None
    version = prepared(installation, str(now.check.version)).facts.training
    assert version["n"] + version["held_out"]["n"] == 1200
    real = installation.run(replace(plan, simulated=False))
    assert real.status == "nothing new", "what is kept of real traffic stays"


def test_a_version_that_was_not_promoted_answers_nobody_whatever_its_name(
    sqlite_installation: Installation,
) -> None:
    """In a folder of one's own: ``logit_own_v1`` sorts before ``own_v1``."""
    database = Database(sqlite_installation.address)
    models = sqlite_installation.models
    (models / "logit_games_v1").rename(models / "own_v1")
    record_labelled(database, 1500, shift=0.0, version="own_v1")
    outcome = sqlite_installation.run(replace(PLAN, now=True))
    assert outcome.code == 4
    assert "logit_own_v1 is registered but not promoted" in outcome.explanation
    assert sqlite_installation.versions() == ["logit_own_v1", "own_v1"]
    services = sqlite_installation.services()
    assert version_choice.resolve(services, None)[0] == "own_v1"
    assert [line.is_default for line in services.ledger.history()] == [True]
    services.close()
    database.close()
