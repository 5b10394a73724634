"""The gate of promotion: who passes, who doesn't, and how often it is wrong."""

from __future__ import annotations

import numpy as np
import pytest

from tests.support.populations import draw, shares, shipped
from webapp.stats.counts import Counts
from webapp.stats.gate import GateRules, judge
from webapp.stats.verdicts import FEWEST_OUTCOMES

OPEN = GateRules(churn=1.0)


def moved(by: float) -> np.ndarray:
    """The champion's scores with their log odds moved."""
    scores = shipped().scores
    odds = np.log(scores / (1 - scores)) + by
    return np.asarray(1 / (1 + np.exp(-odds)))


def test_the_truth_passes_and_a_worse_one_does_not() -> None:
    window = draw(np.random.default_rng(1), 3000, shares(), moved(1.0))
    scores = shipped().scores
    assert judge(scores, moved(1.0), window.labelled, window.events, OPEN).verdict == "promote"
    worse = judge(scores, moved(-1.0), window.labelled, window.events, OPEN, sure=0.01)
    assert worse.verdict == "keep", "whatever the policy believes"
    same = judge(scores, scores, window.labelled, window.events, OPEN)
    assert (same.verdict, same.loss_verdict) == ("keep", "no difference that matters")
    assert same.churn is not None
    assert same.churn.value == 0


def test_a_gain_that_held_out_events_show_passes_whatever_changes() -> None:
    window = draw(np.random.default_rng(1), 3000, shares(), moved(1.0))
    gate = judge(
        shipped().scores, moved(1.0), window.labelled, window.events, GateRules(churn=0.02)
    )
    assert gate.churn is not None
    is_flipped = (shipped().scores >= 0.2) != (moved(1.0) >= 0.2)
    assert gate.churn.value == pytest.approx(window.events[is_flipped].sum() / 3000)
    assert gate.churn.value > 0.02
    assert (gate.verdict, gate.loss_verdict, gate.within_cap) == ("promote", "better", False)
    assert gate.exceeds_cap


@pytest.mark.parametrize(("cap", "verdict"), [(1.0, "promote"), (0.02, "ask")])
def test_a_gain_that_only_the_policy_knows_of_passes_within_the_cap_or_is_for_a_person(
    cap: float, verdict: str
) -> None:
    window = draw(np.random.default_rng(1), FEWEST_OUTCOMES - 1, shares(), moved(1.0))
    gate = judge(
        *(shipped().scores, moved(1.0), window.labelled, window.events),
        GateRules(churn=cap),
        sure=0.001,
    )
    assert (gate.verdict, gate.loss_verdict, gate.within_cap) == (verdict, "better", cap == 1)
    assert not gate.exceeds_cap


@pytest.mark.parametrize("label", [0, 1])
def test_held_out_events_of_one_label_are_never_evidence(label: int) -> None:
    """1,000 who answered at once and said yes, say: the others answer days later."""
    events = draw(np.random.default_rng(1), 1000, shares()).events
    held_out = Counts(events, label * events)
    for by in (-1.0, 1.0):
        gate = judge(shipped().scores, moved(by), held_out, events, OPEN, sure=0.01)
        assert (gate.verdict, gate.loss_verdict) == ("not enough evidence",) * 2
        assert gate.is_one_sided
        assert gate.more is None


def test_few_events_decide_nothing_but_the_policy_may() -> None:
    window = draw(np.random.default_rng(2), FEWEST_OUTCOMES - 1, shares(), moved(1.0))
    scores, n = shipped().scores, window.events
    alone = judge(scores, moved(1.0), window.labelled, n, OPEN)
    assert alone.verdict == "not enough evidence"
    assert alone.more is not None
    assert alone.more >= 1
    assert judge(scores, moved(1.0), window.labelled, n, OPEN, sure=0.001).verdict == "promote"
    assert judge(scores, moved(1.0), window.labelled, n, OPEN, sure=0.0).verdict == alone.verdict
    none = Counts(0 * n, 0 * n)
    nothing = judge(scores, moved(1.0), none, n, OPEN, sure=0.001)
    assert (nothing.verdict, nothing.log_loss, nothing.auc) == ("not enough evidence", None, None)


def test_events_of_cases_that_it_never_saw_are_counted() -> None:
    window = draw(np.random.default_rng(3), 1000, shares())
    training_events = np.where(np.arange(1024) % 2, 5, 0)
    scores = shipped().scores
    gate = judge(scores, scores, window.labelled, window.events, OPEN, training_events)
    assert gate.unseen == int(window.labelled.n[::2].sum())


def test_a_challenger_that_is_no_better_is_rarely_promoted() -> None:
    """As good as the champion, but different: in 2.5 % of samples at most, less for the margin."""
    rng, champion, challenger = np.random.default_rng(4), moved(-0.4), moved(0.4)
    truth = 0.4677247606490651 * challenger + (1 - 0.4677247606490651) * champion
    loss = [-(truth * np.log(p) + (1 - truth) * np.log(1 - p)) for p in (champion, challenger)]
    assert abs(shares() @ (loss[1] - loss[0])) < 1e-12, "they are equally good"
    wrong = sum(
        judge(champion, challenger, w.labelled, w.events, OPEN).verdict == "promote"
        for w in (draw(rng, 1000, shares(), truth) for _ in range(400))
    )
    assert wrong <= 0.025 * 400 + 6  # two standard deviations of chance


@pytest.mark.parametrize(("by", "verdict"), [(0.5, "promote"), (0.03, "ask")])
def test_what_the_policy_is_sure_of_may_change_decisions_if_held_out_events_bear_it_out(
    by: float, verdict: str
) -> None:
    """Their interval decides nothing, and their estimate is beyond the margin, or isn't."""
    window = draw(np.random.default_rng(0), 300, shares(), moved(0.5))
    gate = judge(
        *(shipped().scores, moved(by), window.labelled, window.events),
        GateRules(churn=0.0),
        sure=0.001,
    )
    assert gate.log_loss is not None
    assert gate.log_loss.high > -GateRules().margin
    assert gate.log_loss.low < -GateRules().margin
    assert gate.churn is not None
    assert gate.churn.value > 0
    assert (gate.log_loss.value < -GateRules().margin) == (verdict == "promote")
    assert gate.verdict == verdict
