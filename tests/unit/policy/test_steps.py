"""Retraining policies, check by check."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.support.labelled_streams import NOTHING, RATES, batches, champion, refitter
from tests.support.policy_runs import changed, play, rules
from webapp.training.errors import PolicyError
from webapp.training.policy.past import Past
from webapp.training.policy.rules import (
    Array,
    Challenger,
    PolicyInput,
    ScoredChampion,
    TrainingWindow,
)
from webapp.training.policy.state import PolicyMemory
from webapp.training.policy.steps import step


def test_never_never_fires() -> None:
    _, decisions = play(rules("never"), changed(20))
    assert not any(d.fire or d.share for d in decisions)
    assert "never retrains" in decisions[-1].explanation


def test_periodic_counts_matured_events_and_fits_the_first_challenger() -> None:
    _, decisions = play(rules("periodic", every=2000), changed(5))
    assert [d.fire for d in decisions] == [False, False, False, True, True]
    assert [d.share for d in decisions[:4]] == [0.25, 0.5, 0.75, 1.0]
    assert decisions[3].winner == Challenger("logit", TrainingWindow(2000))
    assert (
        "The next retrain is due after 500 more outcomes (every 2,000)." in decisions[2].explanation
    )


def test_periodic_without_a_number_is_due_whenever_something_matured() -> None:
    _, decisions = play(rules("periodic"), [NOTHING, *changed(1)])
    assert [d.fire for d in decisions] == [False, True]


def test_an_empty_batch_changes_nothing_and_says_who_still_waits() -> None:
    state, _ = play(rules("on_gain"), changed(1))
    who = ScoredChampion("a_v1", RATES)

    def never(challenger: Challenger) -> Array:
        raise AssertionError(f"{challenger.key} was fitted on what is known already")

    after, decision = step(rules("on_gain"), state, PolicyInput(NOTHING, who, never, waiting=1200))
    assert replace(after, checks=state.checks) == state
    assert not decision.fire
    assert decision.explanation.startswith(
        "No new outcomes; 500 since a_v1 became champion. 1,200 events are still waiting for "
        "their outcomes."
    )


def test_on_error_says_what_it_would_need() -> None:
    _, decisions = play(rules("on_error"), changed(3), ScoredChampion("b_v1", RATES))
    assert not any(d.fire for d in decisions)
    assert "b_v1 has no validation error of its own" in decisions[-1].explanation


def test_on_error_fires_when_skill_is_lost() -> None:
    who = champion(np.random.default_rng(5), 20_000)
    useless = np.full(16, float(RATES.mean()))
    stream = batches(np.random.default_rng(6), 500, 30, useless)
    _, decisions = play(rules("on_error"), stream, who)
    first = next(i for i, d in enumerate(decisions) if d.fire)
    assert first < 6
    decision = decisions[first]
    assert decision.winner == Challenger("logit", TrainingWindow(2000))
    assert "That is above the margin of 1.0" in decision.explanation
    for decision in decisions:
        (reading,) = decision.readings
        assert reading.low is not None
        assert (reading.low > reading.margin) == reading.fires == decision.fire


@pytest.mark.parametrize("share", [0.5, 2.0])
def test_a_change_of_the_base_rate_alone_does_not_fire_on_error(share: float) -> None:
    """Half or twice as many buy, in every case by the same odds, and scores follow as well as
    they did: relative to guessing nothing was lost.
    """
    odds = RATES / (1 - RATES) * share
    rates = odds / (1 + odds)
    n_fired = 0
    for seed in range(10):
        who = champion(np.random.default_rng(seed), 4000)
        stream = batches(np.random.default_rng(seed + 50), 500, 40, rates)
        _, decisions = play(rules("on_error"), stream, replace(who, scores=rates))
        n_fired += any(d.fire for d in decisions)
    assert n_fired == 0


def test_a_champion_of_other_features_is_refused_by_name() -> None:
    check = PolicyInput(NOTHING, ScoredChampion("b_v1", np.full(8, 0.5)), refitter(Past(())))
    with pytest.raises(PolicyError, match="the batch has 16 cases, and b_v1 has 8"):
        step(rules("never"), PolicyMemory(), check)
