"""A backtest is what live checks would have done: the same decisions, gate, refit and pauses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from tests.support.labelled_streams import FEATURES, drifting, smoothed
from webapp.db.tables.checks import Check
from webapp.jobs.retrain.decide import decide, rules_of
from webapp.jobs.retrain.finish import restart_memory
from webapp.jobs.retrain.matured_stream import Block, MaturedStream
from webapp.pages.models import backtest_report as backtest_html
from webapp.stats.metrics import log_loss
from webapp.timing import DAY_MS
from webapp.training import estimators
from webapp.training import fit as fitting
from webapp.training.policy import backtest_report, holdout
from webapp.training.policy.backtest import run
from webapp.training.policy.past import fit_scores, sum_counts
from webapp.training.policy.plan import RetrainPlan
from webapp.training.policy.retrain import retrain
from webapp.training.policy.rules import Challenger, PolicyRules, ScoredChampion
from webapp.training.policy.stream import BacktestStream

PLAN = RetrainPlan(windows=(2000, "all"))
# A cap that no promotion stays within, and too few held-out events to show a gain by themselves
STRICT = replace(PLAN, holdout=40, churn=0.0)


def run_live(stream: BacktestStream, plan: RetrainPlan) -> tuple[list[float], list[str]]:
    """The log loss of each block, and the verdicts of the retrains.

    A check follows each block, with the steps of ``jobs.retrain`` and without its database.
    """
    scores = fit_scores(FEATURES, sum_counts(stream.past), "logit", plan.seed)
    champion, past = ScoredChampion("logit_v0", scores), stream.past
    first = MaturedStream(FEATURES, (), tuple(Block(b, fair=False) for b in past), {}, 0)
    last = decide(plan, first, champion, None, "test", 0)
    losses, verdicts = [], []
    for number, batch in enumerate(stream.blocks, 1):
        losses.append(log_loss(champion.scores, batch))
        stream_now = MaturedStream(FEATURES, past, (Block(batch),), {}, 0)
        last, past = decide(plan, stream_now, champion, last, "test", number), stream_now.blocks
        if last.decision == "retrain":
            verdict, champion = carry_out(last, champion, stream_now, plan)
            verdicts.append(verdict)
            last = replace(last, state=restart_memory(last))
    return losses, verdicts


def carry_out(
    check: Check, champion: ScoredChampion, stream_now: MaturedStream, plan: RetrainPlan
) -> tuple[str, ScoredChampion]:
    winner, sure = Challenger.parse(check.evidence["winner"]), check.evidence["sure"]
    version = retrain(winner, FEATURES, stream_now.blocks, champion.scores, plan, sure)
    if version.gate.verdict == "promote":
        champion = ScoredChampion(f"logit_v{check.at}", version.final.scores)
    return version.gate.verdict, champion


def rules(plan: RetrainPlan, *policies: str) -> Sequence[PolicyRules]:
    return [replace(rules_of(plan), policy=policy) for policy in policies]  # type: ignore[arg-type]


@pytest.fixture
def quick_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each case's own rate in place of a logistic regression: a thousand times as fast."""
    monkeypatch.setattr(fitting, "fit", lambda _features, counts, *_more: smoothed(counts))
    monkeypatch.setattr(estimators, "probabilities", lambda scores, _frame: scores)


@pytest.mark.usefixtures("quick_fits")
@pytest.mark.parametrize("seed", range(16))
def test_on_drifting_streams_the_live_loop_does_what_the_backtest_says(seed: int) -> None:
    check_stream(drifting(seed))


def test_so_it_does_with_logistic_regression() -> None:
    check_stream(drifting(3, blocks=8))


def check_stream(stream: BacktestStream) -> None:
    losses, verdicts = run_live(stream, PLAN)
    result = run(stream, rules(PLAN, "on_gain"), plan=PLAN)
    (replay,) = result.runs
    assert replay.metrics.log_loss == pytest.approx(np.mean(losses), abs=1e-9)
    retrains = sorted((*replay.retrains, *replay.refusals), key=lambda one: one.block)
    assert [one.verdict for one in retrains] == verdicts
    assert "promote" in verdicts, "the cap refuses no drift that held-out events show"
    assert replay.metrics.log_loss < result.never.metrics.log_loss - 0.01
    (free,) = run(stream, rules(PLAN, "on_gain"), plan=None).runs
    assert np.mean(losses) - free.metrics.log_loss < 0.01


@pytest.fixture
def tiny_holdout(monkeypatch: pytest.MonkeyPatch) -> None:
    """So few held-out events as no gate would ask for."""
    monkeypatch.setattr(holdout, "_needed_events", lambda _counts: 0)


@pytest.mark.usefixtures("quick_fits", "tiny_holdout")
def test_what_only_a_person_may_promote_is_refused_live_and_in_the_backtest() -> None:
    """And the policy pauses after it, twice as long each time, in both."""
    stream = drifting(0)
    losses, verdicts = run_live(stream, STRICT)
    (replay,) = run(stream, rules(STRICT, "on_gain"), plan=STRICT).runs
    assert set(verdicts) == {"ask"}
    assert [one.verdict for one in replay.capped] == verdicts
    assert replay.metrics.log_loss == pytest.approx(np.mean(losses), abs=1e-9)
    assert (
        np.diff([one.block for one in replay.refusals]).tolist() == [2, 4, 8][: len(verdicts) - 1]
    )
    assert replay.uncapped is not None, "what the cap cost is shown beside it"
    assert replay.uncapped.metrics.log_loss < replay.metrics.log_loss - 0.01
    assert replay.uncapped.retrains


@pytest.mark.usefixtures("quick_fits", "tiny_holdout")
def test_the_cost_of_the_cap_is_in_every_form_of_a_backtest() -> None:
    result = run(drifting(0), rules(STRICT, "on_gain"), plan=STRICT)
    form = backtest_report.as_json(result, {"shown": "rows"})
    (policy,) = form["policies"]
    (replay,) = result.runs
    assert replay.uncapped is not None
    loss = replay.uncapped.metrics.log_loss
    assert form["gate"] == {"holdout": 40, "churn": 0.0, "threshold": 0.2, "refit": True}
    assert (policy["retrains"], policy["refused"]) == (0, len(replay.refusals))
    assert policy["uncapped"]["log_loss"] == loss
    assert policy["not_promoted"][0]["verdict"] == "ask"
    text = backtest_report.describe(result, "rows")
    assert f"  no cap     {loss:.4f}" in text
    assert f"cap on changed decisions left {len(replay.capped)} retrains to a person." in text
    file = backtest_html.render(form)
    assert f"<td>without the cap on changed decisions</td><td>{loss:.4f}</td>" in file


@pytest.mark.usefixtures("quick_fits")
def test_outcomes_are_waited_for_by_the_day() -> None:
    """What settles three days after its day is learnt from three days later."""
    stream = replace(drifting(0), ends=tuple(day * DAY_MS for day in range(20)), unit="day")
    at_once, later = (
        run(stream, rules(PLAN, "on_gain"), plan=PLAN, settle_days=days).runs[0] for days in (0, 3)
    )
    assert later.shares[:3] == (0.0, 0.0, 0.0)
    assert later.shares[3:6] == pytest.approx(at_once.shares[:3])
    assert later.retrains[0].block == at_once.retrains[0].block + 3
