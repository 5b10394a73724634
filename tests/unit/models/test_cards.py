"""The retraining policy and background jobs as the Models page shows them."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import plotly.graph_objects as go
import pytest

from tests.support.models_view import drawn, job, plain, texts
from tests.support.traffic import NOW, A, B, D
from tests.unit.components.test_figure import CSS, coloured, strings
from webapp.api.auth import Access
from webapp.components.markup import markup
from webapp.db.tables.checks import Check
from webapp.pages.models import figures
from webapp.pages.models import jobs as models_jobs
from webapp.pages.models import policy as models_policy
from webapp.services.context import Services
from webapp.services.models import policy_state
from webapp.services.models.policy_state import ChallengerStatus, CheckSummary
from webapp.timing import DAY_MS


def point(day: int, value: float | None = 1.0, **values: Any) -> CheckSummary:
    defaults: dict[str, Any] = {
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
        "challengers": (ChallengerStatus("one", value or 0.0), ChallengerStatus("two", -1.0)),
        "explanation": "",
    }
    return CheckSummary(**(defaults | values))


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
def test_the_policy_over_time_is_a_valid_figure(points: list[CheckSummary]) -> None:
    figure = figures.policy(points)
    if points[0].value is None:
        assert figure is None
        return
    assert figure is not None
    go.Figure(coloured(figure), skip_invalid=False)
    tokens = {t for t in strings(figure) if re.fullmatch(r"\$[\w-]+(/[\d.]+)?", t)}
    assert tokens
    for token in tokens - {"$font"}:
        assert f"--ec-{token[1:].split('/')[0]}:" in CSS, token
    low = [y for trace in figure["data"] for y in trace["y"] if y is not None]
    assert min(low) >= 0


def test_the_figure_begins_anew_with_a_champion_and_says_when_it_fired() -> None:
    figure = figures.policy(RUNS[3])
    assert figure is not None
    areas = [trace for trace in figure["data"] if trace.get("fill")]
    assert [len(trace["x"]) for trace in areas] == [6, 3]
    notes = [note["text"] for note in figure["layout"]["annotations"]]
    assert any("triggered, passed the gate" in text for text in notes)
    assert "retrains at 5.0" in notes


def check(at: int = NOW, **values: Any) -> Check:
    defaults: dict[str, Any] = {
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
    return Check(**(defaults | values))


def test_how_near_the_policy_is(services: Services, permissions: Access) -> None:
    services.checks.add(check(), None)
    content = drawn(services, permissions)
    text = plain(content)
    assert "62 % of the evidence needed to retrain: 3.1 of 5.0" in text
    assert "The nearest of 1 challengers gains." in text
    assert "models-policy" in str(content)
    data = next(c for c in content.children if getattr(c, "id", "") == "models-data").data
    assert "models-policy" in data["figures"]


def test_after_a_change_of_champion_the_evidence_begins_anew(
    services: Services, permissions: Access
) -> None:
    services.checks.add(check(champion=D), None)
    assert "0 % of the evidence needed to retrain (just reset)" in plain(
        drawn(services, permissions)
    )


def test_without_a_policy_nothing_is_near(services: Services, permissions: Access) -> None:
    services.checks.add(check(policy="never", evidence={}), None)
    never = replace(services, plan=replace(services.plan, policy="never"))
    text = plain(drawn(never, permissions))
    assert "Automatic retraining is off" in text
    assert "needed to retrain" not in text


def test_amounts_follow_the_unit(services: Services) -> None:
    state = policy_state.read_status(services, NOW)
    events = replace(state, unit="events", value=1240.0, needed=2000.0)
    assert models_policy.amount(1240.0, events) == "1,240"
    assert models_policy.amount(0.0078, replace(state, needed=0.01)) == "0.0078"
    assert models_policy.amount(3.14, replace(state, needed=5.0)) == "3.1"
    assert models_policy.amount(None, state) == "unknown"


def test_a_job_at_work_shows_its_steps() -> None:
    text = markup(models_jobs.running(job(), can_admin=True))
    assert 'aria-valuenow="64"' in text
    assert "width:64%" in text
    assert text.count("ec-step-done") == 2  # counted, fitted
    assert "validating on 1,000 held out" in text
    assert 'data-cancel="01900000' in text
    assert "disabled" not in text
    assert "disabled" in markup(models_jobs.running(job(), can_admin=False))
    assert "Cancelling…" in markup(models_jobs.running(job(cancel_at=NOW), can_admin=True))
    assert "Waiting in the queue" in markup(
        models_jobs.running(job(state="queued", step="", message=""), can_admin=True)
    )
    assert "No worker has picked it up" in markup(
        models_jobs.running(
            job(state="queued", step="", message="No worker has picked it up"), can_admin=True
        )
    )


@pytest.mark.parametrize("state", ["done", "failed", "cancelled", "queued", "running"])
def test_history_tells_every_end(state: Any) -> None:
    job_at_its_end = job(state=state, message="so it <ended>", finished_at=NOW + 4200)
    text = markup(models_jobs.history([job_at_its_end], is_open=True))
    assert state.capitalize() in text
    assert "so it &lt;ended&gt;" in text
    assert "4.2\u00a0s" in text
    assert "open=" in text
    assert "so it" in markup(models_jobs.outcome(job_at_its_end))


def test_a_retrain_that_is_done_says_what_came_of_it() -> None:
    result = {"status": "registered", "version": "a_v2", "evidence": {"gate": {"sentence": "So."}}}
    done_job = job(state="done", message="All of it.", result=result, finished_at=NOW)
    assert models_jobs.summary(done_job) == ("Registered a_v2", "So.")
    kept_job = replace(done_job, result={"status": "kept", "evidence": {}})
    assert models_jobs.summary(kept_job) == ("Champion kept", "All of it.")
    other = replace(done_job, kind="backtest", result={"policies": []})
    assert models_jobs.summary(other) == ("Backtest: done", "All of it.")


def test_a_long_duration_is_given_in_minutes() -> None:
    text = markup(
        models_jobs.history([job(state="done", finished_at=NOW + 300_000)], is_open=False)
    )
    assert "5\u00a0min" in text
    assert "open=" not in text


def test_what_is_at_work_disables_the_button(services: Services, permissions: Access) -> None:
    first = services.jobs.add("retrain", {}, "ann", NOW)
    services.jobs.begin(first.id, NOW)
    content = drawn(services, permissions)
    assert "Retraining…" in texts(content)
    assert f'data-job="{first.id}"' in texts(content)
    data = next(c for c in content.children if getattr(c, "id", "") == "models-data").data
    assert data["running"] is True
    services.jobs.end(first.id, "failed", "It broke.", NOW + 1)
    after = plain(drawn(services, permissions))
    assert "Retraining: failed. 23 Nov: It broke." in after


def test_a_policy_that_rests_does_not_claim_to_fire(
    services: Services, permissions: Access
) -> None:
    evidence = {"value": 7.0, "needed": 5.0, "matured": 60, "challengers": [], "rests": 1500}
    last = services.checks.add(check(evidence=evidence), None)
    text = plain(drawn(services, permissions))
    assert "of the evidence needed to retrain: 7.0 of 5.0 (paused)" in text
    assert "the policy looks again after 1,500 more outcomes" in text
    refusal = {"decision": "retrain", "verdict": "keep", "version": B}
    evidence |= {"rests": 0, "patience": 2000}
    services.checks.add(check(evidence=evidence, **refusal), last.id)
    text = plain(drawn(services, permissions))
    assert "0 % of the evidence needed to retrain (paused)" in text
    assert "the policy looks again after 2,000 more outcomes" in text


def test_lines_of_challengers_differ_and_have_names() -> None:
    names = [f"hgb@{n}" for n in range(7)]
    points = [
        point(i, challengers=tuple(ChallengerStatus(name, i * 0.1) for name in names))
        for i in range(3)
    ]
    figure = figures.policy(points)
    assert figure is not None
    looks = [
        trace["line"]
        for trace in figure["data"]
        if trace.get("hovertemplate", "").startswith("hgb")
    ]
    assert len({(line["color"], line["dash"]) for line in looks}) == len(names)
    assert not {line["color"] for line in looks} & {"$grey", "$v0", "$v1", "$v2", "$v3", "$v4"}
    chart = markup(models_policy.chart("", points))
    assert [name for name in names if f"</span>{name}</li>" in chart] == names
    assert "ec-chart-legend" not in markup(models_policy.chart("", [point(0, challengers=())]))


def test_a_retrain_that_somebody_asked_for_in_a_rest_did_not_fire() -> None:
    points = [point(0, 6.0, rests=500), point(1, 7.0, rests=100, decision="retrain", version=B)]
    figure = figures.policy(points)
    assert figure is not None
    assert "requested" in str(figure["data"])
