"""The policy on_gain: challengers, their evidence, and when it fires."""

from __future__ import annotations

from math import log

import numpy as np
import pytest

from tests.support.labelled_streams import NOTHING, RATES, batches, champion, draw, refitter
from tests.support.policy_runs import CHANGED, changed, play, rules
from webapp.stats.counts import Counts
from webapp.training.errors import EstimatorError
from webapp.training.policy.past import Past
from webapp.training.policy.rules import (
    Array,
    Challenger,
    PolicyInput,
    PolicyRules,
    Refit,
    ScoredChampion,
)
from webapp.training.policy.state import PolicyMemory
from webapp.training.policy.steps import step


def test_on_gain_fires_for_a_change_and_says_so_in_a_paragraph() -> None:
    _, decisions = play(rules("on_gain"), changed(20))
    first = next(i for i, d in enumerate(decisions) if d.fire)
    assert first < 10
    decision = decisions[first]
    assert decision.winner is not None
    assert decision.evidence is not None
    assert decision.evidence.low is not None
    assert decision.evidence.low > decision.evidence.margin
    assert decision.share == 1
    assert "is clearly better" in decision.explanation
    assert "\n" not in decision.explanation
    before = decisions[0]
    assert before.share < 1
    assert "the policy fires above 0.0012" in before.explanation


def test_it_fires_exactly_when_a_lower_bound_passes_the_margin() -> None:
    _, decisions = play(rules("on_gain"), changed(12))
    for decision in decisions:
        passes = [r.low > r.margin for r in decision.readings if r.low is not None]
        assert decision.fire == any(passes)
        assert all((r.low > r.margin) == r.fires for r in decision.readings if r.low is not None)


def test_the_bound_is_split_over_the_challengers() -> None:
    _, alone = play(PolicyRules.of("on_gain", ["logit"], ["2000"]), changed(1))
    _, three = play(rules("on_gain"), changed(1))
    assert alone[0].readings[0].needed == pytest.approx(log(1 / 0.05))
    assert {r.needed for r in three[0].readings} == {log(3 / 0.05)}
    assert three[0].readings[0].low < alone[0].readings[0].low  # type: ignore[operator]


def test_a_challenger_is_judged_on_what_matured_after_its_fit() -> None:
    """The very first batch finds no challengers, so it is evidence for none of them."""
    who, past = ScoredChampion("a_v1", RATES), Past(tuple(changed(4)))
    state, decision = step(
        rules("on_gain"), PolicyMemory(), PolicyInput(past.blocks[-1], who, refitter(past))
    )
    assert decision.evidence is not None
    assert decision.evidence.value is None
    assert "The challengers are fitted now" in decision.explanation
    later = changed(1, seed=9)[0]
    state, decision = step(
        rules("on_gain"), state, PolicyInput(later, who, refitter(past.plus(later)))
    )
    assert {r.n for r in decision.readings} == {500}


def test_the_evidence_is_what_refitting_at_every_check_would_have_saved() -> None:
    """Computed anew, event by event sums of log losses."""
    stream, past = changed(4), Past(tuple(batches(np.random.default_rng(0), 500, 8)))
    which = PolicyRules.of("on_gain", ["logit"], ["2000"])
    state, _ = play(which, stream, past=past)
    saving = 0.0
    for batch in stream:
        scores = refitter(past)(which.challengers[0])
        ratio = np.log(scores / RATES), np.log((1 - scores) / (1 - RATES))
        saving += batch.positives @ ratio[0] + (batch.n - batch.positives) @ ratio[1]
        past = past.plus(batch)
    assert state.gains["logit@2000"].whole.total == pytest.approx(saving, abs=1e-3)


def test_clumps_count_as_much_as_drops() -> None:
    """A thousand outcomes at once or one by one: the same sums, whatever the order."""
    one = draw(np.random.default_rng(3), 400, CHANGED)
    who = champion(np.random.default_rng(4), 4000)
    events = [(case, label) for case in range(16) for label in (0, 1)]
    drops = []
    for case, label in events:
        n = one.positives[case] if label else one.n[case] - one.positives[case]
        for _ in range(n):
            n_, p_ = np.zeros((2, 16), np.int64)
            n_[case], p_[case] = 1, label
            drops.append(Counts(n_, p_))
    which = PolicyRules.of("on_gain", ["logit"], ["2000"])
    start = Past(tuple(batches(np.random.default_rng(0), 500, 8)))

    def frozen(challenger: Challenger) -> Array:
        return refitter(start)(challenger)

    state, _ = step(which, PolicyMemory(), PolicyInput(NOTHING, who, frozen))
    whole, _ = step(which, state, PolicyInput(one, who, frozen))
    for drop in drops:
        state, _ = step(which, state, PolicyInput(drop, who, frozen))
    (a,), (b,) = whole.gains.values(), state.gains.values()
    assert a.whole.n == b.whole.n == 400
    assert a.whole.total == pytest.approx(b.whole.total)
    assert a.whole.spread == pytest.approx(b.whole.spread)


def test_a_challenger_that_cannot_be_fitted_sits_out_and_the_others_go_on() -> None:
    past = Past(tuple(batches(np.random.default_rng(0), 500, 8)))
    which, who = rules("on_gain"), ScoredChampion("a_v1", RATES)

    def half(past: Past) -> Refit:
        def refit(challenger: Challenger) -> Array:
            if challenger.window.events == 2000:
                raise EstimatorError("3 of the 2,000 rows have label 1: at least 10 are needed")
            return refitter(past)(challenger)

        return refit

    state, _ = step(which, PolicyMemory(), PolicyInput(NOTHING, who, half(past)))
    for batch in changed(20):
        past = past.plus(batch)
        state, decision = step(which, state, PolicyInput(batch, who, half(past)))
        if decision.fire:
            break
    assert decision.fire
    assert decision.winner is not None
    assert decision.winner.window.events != 2000
    (out,) = (r for r in decision.readings if r.what == "logit@2000")
    assert out.n == 0
    assert out.problem is not None
    assert "at least 10 are needed" in out.problem


def test_when_none_can_be_fitted_the_reason_is_reported() -> None:
    def broken(challenger: Challenger) -> Array:
        raise EstimatorError("all labels are the same")

    who = ScoredChampion("a_v1", RATES)
    state, _ = step(rules("on_gain"), PolicyMemory(), PolicyInput(NOTHING, who, broken))
    _, decision = step(rules("on_gain"), state, PolicyInput(changed(1)[0], who, broken))
    assert "No challenger can be judged: logit@2000: all labels are the same" in (
        decision.explanation
    )


def test_challengers_learn_from_events_that_are_not_used_as_evidence() -> None:
    """Those that the champion was trained on: it would be judged too well."""
    which, who = rules("on_gain"), ScoredChampion("a_v1", RATES)
    first, second = batches(np.random.default_rng(4), 500, 2)
    past = Past((first,))
    state, _ = step(which, PolicyMemory(), PolicyInput(NOTHING, who, refitter(past), unjudged=500))
    past = past.plus(second)
    state, decision = step(which, state, PolicyInput(NOTHING, who, refitter(past), unjudged=500))
    assert (state.n, dict(state.gains), decision.share) == (0, {}, 0.0)
    for challenger in which.challengers:
        scores = refitter(past)(challenger)
        assert state.tables[challenger.key] == pytest.approx(scores, abs=1e-6)
