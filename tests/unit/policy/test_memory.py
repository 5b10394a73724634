"""The memory of a policy: what restarts it, and its JSON."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.support.labelled_streams import NOTHING, RATES, batches, champion, refitter
from tests.support.policy_runs import changed, play, rules
from webapp.training.errors import PolicyError
from webapp.training.policy.past import Past
from webapp.training.policy.rules import (
    PolicyInput,
    ScoredChampion,
)
from webapp.training.policy.state import PolicyMemory
from webapp.training.policy.steps import step


@pytest.mark.parametrize("policy", ["periodic", "on_error", "on_gain"])
def test_another_champion_starts_the_evidence_anew(policy: str) -> None:
    which = rules(policy, every=10**6)
    state, _ = play(which, changed(3))
    assert state.n == 1500
    past = Past(tuple(changed(3)))
    state, decision = step(
        which, state, PolicyInput(NOTHING, ScoredChampion("b_v1", RATES), refitter(past))
    )
    assert (state.n, state.checks, dict(state.gains), state.excess.batches) == (0, 1, {}, 0)
    assert decision.share == 0


def test_other_rules_start_the_evidence_anew() -> None:
    state, _ = play(rules("on_gain"), changed(3))
    past = Past(tuple(changed(3)))
    state, _ = step(
        rules("on_gain", alpha=0.01),
        state,
        PolicyInput(NOTHING, ScoredChampion("a_v1", RATES), refitter(past)),
    )
    assert state.n == 0


def test_a_gate_that_refuses_starts_the_evidence_anew_and_keeps_the_challengers() -> None:
    state, _ = play(rules("on_gain"), changed(3))
    fresh = state.restart()
    assert (fresh.n, fresh.gains) == (0, {})
    assert fresh.tables is state.tables


@pytest.mark.parametrize("policy", ["on_error", "on_gain", "periodic"])
def test_a_state_that_was_kept_as_json_goes_on_as_if_it_never_was(policy: str) -> None:
    stream, who = changed(14), champion(np.random.default_rng(2), 4000)
    past = Past(tuple(batches(np.random.default_rng(0), 500, 8)))
    which = rules(policy, every=10**6)
    _, through = play(which, stream, who, past=past)
    state, first = play(which, stream[:7], who, past=past)
    stored_memory = PolicyMemory.from_dict(json.loads(json.dumps(state.as_dict())))
    _, second = play(
        which, stream[7:], who, state=stored_memory, past=Past(past.blocks + tuple(stream[:7]))
    )
    assert [d.as_dict() for d in first + second] == [d.as_dict() for d in through]
    json.dumps(through[-1].as_dict())


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda v: v.pop("gains"), "can't be read"),
        (lambda v: v.update(form=0), "has form 0, not 1"),
        (lambda v: v.update(tables={"logit@all": "?"}), "can't be read"),
        (lambda v: v.update(excess=[[1], [2]]), "can't be read"),
    ],
)
def test_a_state_that_is_none_is_refused(spoil: object, message: str) -> None:
    state, _ = play(rules("on_gain"), changed(1))
    values = state.as_dict()
    spoil(values)  # type: ignore[operator]
    with pytest.raises(PolicyError, match=message):
        PolicyMemory.from_dict(values)


def test_a_state_of_ten_features_and_nine_challengers_is_small() -> None:
    tables = {f"logit@{k}": np.random.default_rng(k).random(1024) for k in range(9)}
    assert len(json.dumps(PolicyMemory(tables=tables).as_dict())) < 60_000
