"""Runs of a policy over batches of a changed stream."""

from __future__ import annotations

import numpy as np

from tests.support.labelled_streams import NOTHING, RATES, batches, refitter, turned
from webapp.stats.counts import Counts
from webapp.training.policy.past import Past
from webapp.training.policy.rules import PolicyDecision, PolicyInput, PolicyRules, ScoredChampion
from webapp.training.policy.state import PolicyMemory
from webapp.training.policy.steps import step

WINDOWS = ["2000", "4000", "all"]
CHANGED = turned(RATES, 0.03)


def rules(policy: str, **more: object) -> PolicyRules:
    """A policy with logit on three windows."""
    return PolicyRules.of(policy, ["logit"], WINDOWS, **more)


def play(
    which: PolicyRules,
    stream: list[Counts],
    who: ScoredChampion | None = None,
    state: PolicyMemory | None = None,
    past: Past | None = None,
) -> tuple[PolicyMemory, list[PolicyDecision]]:
    """A check for each batch, after one that only fits the challengers."""
    rng = np.random.default_rng(0)
    who = who or ScoredChampion("a_v1", RATES)
    past = past or Past(tuple(batches(rng, 500, 8)))
    decisions = []
    if state is None:
        state, _ = step(which, PolicyMemory(), PolicyInput(NOTHING, who, refitter(past)))
    for batch in stream:
        past = past.plus(batch)
        state, decision = step(which, state, PolicyInput(batch, who, refitter(past)))
        decisions.append(decision)
    return state, decisions


def changed(times: int, seed: int = 1) -> list[Counts]:
    """Batches of 500 events after a change that a refit would win back."""
    return batches(np.random.default_rng(seed), 500, times, CHANGED)
