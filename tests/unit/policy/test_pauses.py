"""Pauses after retrains that did not replace the champion."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np

from tests.support.labelled_streams import NOTHING, RATES, batches, refitter
from tests.support.policy_runs import changed, play
from webapp.training.policy.past import Past
from webapp.training.policy.rules import (
    PolicyInput,
    PolicyRules,
    ScoredChampion,
)
from webapp.training.policy.state import PolicyMemory
from webapp.training.policy.steps import step


def fired_at(which: PolicyRules, times: int) -> list[int]:
    """The checks of 500 events at which it fires, though no retrain changes the champion."""
    rng = np.random.default_rng(0)
    who, past = ScoredChampion("a_v1", RATES), Past(tuple(batches(rng, 500, 8)))
    state, _ = step(which, PolicyMemory(), PolicyInput(NOTHING, who, refitter(past)))
    numbers = []
    for number, batch in enumerate(changed(times)):
        past = past.plus(batch)
        state, decision = step(which, state, PolicyInput(batch, who, refitter(past)))
        if decision.fire:
            numbers.append(number)
            state = PolicyMemory.from_dict(json.loads(json.dumps(state.restart().as_dict())))
    return numbers


def test_refused_again_and_again_it_rests_twice_as_long_each_time() -> None:
    numbers = fired_at(PolicyRules.of("on_gain", ["logit"], ["all"], every=3000), 90)
    assert np.diff(numbers).tolist() == [6, 12, 24, 48][: len(numbers) - 1]
    assert len(numbers) >= 4


def test_a_policy_that_rests_says_so_and_since_when() -> None:
    which = PolicyRules.of("on_gain", ["logit"], ["all"], every=20_000)
    _, decisions = play(which, changed(12))
    first = next(i for i, d in enumerate(decisions) if d.fire)
    assert "since a_v1 became champion" in decisions[first].explanation
    memory, _ = play(which, changed(12)[: first + 1])
    _, after = play(which, changed(12, seed=2), state=memory.restart())
    last = after[-1]
    assert (last.fire, last.winner, last.share, last.rests) == (False, None, 1.0, 14_000)
    assert last.as_dict()["rests"] == 14_000
    assert "6,000 since the last retrain." in last.explanation
    assert last.explanation.endswith(
        "Paused: a retrain didn't replace a_v1, so the policy can fire again 20,000 outcomes after "
        "the last one, 14,000 from now."
    )
    twice = replace(memory.restart(), refused=2)
    _, after = play(which, changed(1, seed=2), state=twice)
    assert "Paused: 2 retrains didn't replace a_v1" in after[-1].explanation


def test_the_rest_ends_with_the_champion_and_with_the_rules() -> None:
    which = PolicyRules.of("on_gain", ["logit"], ["all"], every=20_000)
    state = replace(play(which, changed(1))[0], refused=3)
    assert play(which, [NOTHING], state=state)[1][-1].rests == 79_500
    assert play(which, [NOTHING], ScoredChampion("b_v1", RATES), state)[1][-1].rests == 0
    assert play(replace(which, alpha=0.01), [NOTHING], state=state)[1][-1].rests == 0
    never_kept = state.as_dict()
    del never_kept["refused"], never_kept["asked"]
    assert PolicyMemory.from_dict(never_kept).refused == 0


def test_periodic_never_rests() -> None:
    numbers = fired_at(PolicyRules.of("periodic", ["logit"], ["all"], every=1000), 8)
    assert numbers == [1, 3, 5, 7]
