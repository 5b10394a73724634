"""The evidence of a policy: what a check's batch adds to it, and the challengers' next fits.

Every score table was fixed before the events that it is judged on became known.
"""

from __future__ import annotations

from dataclasses import replace
from math import log, log1p

import numpy as np

from webapp.stats.counts import Counts
from webapp.stats.margins import entropy
from webapp.stats.performance import loss_cells
from webapp.stats.sequential import Trail, observe
from webapp.training.errors import TrainingError
from webapp.training.policy.holdout import draw_events
from webapp.training.policy.rules import (
    Array,
    OwnError,
    PolicyInput,
    PolicyRules,
    Refit,
    ScoredChampion,
)
from webapp.training.policy.state import PolicyMemory, round_table

# The base rate to guess is that of recent events: weights halve every 1,000 events.
HALF_LIFE = 1000.0
_RAREST = 1e-4  # the smallest base rate to guess


def add_batch(rules: PolicyRules, memory: PolicyMemory, policy_input: PolicyInput) -> PolicyMemory:
    """Add the batch to the evidence."""
    batch, champion = policy_input.batch, policy_input.champion
    if batch.total == 0:
        return memory
    if rules.policy == "on_gain":
        recent, positives = _recent(memory, batch, champion)
        memory = _observe_gains(rules, memory, policy_input)
        memory = _remember_rate(memory, batch, recent, positives)
    elif rules.policy == "on_error" and champion.own is not None:
        memory = _excess(memory, batch, champion, champion.own)
    return replace(memory, n=memory.n + batch.total)


def _observe_gains(
    rules: PolicyRules, memory: PolicyMemory, policy_input: PolicyInput
) -> PolicyMemory:
    """The evidence with what the batch adds.

    Challengers that were fitted before a change have learnt nothing of what holds now. If the first
    half of a batch shows a change right before it, they are fitted again on that half, and judged
    on the other one. Nothing is judged on what it was fitted on, or chosen by.
    """
    batch, champion, history = policy_input.batch, policy_input.champion, policy_input.history
    if history is not None:
        later = draw_events(batch, batch.total // 2, memory.n)
        refit = history.before(later)
        if refit is not None:
            first = Counts(batch.n - later.n, batch.positives - later.positives)
            memory = replace(memory, gains=_gains(rules, memory, first, champion))
            memory, batch = _fit_challengers(rules, memory, refit), later
    return replace(memory, gains=_gains(rules, memory, batch, champion))


def _gains(
    rules: PolicyRules, memory: PolicyMemory, batch: Counts, champion: ScoredChampion
) -> dict[str, Trail]:
    """The evidence with what each challenger, fitted at the last check, saved on the batch."""
    losses = loss_cells(champion.scores)
    gains = dict(memory.gains)
    for key in (challenger.key for challenger in rules.challengers):
        if key in memory.tables:
            gain = losses - loss_cells(memory.tables[key])
            gains[key] = gains.get(key, Trail()).add(observe(gain, batch, champion.scores))
    return gains


def _excess(
    memory: PolicyMemory, batch: Counts, champion: ScoredChampion, own: OwnError
) -> PolicyMemory:
    """Add the skill that the champion lost since training: losses relative to those of guessing.

    The guess is the base rate of the events before the batch. It is never better than the batch's
    own base rate would be, which can only make firing rarer.
    """
    recent, positives = _recent(memory, batch, champion)
    rate = min(max(positives / recent, _RAREST), 1 - _RAREST)
    guess = np.array([-log1p(-rate), -log(rate)])
    excess = loss_cells(champion.scores) - own.ratio * guess
    trail = memory.excess.add(observe(excess / entropy(rate), batch, champion.scores))
    return _remember_rate(replace(memory, excess=trail), batch, recent, positives)


def _recent(memory: PolicyMemory, batch: Counts, champion: ScoredChampion) -> tuple[float, float]:
    """The events and positives behind the base rate before a batch, with decaying weights.

    At first they are what the champion stands for: its own validation, or its scores.
    """
    if memory.recent:
        return memory.recent, memory.recent_positives
    if champion.own is not None:
        return HALF_LIFE, HALF_LIFE * champion.own.base_rate
    return HALF_LIFE, HALF_LIFE * float(batch.n @ champion.scores) / batch.total


def _remember_rate(
    memory: PolicyMemory, batch: Counts, recent: float, positives: float
) -> PolicyMemory:
    fade = 0.5 ** (batch.total / HALF_LIFE)
    return replace(
        memory,
        recent=recent * fade + batch.total,
        recent_positives=positives * fade + float(batch.positives.sum()),
    )


def refit_challengers(
    rules: PolicyRules, memory: PolicyMemory, policy_input: PolicyInput
) -> PolicyMemory:
    """Fit the challengers on everything matured so far, for the next check."""
    is_complete = all(c.key in memory.tables or c.key in memory.problems for c in rules.challengers)
    n_new = policy_input.batch.total + policy_input.unjudged
    if rules.policy != "on_gain" or (n_new == 0 and is_complete):
        return memory
    return _fit_challengers(rules, memory, policy_input.refit)


def _fit_challengers(rules: PolicyRules, memory: PolicyMemory, refit: Refit) -> PolicyMemory:
    tables: dict[str, Array] = {}
    problems: dict[str, str] = {}
    for challenger in rules.challengers:
        try:
            tables[challenger.key] = round_table(refit(challenger))
        except TrainingError as error:
            problems[challenger.key] = str(error)
    return memory.with_tables(tables, problems)
