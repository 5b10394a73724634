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

from webapp.training.errors import PolicyError
from webapp.training.policy import reasons
from webapp.training.policy.evidence import add_batch, refit_challengers
from webapp.training.policy.growth import find_growth
from webapp.training.policy.readings import read_error, read_gain
from webapp.training.policy.rules import (
    Challenger,
    Growth,
    Policy,
    PolicyDecision,
    PolicyInput,
    PolicyRules,
    Reading,
    ScoredChampion,
)
from webapp.training.policy.state import PolicyMemory


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
    memory = add_batch(rules, _about(rules, memory, champion), policy_input)
    memory = replace(memory, checks=memory.checks + 1)
    decision = _DECIDE[rules.policy](rules, memory, policy_input)
    return replace(refit_challengers(rules, memory, policy_input), asked=decision.fire), decision


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
    reading, first = read_error(rules, memory, policy_input.champion), rules.challengers[0]
    if reading.fires:
        return _decision(rules, memory, policy_input, first, 1.0, (reading,))
    growth = find_growth(policy_input, first, memory.base_rate)
    winner = first if growth else None
    share = 1.0 if growth else reading.share
    return _decision(rules, memory, policy_input, winner, share, (reading,), growth)


def _on_gain(rules: PolicyRules, memory: PolicyMemory, policy_input: PolicyInput) -> PolicyDecision:
    """Fire if one challenger is clearly better.

    Of the events over which that is clearest, which are the newest, the one that gained most wins.
    """
    readings = tuple(read_gain(rules, memory, challenger) for challenger in rules.challengers)
    clearest = max(readings, key=lambda reading: reading.strength)
    if clearest.fires:
        most = max(readings, key=lambda reading: memory.gain(reading.what, clearest.n))
        winner = Challenger.parse(most.what)
        return _decision(rules, memory, policy_input, winner, 1.0, readings)
    best = max(readings, key=lambda reading: memory.gain(reading.what))
    if memory.gain(best.what) > 0:
        winner = Challenger.parse(best.what)
        growth = find_growth(policy_input, winner, memory.base_rate)
        if growth:
            return _decision(rules, memory, policy_input, winner, 1.0, readings, growth)
    share = max(reading.share for reading in readings)
    return _decision(rules, memory, policy_input, None, share, readings)


_DECIDE: dict[Policy, Callable[[PolicyRules, PolicyMemory, PolicyInput], PolicyDecision]] = {
    "never": _never,
    "periodic": _periodic,
    "on_error": _on_error,
    "on_gain": _on_gain,
}


def _decision(
    rules: PolicyRules,
    memory: PolicyMemory,
    policy_input: PolicyInput,
    winner: Challenger | None,
    share: float,
    readings: tuple[Reading, ...] = (),
    growth: Growth | None = None,
) -> PolicyDecision:
    nearest = max(readings, key=lambda r: (r.strength, r.value or 0.0), default=None)
    rests = max(0, rules.patience(memory.refused) - memory.n)
    winner = None if rests else winner
    decision = PolicyDecision(
        rules.policy, winner is not None, winner, share, nearest, readings, "", rests, growth
    )
    return replace(decision, explanation=reasons.explain(rules, memory, policy_input, decision))
