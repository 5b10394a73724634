"""Retraining policies as pure steps: the backtest and ``everycase retrain`` run the same ones.

A check is ``state, decision = step(rules, state, check)``. Keep the state (``as_dict``) until the
next check. When the decision fires, fit its winner on the past, let the gate judge it, and make it
the champion: the next check sees another champion and starts the evidence anew. When the gate
refuses it, keep ``state.restarted()`` instead, or it would fire again at the next check; after that
the policy rests, twice as long each time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import exp, log, log1p

import numpy as np

from webapp.stats import sequential
from webapp.stats.counts import Counts
from webapp.stats.performance import entropy, loss_cells
from webapp.stats.sequential import Evidence, Trail, observe
from webapp.training.errors import PolicyError, TrainingError
from webapp.training.policy import reasons
from webapp.training.policy.rules import (
    Array,
    Challenger,
    Champion,
    Check,
    Decision,
    Own,
    Policy,
    Reading,
    Rules,
)
from webapp.training.policy.state import State, rounded

# Where the bound on a gain is sharpest: sums of squares as of 4,000 events whose gain has a
# standard deviation of 0.2 nats. It holds everywhere; elsewhere it is a little wider.
GAIN_SPREAD = 160.0
# The base rate to guess is that of recent events: older ones fade by half every 1,000.
HALF_LIFE = 1000.0
_RAREST = 1e-4  # base rate that is guessed, at least


def step(rules: Rules, state: State, check: Check) -> tuple[State, Decision]:
    """One check. Raises PolicyError when counts and scores are of different cases."""
    champion = check.champion
    if check.batch.n.shape != champion.scores.shape:
        raise PolicyError(
            f"the batch has {len(check.batch.n):,} cases, and {champion.version} has "
            f"{len(champion.scores):,}: both must be of the same features"
        )
    state = _observe(rules, _about(rules, state, champion), check)
    state = replace(state, checks=state.checks + 1)
    decision = _DECIDE[rules.policy](rules, state, check)
    return replace(_warm(rules, state, check), asked=decision.fire), decision


def _about(rules: Rules, state: State, champion: Champion) -> State:
    """The state, from zero when it is about another champion or other rules."""
    keys = [challenger.key for challenger in rules.challengers]
    name = f"{rules.policy} {rules.alpha} {rules.gain_margin} {rules.skill_margin} {' '.join(keys)}"
    if (state.champion, state.rules) == (champion.version, name):
        return state
    tables = {
        key: table
        for key, table in state.tables.items()
        if key in keys and table.shape == champion.scores.shape
    }
    fresh = replace(state.restarted(), refused=0, tables=tables)
    return replace(fresh, champion=champion.version, rules=name)


def _observe(rules: Rules, state: State, check: Check) -> State:
    """Take the batch in: every score table here was fixed before it came."""
    batch, champion = check.batch, check.champion
    if batch.total == 0:
        return state
    if rules.policy == "on_gain":
        state = replace(state, gains=_gains(rules, state, batch, champion))
    elif rules.policy == "on_error" and champion.own is not None:
        state = _excess(state, batch, champion, champion.own)
    return replace(state, n=state.n + batch.total)


def _gains(rules: Rules, state: State, batch: Counts, champion: Champion) -> dict[str, Trail]:
    """What each challenger, fitted at the last check, would have saved on the batch."""
    losses = loss_cells(champion.scores)
    gains = dict(state.gains)
    for key in (challenger.key for challenger in rules.challengers):
        if key in state.tables:
            gain = losses - loss_cells(state.tables[key])
            gains[key] = gains.get(key, Trail()).add(observe(gain, batch, champion.scores))
    return gains


def _excess(state: State, batch: Counts, champion: Champion, own: Own) -> State:
    """The skill that the champion lost since training: losses relative to that of guessing.

    Guessing takes the base rate of the events before the batch. The guess is then never better
    than the batch's own base rate would be, which can only make firing rarer.
    """
    recent, positives = state.recent, state.recent_positives
    if recent == 0:
        recent, positives = HALF_LIFE, HALF_LIFE * own.base_rate
    rate = min(max(positives / recent, _RAREST), 1 - _RAREST)
    guess = np.array([-log1p(-rate), -log(rate)])
    lost = loss_cells(champion.scores) - own.ratio * guess
    fade = 0.5 ** (batch.total / HALF_LIFE)
    return replace(
        state,
        excess=state.excess.add(observe(lost / entropy(rate), batch, champion.scores)),
        recent=recent * fade + batch.total,
        recent_positives=positives * fade + float(batch.positives.sum()),
    )


def _warm(rules: Rules, state: State, check: Check) -> State:
    """Challengers fitted on everything matured so far, for the next check."""
    fresh = all(c.key in state.tables or c.key in state.problems for c in rules.challengers)
    came = check.batch.total + check.unjudged
    if rules.policy != "on_gain" or (came == 0 and fresh):
        return state
    tables: dict[str, Array] = {}
    problems: dict[str, str] = {}
    for challenger in rules.challengers:
        try:
            tables[challenger.key] = rounded(check.refit(challenger))
        except TrainingError as error:
            problems[challenger.key] = str(error)
    return state.with_tables(tables, problems)


def _never(rules: Rules, state: State, check: Check) -> Decision:
    return _decision(rules, state, check, None, 0.0)


def _periodic(rules: Rules, state: State, check: Check) -> Decision:
    winner = rules.challengers[0] if state.n >= rules.every else None
    return _decision(rules, state, check, winner, min(1.0, state.n / rules.every))


def _on_error(rules: Rules, state: State, check: Check) -> Decision:
    reading = _read_error(rules, state, check.champion)
    winner = rules.challengers[0] if reading.fires else None
    return _decision(rules, state, check, winner, reading.share, (reading,))


def _on_gain(rules: Rules, state: State, check: Check) -> Decision:
    """Fires when one is surely better; the one that gained most is then the best guess."""
    readings = tuple(_read_gain(rules, state, challenger) for challenger in rules.challengers)
    share = max(reading.share for reading in readings)
    surest = max(readings, key=lambda reading: reading.strength)
    winner = _best(rules, state, surest.what) if surest.fires else None
    return _decision(rules, state, check, winner, share, readings)


def _best(rules: Rules, state: State, surest: str) -> Challenger:
    """What gained most since the last promotion, of all that were judged on as many events."""
    whole = {key: trail.whole for key, trail in state.gains.items()}
    judged = [key for key, found in whole.items() if found.n >= whole[surest].n]
    best = max(judged, key=lambda key: whole[key].mean)
    return next(challenger for challenger in rules.challengers if challenger.key == best)


_DECIDE: dict[Policy, Callable[[Rules, State, Check], Decision]] = {
    "never": _never,
    "periodic": _periodic,
    "on_error": _on_error,
    "on_gain": _on_gain,
}


def _read_gain(rules: Rules, state: State, challenger: Challenger) -> Reading:
    """The bound is split over the challengers: each has alpha / their number."""
    alpha, margin = rules.alpha / len(rules.challengers), rules.gain_margin
    trail, needed = state.gains.get(challenger.key, Trail()), log(1 / alpha)
    problem = state.problems.get(challenger.key)
    if trail.whole.n == 0:
        return Reading(challenger.key, 0, None, None, margin, 0.0, needed, problem)
    mixture = sequential.rho(GAIN_SPREAD, alpha)
    strength, staked, found = trail.leading(
        lambda e: sequential.log_e(e.total - margin * e.n, e.spread, mixture)
    )
    low = sequential.lower(found, alpha * exp(staked), mixture)
    return Reading(challenger.key, found.n, found.mean, low, margin, strength, needed, problem)


def _read_error(rules: Rules, state: State, champion: Champion) -> Reading:
    """Skill lost since training. That the champion's own skill is an estimate widens the bound."""
    own, trail, margin = champion.own, state.excess, rules.skill_margin
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

    strength, staked, found = trail.leading(
        lambda e: sequential.log_e(beyond(e).total, beyond(e).spread, mixture)
    )
    sums = beyond(found)
    limit = sequential.boundary(sums.spread, rules.alpha * exp(staked), mixture)
    low = margin + (sums.total - limit) / sums.spread
    return replace(empty, n=found.n, value=found.mean, low=low, strength=strength)


def _decision(
    rules: Rules,
    state: State,
    check: Check,
    winner: Challenger | None,
    share: float,
    readings: tuple[Reading, ...] = (),
) -> Decision:
    nearest = max(readings, key=lambda r: (r.strength, r.value or 0.0), default=None)
    rests = max(0, rules.patience(state.refused) - state.n)
    winner = None if rests else winner
    decision = Decision(
        rules.policy, winner is not None, winner, share, nearest, readings, "", rests
    )
    return replace(decision, explanation=reasons.explain(rules, state, check, decision))
