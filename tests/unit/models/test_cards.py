"""The retraining policy and background jobs as the Models page tells them."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
import pytest
from dash import html

from tests.support.traffic import NOW, A, B, D
from tests.unit.components.test_figure import CSS, coloured, strings
from tests.unit.models.test_page import plain, texts
from webapp.api.auth import Access
from webapp.components.markup import markup
from webapp.db.tables.checks import Check
from webapp.db.tables.jobs import Job
from webapp.pages.models import figures, page
from webapp.pages.models import jobs as models_jobs
from webapp.pages.models import policy as models_policy
from webapp.server.session_files import Kept
from webapp.services.context import Services
from webapp.services.models import policy_state
from webapp.services.models.policy_state import Challenger, Point
from webapp.timing import DAY_MS


@pytest.fixture
def permissions(tmp_path: Path) -> Access:
    return Access("k" * 32, Kept(tmp_path))


def drawn(services: Services, permissions: Access) -> html.Div:
    return page.draw(services, {}, NOW, permissions)


def point(day: int, value: float | None = 1.0, **values: Any) -> Point:
    given: dict[str, Any] = {
        "id": day,
        "at": NOW + day * DAY_MS,
        "policy": "on_gain",
        "champion": A,
        "value": value,
        "needed": 5.0,
        "decision": "wait",
        "version": None,
        "verdict": None,
        "matured": 60,
        "challengers": (Challenger("one", value or 0.0), Challenger("two", -1.0)),
        "explanation": "",
    }
    return Point(**(given | values))


RUNS = [
    [point(0)],
    [point(0, None)],
    [point(i, i / 2) for i in range(9)],
    [
        *(point(i, i) for i in range(5)),
        point(5, 5.4, decision="retrain", version=B, verdict="promote"),
        *(point(i, -0.3, champion=B) for i in range(6, 9)),
    ],
]


@pytest.mark.parametrize("points", RUNS, ids=["one", "nothing", "rising", "fired"])
def test_the_policy_over_time_is_a_valid_figure(points: list[Point]) -> None:
    found = figures.policy(points)
    if points[0].value is None:
        assert found is None
        return
    assert found is not None
    go.Figure(coloured(found), skip_invalid=False)
    tokens = {t for t in strings(found) if re.fullmatch(r"\$[\w-]+(/[\d.]+)?", t)}
    assert tokens
    for token in tokens - {"$font"}:
        assert f"--ec-{token[1:].split('/')[0]}:" in CSS, token
    low = [y for trace in found["data"] for y in trace["y"] if y is not None]
    assert min(low) >= 0


def test_the_figure_begins_anew_with_a_champion_and_says_when_it_fired() -> None:
    found = figures.policy(RUNS[3])
    assert found is not None
    areas = [trace for trace in found["data"] if trace.get("fill")]
    assert [len(trace["x"]) for trace in areas] == [6, 3]
    said = [note["text"] for note in found["layout"]["annotations"]]
    assert any("fired, passed the gate" in text for text in said)
    assert "fires here: 5.0" in said


def check(at: int = NOW, **values: Any) -> Check:
    given: dict[str, Any] = {
        "id": 0,
        "at": at,
        "finished_at": at,
        "tries": 0,
        "policy": "on_gain",
        "traffic": "real",
        "actor": "cron",
        "champion": A,
        "decision": "wait",
        "version": None,
        "verdict": None,
        "explanation": "The nearest of 1 challengers gains.",
        "evidence": {"value": 3.1, "needed": 5.0, "matured": 60, "challengers": []},
        "batch": {},
        "state": {},
        "snapshot": {},
    }
    return Check(**(given | values))


def test_how_near_the_policy_is(services: Services, permissions: Access) -> None:
    services.checks.add(check(), None)
    shown = drawn(services, permissions)
    said = plain(shown)
    assert "62 % of the way to firing: 3.1 of 5.0" in said
    assert "The nearest of 1 challengers gains." in said
    assert "models-policy" in str(shown)
    data = next(c for c in shown.children if getattr(c, "id", "") == "models-data").data
    assert "models-policy" in data["figures"]


def test_after_a_change_of_champion_the_evidence_begins_anew(
    services: Services, permissions: Access
) -> None:
    services.checks.add(check(champion=D), None)
    assert "0 % of the way to firing: the evidence begins anew" in plain(
        drawn(services, permissions)
    )


def test_without_a_policy_nothing_is_near(services: Services, permissions: Access) -> None:
    services.checks.add(check(policy="never", evidence={}), None)
    never = replace(services, plan=replace(services.plan, policy="never"))
    said = plain(drawn(never, permissions))
    assert "No policy is on" in said
    assert "of the way to firing" not in said


def test_amounts_follow_the_unit(services: Services) -> None:
    state = policy_state.state(services, NOW)
    events = replace(state, unit="events", value=1240.0, needed=2000.0)
    assert models_policy.amount(1240.0, events) == "1,240"
    assert models_policy.amount(0.0078, replace(state, needed=0.01)) == "0.0078"
    assert models_policy.amount(3.14, replace(state, needed=5.0)) == "3.1"
    assert models_policy.amount(None, state) == "not known"


def job(**values: Any) -> Job:
    given: dict[str, Any] = {
        "id": "01900000-0000-7000-8000-000000000000",
        "kind": "retrain",
        "state": "running",
        "progress": 0.64,
        "step": "validate",
        "message": "validating on 1,000 held out",
        "version": "hgb_games_v2",
        "actor": "ann",
        "arguments": {},
        "result": None,
        "created_at": NOW,
        "started_at": NOW,
        "finished_at": None,
        "cancel_at": None,
        "seen_at": NOW,
    }
    return Job(**(given | values))


def test_a_job_at_work_shows_its_steps() -> None:
    said = markup(models_jobs.work(job(), may=True))
    assert 'aria-valuenow="64"' in said
    assert "width:64%" in said
    assert said.count("ec-step-done") == 2  # counted, fitted
    assert "validating on 1,000 held out" in said
    assert 'data-cancel="01900000' in said
    assert "disabled" not in said
    assert "disabled" in markup(models_jobs.work(job(), may=False))
    assert "Cancelling…" in markup(models_jobs.work(job(cancel_at=NOW), may=True))
    assert "Waiting for its turn" in markup(
        models_jobs.work(job(state="queued", step="", message=""), may=True)
    )
    assert "Nobody takes it" in markup(
        models_jobs.work(job(state="queued", step="", message="Nobody takes it"), may=True)
    )


@pytest.mark.parametrize("state", ["done", "failed", "cancelled", "queued", "running"])
def test_history_tells_every_end(state: Any) -> None:
    ended = job(state=state, message="so it <ended>", finished_at=NOW + 4200)
    said = markup(models_jobs.history([ended], shown=True))
    assert state.capitalize() in said
    assert "so it &lt;ended&gt;" in said
    assert "4.2\u00a0s" in said
    assert "open=" in said
    assert "so it" in markup(models_jobs.outcome(ended))


def test_a_retrain_that_is_done_says_what_came_of_it() -> None:
    result = {"status": "registered", "version": "a_v2", "evidence": {"gate": {"sentence": "So."}}}
    done = job(state="done", message="All of it.", result=result, finished_at=NOW)
    assert models_jobs.summary(done) == ("Registered a_v2", "So.")
    kept = replace(done, result={"status": "kept", "evidence": {}})
    assert models_jobs.summary(kept) == ("The gate kept the champion", "All of it.")
    other = replace(done, kind="backtest", result={"policies": []})
    assert models_jobs.summary(other) == ("Backtest: done", "All of it.")


def test_a_long_one_is_told_in_minutes() -> None:
    said = markup(models_jobs.history([job(state="done", finished_at=NOW + 300_000)], shown=False))
    assert "5\u00a0min" in said
    assert "open=" not in said


def test_what_is_at_work_disables_the_button(services: Services, permissions: Access) -> None:
    made = services.jobs.add("retrain", {}, "ann", NOW)
    services.jobs.begin(made.id, NOW)
    shown = drawn(services, permissions)
    assert "Retraining…" in texts(shown)
    assert f'data-job="{made.id}"' in texts(shown)
    data = next(c for c in shown.children if getattr(c, "id", "") == "models-data").data
    assert data["running"] is True
    services.jobs.end(made.id, "failed", "It broke.", NOW + 1)
    after = plain(drawn(services, permissions))
    assert "Retraining: failed. 23 Nov: It broke." in after


def test_a_policy_that_rests_does_not_claim_to_fire(
    services: Services, permissions: Access
) -> None:
    evidence = {"value": 7.0, "needed": 5.0, "matured": 60, "challengers": [], "rests": 1500}
    last = services.checks.add(check(evidence=evidence), None)
    said = plain(drawn(services, permissions))
    assert "of the way to firing: 7.0 of 5.0, and the policy rests" in said
    assert "no sooner than when 1,500 more events have matured" in said
    refused = {"decision": "retrain", "verdict": "keep", "version": B}
    evidence |= {"rests": 0, "patience": 2000}
    services.checks.add(check(evidence=evidence, **refused), last.id)
    said = plain(drawn(services, permissions))
    assert "the evidence begins anew, and the policy rests" in said
    assert "no sooner than when 2,000 more events have matured" in said


def test_a_retrain_that_somebody_asked_for_in_a_rest_did_not_fire() -> None:
    points = [point(0, 6.0, rests=500), point(1, 7.0, rests=100, decision="retrain", version=B)]
    found = figures.policy(points)
    assert found is not None
    assert "asked for" in str(found["data"])
