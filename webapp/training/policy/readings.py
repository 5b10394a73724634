"""Readings of a policy's evidence: how clear it is, and how near to firing."""

from __future__ import annotations

from dataclasses import replace
from math import exp, log

from webapp.stats import sequential
from webapp.stats.sequential import EvidenceRows, Sums, Trail
from webapp.training.policy.rules import Array, Challenger, PolicyRules, Reading, ScoredChampion
from webapp.training.policy.state import PolicyMemory

# The bound on a gain is tightest at this sum of squares: 4,000 events whose gain has a standard
# deviation of 0.2 nats. It is valid everywhere, and elsewhere a little wider.
GAIN_SPREAD = 160.0
# The bound on lost skill is tuned to the events that the champion's own skill is known from, and to
# ever fewer down to this value of 1 / variance: a champion that was hardly ever wrong has a
# variance so small that all of its losses afterwards would be too few.
_SOONEST = 100.0


def read_gain(rules: PolicyRules, memory: PolicyMemory, challenger: Challenger) -> Reading:
    """The reading of one challenger; alpha is divided equally over all of them."""
    alpha = rules.alpha / len(rules.challengers)
    margin = rules.gain_margin_at(memory.base_rate)
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


def read_error(rules: PolicyRules, memory: PolicyMemory, champion: ScoredChampion) -> Reading:
    """The reading of the skill lost since training.

    The champion's own skill is an estimate as well, which widens the bound.
    """
    own, trail, margin = champion.own, memory.excess, rules.skill_margin
    empty = Reading("error", 0, None, None, margin, 0.0, log(1 / rules.alpha))
    if own is None:
        return replace(empty, problem=f"{champion.version} has no validation error of its own")
    if trail.whole.n == 0:
        return empty
    scales = sequential.scales(1 / own.variance, _SOONEST)
    mixture = tuple(sequential.rho(scale, rules.alpha) for scale in scales)

    def strengths(rows: EvidenceRows) -> Array:
        sums = _exceeding(rows, margin, own.variance)
        return sequential.log_e(sums.total, sums.spread, mixture)

    strength, log_stake, best = trail.leading(strengths)
    sums = _exceeding(best, margin, own.variance)
    limit = sequential.boundary(sums.spread, rules.alpha * exp(log_stake), mixture)
    low = margin + (sums.total - limit) / sums.spread
    return replace(empty, n=best.n, value=best.mean, low=low, strength=strength)


def _exceeding(evidence: Sums, margin: float, variance: float) -> Sums:
    """Evidence about how far lost skill is beyond the margin, of an estimate with ``variance``."""
    short = evidence.total - margin * evidence.n
    return sequential.against_estimate(replace(evidence, total=short), variance)
