"""Retraining policies as pure steps: the backtest and ``everycase retrain`` run the same ones.

A check is ``memory, decision = step(rules, memory, policy_input)``. Store the memory (``as_dict``)
until the next check. If the decision fires, fit its winner on the past, let the gate judge it, and
make it the champion: the next check then starts with no evidence about the new champion. If the
gate refuses it, store ``memory.restart()`` instead, or the policy would fire again at the next
check; it then pauses, twice as long each time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import exp, log, log1p, nan

import numpy as np

from webapp.stats import sequential
from webapp.stats.counts import Counts
from webapp.stats.margins import entropy
from webapp.stats.performance import loss_cells
from webapp.stats.sequential import Evidence, Trail, observe
from webapp.training.errors import PolicyError, TrainingError
from webapp.training.policy import reasons
from webapp.training.policy.rules import (
    Array,
    Challenger,
    OwnError,
    Policy,
    PolicyDecision,
    PolicyInput,
    PolicyRules,
    Reading,
    ScoredChampion,
)
from webapp.training.policy.state import PolicyMemory, round_table

# The bound on a gain is tightest at this sum of squares: 4,000 events whose gain has a standard
# deviation of 0.2 nats. It is valid everywhere, and elsewhere a little wider.
GAIN_SPREAD = 160.0
# The base rate to guess is that of recent events: weights halve every 1,000 events.
HALF_LIFE = 1000.0
_RAREST = 1e-4  # the smallest base rate to guess


def step(
    rules: PolicyRules, memory: PolicyMemory, policy_input: PolicyInput
) -> tuple[PolicyMemory, PolicyDecision]:
    """Do one check. Raises PolicyError if counts and scores are of different cases."""
    champion = policy_input.champion
    if policy_input.batch.n.shape != champion.scores.shape:
        raise PolicyError(
            f"the batch has {len(policy_input.batch.n):,} cases, and {champion.version} has "
            f"{len(champion.scores):,}: both need the same inputs"
        )
    memory = _observe(rules, _about(rules, memory, champion), policy_input)
    memory = replace(memory, checks=memory.checks + 1)
    decision = _DECIDE[rules.policy](rules, memory, policy_input)
    return replace(_refit_challengers(rules, memory, policy_input), asked=decision.fire), decision


def _about(rules: PolicyRules, memory: PolicyMemory, champion: ScoredChampion) -> PolicyMemory:
    """The memory, restarted if it is about another champion or other rules."""
    keys = [challenger.key for challenger in rules.challengers]
    name = f"{rules.policy} {rules.alpha} {rules.gain_margin} {rules.skill_margin} {' '.join(keys)}"
    if (memory.champion, memory.rules) == (champion.version, name):
        return memory
    tables = {
        key: table
        for key, table in memory.tables.items()
        if key in keys and table.shape == champion.scores.shape
    }
    fresh = replace(memory.restart(), refused=0, tables=tables)
    return replace(fresh, champion=champion.version, rules=name)


def _observe(rules: PolicyRules, memory: PolicyMemory, policy_input: PolicyInput) -> PolicyMemory:
    """Add the batch to the evidence: every score table here was fixed before the batch came."""
    batch, champion = policy_input.batch, policy_input.champion
    if batch.total == 0:
        return memory
    if rules.policy == "on_gain":
        recent, positives = _recent(memory, batch, champion)
        memory = replace(memory, gains=_gains(rules, memory, batch, champion))
        memory = _remember_rate(memory, batch, recent, positives)
    elif rules.policy == "on_error" and champion.own is not None:
        memory = _excess(memory, batch, champion, champion.own)
    return replace(memory, n=memory.n + batch.total)


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


def _refit_challengers(
    rules: PolicyRules, memory: PolicyMemory, policy_input: PolicyInput
) -> PolicyMemory:
    """Fit the challengers on everything matured so far, for the next check."""
    is_complete = all(c.key in memory.tables or c.key in memory.problems for c in rules.challengers)
    n_new = policy_input.batch.total + policy_input.unjudged
    if rules.policy != "on_gain" or (n_new == 0 and is_complete):
        return memory
    tables: dict[str, Array] = {}
    problems: dict[str, str] = {}
    for challenger in rules.challengers:
        try:
            tables[challenger.key] = round_table(policy_input.refit(challenger))
        except TrainingError as error:
            problems[challenger.key] = str(error)
    return memory.with_tables(tables, problems)


def _never(rules: PolicyRules, memory: PolicyMemory, policy_input: PolicyInput) -> PolicyDecision:
    return _decision(rules, memory, policy_input, None, 0.0)


def _periodic(
    rules: PolicyRules, memory: PolicyMemory, policy_input: PolicyInput
) -> PolicyDecision:
    winner = rules.challengers[0] if memory.n >= rules.every else None
    return _decision(rules, memory, policy_input, winner, min(1.0, memory.n / rules.every))


def _on_error(
    rules: PolicyRules, memory: PolicyMemory, policy_input: PolicyInput
) -> PolicyDecision:
    reading = _read_error(rules, memory, policy_input.champion)
    winner = rules.challengers[0] if reading.fires else None
    return _decision(rules, memory, policy_input, winner, reading.share, (reading,))


def _on_gain(rules: PolicyRules, memory: PolicyMemory, policy_input: PolicyInput) -> PolicyDecision:
    """Fire if one challenger is clearly better; the one that gained most then wins."""
    readings = tuple(_read_gain(rules, memory, challenger) for challenger in rules.challengers)
    share = max(reading.share for reading in readings)
    clearest = max(readings, key=lambda reading: reading.strength)
    winner = _best(rules, memory, clearest.what) if clearest.fires else None
    return _decision(rules, memory, policy_input, winner, share, readings)


def _best(rules: PolicyRules, memory: PolicyMemory, clearest: str) -> Challenger:
    """The challenger that gained most of those that were judged on at least as many events."""
    whole = {key: trail.whole for key, trail in memory.gains.items()}
    candidates = [key for key, sums in whole.items() if sums.n >= whole[clearest].n]
    best = max(candidates, key=lambda key: whole[key].mean)
    return next(challenger for challenger in rules.challengers if challenger.key == best)


_DECIDE: dict[Policy, Callable[[PolicyRules, PolicyMemory, PolicyInput], PolicyDecision]] = {
    "never": _never,
    "periodic": _periodic,
    "on_error": _on_error,
    "on_gain": _on_gain,
}


def _read_gain(rules: PolicyRules, memory: PolicyMemory, challenger: Challenger) -> Reading:
    """The reading of one challenger; alpha is divided equally over all of them."""
    rate = memory.recent_positives / memory.recent if memory.recent else nan
    alpha, margin = rules.alpha / len(rules.challengers), rules.gain_margin_at(rate)
    trail, threshold = memory.gains.get(challenger.key, Trail()), log(1 / alpha)
    problem = memory.problems.get(challenger.key)
    if trail.whole.n == 0:
        return Reading(challenger.key, 0, None, None, margin, 0.0, threshold, problem)
    mixture = sequential.rho(GAIN_SPREAD, alpha)
    strength, log_stake, sums = trail.leading(
        lambda e: sequential.log_e(e.total - margin * e.n, e.spread, mixture)
    )
    low = sequential.lower(sums, alpha * exp(log_stake), mixture)
    return Reading(challenger.key, sums.n, sums.mean, low, margin, strength, threshold, problem)


def _read_error(rules: PolicyRules, memory: PolicyMemory, champion: ScoredChampion) -> Reading:
    """The reading of the skill lost since training.

    The champion's own skill is an estimate as well, which widens the bound.
    """
    own, trail, margin = champion.own, memory.excess, rules.skill_margin
    empty = Reading("error", 0, None, None, margin, 0.0, log(1 / rules.alpha))
    if own is None:
        return replace(empty, problem=f"{champion.version} has no validation error of its own")
    if trail.whole.n == 0:
        return empty
    mixture = sequential.rho(1 / own.variance, rules.alpha)

    def beyond(evidence: Evidence) -> Evidence:
        short = evidence.total - margin * evidence.n
        return sequential.against_estimate(
            Evidence(evidence.n, short, evidence.spread), own.variance
        )

    strength, log_stake, best = trail.leading(
        lambda e: sequential.log_e(beyond(e).total, beyond(e).spread, mixture)
    )
    sums = beyond(best)
    limit = sequential.boundary(sums.spread, rules.alpha * exp(log_stake), mixture)
    low = margin + (sums.total - limit) / sums.spread
    return replace(empty, n=best.n, value=best.mean, low=low, strength=strength)


def _decision(
    rules: PolicyRules,
    memory: PolicyMemory,
    policy_input: PolicyInput,
    winner: Challenger | None,
    share: float,
    readings: tuple[Reading, ...] = (),
) -> PolicyDecision:
    nearest = max(readings, key=lambda r: (r.strength, r.value or 0.0), default=None)
    rests = max(0, rules.patience(memory.refused) - memory.n)
    winner = None if rests else winner
    decision = PolicyDecision(
        rules.policy, winner is not None, winner, share, nearest, readings, "", rests
    )
    return replace(decision, explanation=reasons.explain(rules, memory, policy_input, decision))
