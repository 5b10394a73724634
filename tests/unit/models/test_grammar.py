"""Sentences about versions, policies and jobs are grammatical for none, one, two and many."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.support.models_view import plain
from tests.support.traffic import NOW, A, B
from tests.support.versions import broken
from webapp.components.markup import markup
from webapp.db.tables.checks import Check
from webapp.jobs.retrain import check as retrain_check
from webapp.pages.models import backtest, descriptions, dialog, policy, sections
from webapp.pages.models import jobs as models_jobs
from webapp.pages.models import ledger as ledger_view
from webapp.services.context import Services
from webapp.services.models import gate_report, policy_state
from webapp.services.models.backtest_result import BacktestView, PolicyTrack, RetrainMark
from webapp.services.models.leaderboard import Leaderboard, VersionScore
from webapp.services.models.promotion_evidence import PromotionEvidence
from webapp.services.models.promotion_preview import Preview
from webapp.stats.gate import Gate, GateRules
from webapp.stats.rates import Interval

DIFFERENCE = Interval(-0.004, -0.006, -0.002)


def gate(n: int, more: int | None = None, **values: Any) -> Gate:
    verdict = "not enough evidence"
    churn = Interval(0.03, 0.02, 0.04)
    judgement = Gate(verdict, n, 0.4, 0.396, DIFFERENCE, verdict, None, churn, 1, more, GateRules())
    return replace(judgement, **values)


@pytest.mark.parametrize(
    ("n", "more", "expectation"),
    [
        (
            1,
            1,
            f"on 1 outcome outside its training, {B}'s log loss is 0.0040 lower than {A}'s",
        ),
        (1, 1, "About 1 more outcome would decide it."),
        (2, 2, "on 2 outcomes outside its training"),
        (1200, 3400, "About 3,400 more outcomes would decide it."),
        (1200, None, "change, within the limit of 5.0 %."),
    ],
)
def test_the_verdict_of_the_gate(n: int, more: int | None, expectation: str) -> None:
    sentence = gate_report.sentence(gate(n, more), A, B).replace("\u00a0", " ")
    assert sentence.startswith(f"Not enough evidence to replace {A} with {B}: ")
    assert expectation in sentence


def test_the_verdict_before_the_first_outcome() -> None:
    sentence = gate_report.sentence(gate(0, log_loss=None), A, B)
    assert sentence.endswith(": there are no outcomes yet that hgb_games_v1 was not trained on.")


def test_the_evidence_of_the_policy_can_be_left_out() -> None:
    judgement = gate(300, sure=0.0294)
    assert "The policy counts on a gain of 0.0294 nats." in gate_report.sentence(judgement, A, B)
    assert "measured" not in gate_report.sentence(judgement, A, B, with_policy=False)


@pytest.mark.parametrize(
    ("n", "is_simulated", "expectation"),
    [
        (
            0,
            False,
            "No outcomes in the last 28 days for events that neither version was trained on.",
        ),
        (1, False, "On 1 outcome since 23 Nov that neither version was trained on"),
        (2, True, "On 2 simulated outcomes since 23 Nov that neither version was trained on"),
    ],
)
def test_the_scope_of_the_evidence(n: int, is_simulated: bool, expectation: str) -> None:
    preview = Preview(B, A, gate(n), NOW if n else None, NOW, is_simulated, "")
    body = dialog.content(PromotionEvidence(preview, None), "promote").body
    assert expectation in body
    assert ("1 event<" in body) is (n > 0)


@pytest.mark.parametrize(
    ("n", "expectation"), [(1, "On 1 event held out"), (300, "On 300 events held out")]
)
def test_the_scope_of_held_out_events(n: int, expectation: str) -> None:
    preview = Preview(B, A, gate(0), None, NOW, False, "")
    evidence = PromotionEvidence(preview, None, held_out=gate(n))
    assert f"{expectation} of its training" in dialog.content(evidence, "promote").body


@pytest.mark.parametrize(
    ("rests", "expectation"), [(1, "after 1 more outcome."), (812, "after 812 more outcomes.")]
)
def test_a_pause(rests: int, expectation: str) -> None:
    assert expectation in policy.pause(rests)


@pytest.mark.parametrize(
    ("checks", "rests", "expectation"),
    [
        (0, 0, "at 0 checks, with 0 retrains."),
        (1, 1, "at 1 check, with 1 retrain."),
        (1, 1, "Paused for 1 more outcome."),
        (2, 2, "Paused for 2 more outcomes."),
    ],
)
def test_the_chart_in_words(services: Services, checks: int, rests: int, expectation: str) -> None:
    status = replace(policy_state.read_status(services, NOW), rests=rests)
    rows = [summary() for _ in range(checks)]
    assert expectation in policy.describe_chart(status, rows)


def summary() -> policy_state.CheckSummary:
    return policy_state.CheckSummary(
        *(1, NOW, "on_gain", A, 1.0, 5.0, "retrain", None, None, 1, (), "")
    )


@pytest.mark.parametrize(
    ("able", "off", "expectation"),
    [
        (0, 1, "No version can answer yet. 1 folder can't be served."),
        (1, 0, "1 version answers, logit_games_v1 by default."),
        (2, 2, "2 versions answer, logit_games_v1 by default. 2 folders can't be served."),
    ],
)
def test_how_many_versions_answer(
    services: Services, able: int, off: int, expectation: str
) -> None:
    names = [A, B][:able]
    ready = {name: services.catalog.get(name) for name in names}
    torn = {f"torn_v{i}": broken(f"torn_v{i}", "torn") for i in range(off)}
    services.catalog.by_name = ready | torn  # type: ignore[attr-defined]
    champion = A if able else None
    assert expectation in plain(sections.top(services, champion, Leaderboard(0, 1)))


@pytest.mark.parametrize(
    ("n", "sources", "expectation"),
    [
        (1, ("api",), "1 outcome from the last 28 days."),
        (2, ("demo",), "2 simulated outcomes from the last 28 days."),
    ],
)
def test_which_events_the_metrics_cover(
    services: Services, n: int, sources: Any, expectation: str
) -> None:
    scores = {A: VersionScore(None, None, False)}
    leaderboard = Leaderboard(NOW, NOW + 1, sources, n, n, scores)
    assert expectation in plain(sections.versions(services, A, leaderboard, can_admin=False))


@pytest.mark.parametrize(
    ("events", "checks", "retrains", "expectation"),
    [
        (1, 1, 1, ("1 event in 1 check,", "with 1 retrain against 0.")),
        (4000, 12, 2, ("4,000 events in 12 checks,", "with 2 retrains against 0.")),
    ],
)
def test_the_backtest(
    events: int, checks: int, retrains: int, expectation: tuple[str, str]
) -> None:
    marks = (RetrainMark(NOW, -1.0, ""),) * retrains
    best = PolicyTrack("on_gain", 0.3, 0.7, 1.0, (NOW,), (-12.0,), marks)
    never = PolicyTrack("never", 0.4, None, 1.0, (NOW,), (0.0,), ())
    view = BacktestView("day", 1000, events, checks, NOW, False, (best, never))
    assert expectation[0] in plain(backtest.head(view, can_admin=True, busy=False))
    assert backtest.conclusion(view.tracks).endswith(expectation[1])
    assert "lower than never" in plain(backtest.body(view, "on_gain"))


def test_versions_that_are_being_prepared() -> None:
    def text(*names: str) -> str:
        return models_jobs.running_markup(None, names, can_admin=False)

    assert text() == ""
    assert ": its table is being computed and checked." in text("a_v1")
    assert ": their tables are being computed and checked." in text("a_v1", "b_v1")


def test_the_evidence_of_a_line_of_the_ledger() -> None:
    form = gate_report.as_json(gate(1))
    assert "on 1 outcome" in markup(ledger_view.evidence(form))
    assert "on 2 outcomes" in markup(ledger_view.evidence(form | {"n": 2}))


@pytest.mark.parametrize(("n", "expectation"), [(1, "1 event"), (12_000, "12,000 events")])
def test_training_events(services: Services, n: int, expectation: str) -> None:
    version = services.catalog.get(A)
    assert version is not None
    assert version.prepared is not None
    facts = version.prepared.facts
    new_facts = replace(facts, training=facts.training | {"n": n})
    assert descriptions.trained_on(new_facts)[1] == expectation


@pytest.mark.parametrize(
    ("waiting", "expectation"),
    [
        (0, "No new outcomes since check 7, so nothing was decided."),
        (1, "1 event is still waiting for its outcome."),
        (2, "2 events are still waiting for their outcomes."),
    ],
)
def test_a_check_without_news(waiting: int, expectation: str) -> None:
    last = Check(
        *(7, NOW, NOW, 0, "on_gain", "real", "cron", A, "wait", None, None),
        explanation="",
        evidence={},
    )
    assert retrain_check._describe_nothing_new(last, waiting).endswith(expectation)
