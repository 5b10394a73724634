"""Time-uniform bounds: against their definition, a second formula, and simulation."""

from __future__ import annotations

from itertools import pairwise
from math import exp, inf, isnan, log, sqrt

import numpy as np
import pytest
from scipy import integrate, stats

from webapp.stats.counts import Counts
from webapp.stats.sequential import (
    Evidence,
    EvidenceRows,
    Trail,
    against_estimate,
    boundary,
    log_e,
    lower,
    observe,
    rho,
    scales,
    stake,
)


@pytest.mark.parametrize("total", [-40.0, -3.0, 0.0, 2.0, 9.0])
@pytest.mark.parametrize("spread", [0.5, 10.0, 80.0])
def test_the_e_process_is_the_mixture_that_it_says(total: float, spread: float) -> None:
    """∫ exp(λS − λ²V/2) over half a normal distribution with variance 1/ρ."""
    mixture = 3.0
    prior = stats.halfnorm(scale=1 / sqrt(mixture))

    def bet(rate: float) -> float:
        return float(exp(rate * total - rate**2 * spread / 2) * prior.pdf(rate))

    expectation, _ = integrate.quad(bet, 0, np.inf, limit=200)
    assert log_e(total, spread, mixture) == pytest.approx(log(expectation), rel=1e-6, abs=1e-6)


def test_the_e_process_of_a_hopeless_sum_is_finite_and_small() -> None:
    near, far = log_e(-29.99, 0.0, 1.0), log_e(-30.01, 0.0, 1.0)
    assert near == pytest.approx(far, abs=0.01)
    assert -20 < log_e(-1e6, 50.0, 1.0) < -5


@pytest.mark.parametrize("alpha", [0.05, 0.005])
@pytest.mark.parametrize("spread", [1.0, 40.0, 4000.0])
def test_the_boundary_is_where_the_e_process_reaches_its_level(alpha: float, spread: float) -> None:
    mixture = rho(40.0, alpha)
    limit = boundary(spread, alpha, mixture)
    assert log_e(limit, spread, mixture) == pytest.approx(log(1 / alpha))
    # Howard et al. 2021, equation 3.7: a closed form that is never below it, and hardly above
    wide = spread + mixture
    closed_form = sqrt(2 * wide * log(1 + sqrt(wide / mixture) / (2 * alpha)))
    assert limit <= closed_form <= 1.08 * limit


def test_the_lower_bound_of_nothing_says_nothing() -> None:
    assert lower(Evidence(), 0.05, 5.0) == -inf
    assert isnan(Evidence().mean)


def test_the_mixture_is_sharpest_where_it_was_tuned() -> None:
    best = boundary(40.0, 0.05, rho(40.0, 0.05))
    for other in (1.0, 10.0, 160.0, 1000.0):
        assert boundary(40.0, 0.05, rho(other, 0.05)) > best


def test_a_batch_of_counts_is_its_events_one_by_one() -> None:
    rng = np.random.default_rng(1)
    case, label = rng.integers(0, 4, 300), rng.integers(0, 2, 300)
    values, scores = rng.normal(size=(4, 2)), rng.uniform(0.1, 0.9, 4)
    evidence = observe(values, Counts.of(case, label, 4), scores)
    x = values[case, label]
    expectation = (1 - scores[case]) * values[case, 0] ** 2 + scores[case] * values[case, 1] ** 2
    assert evidence.n == 300
    assert evidence.total == pytest.approx(x.sum())
    assert evidence.spread == pytest.approx(((x**2).sum() + 2 * expectation.sum()) / 3)


def test_sums_without_a_mean_rarely_reach_the_boundary() -> None:
    """Steps of a skewed kind, looked at after each: 1,000 streams of 2,000 looks."""
    rng, alpha = np.random.default_rng(2), 0.05
    steps = rng.choice([-0.5, 2.0], p=[0.8, 0.2], size=(1000, 2000))
    sums, spreads = steps.cumsum(axis=1), (steps**2).cumsum(axis=1) / 3 + 2 / 3 * np.arange(1, 2001)
    mixture = rho(500.0, alpha)
    walls = [boundary(v, alpha, mixture) for v in np.linspace(1, spreads.max(), 400)]
    limits = np.interp(spreads, np.linspace(1, spreads.max(), 400), walls)
    hit = (sums >= limits).any(axis=1).mean()
    assert 0.005 < hit <= alpha
    rate = (sums >= 1.645 * np.sqrt(spreads)).any(axis=1).mean()
    assert rate > 0.3  # what looking often does to a bound for one look


def test_rare_great_losses_are_expected_before_they_come() -> None:
    """A challenger that calls 2 % of labels all but impossible gains a little on each event that
    goes well. Sums of squares alone would see no risk until the first great loss.
    """
    champion, challenger = np.array([0.02]), np.array([0.0005])
    gain = np.log(np.array([[1 - challenger[0], challenger[0]]]))
    gain -= np.log(np.array([[1 - champion[0], champion[0]]]))
    lucky = observe(gain, Counts(np.array([100]), np.array([0])), champion)
    mixture = rho(40.0, 0.05)
    assert log_e(lucky.total, lucky.spread, mixture) < 1
    assert log_e(lucky.total, float(100 * gain[0, 0] ** 2), mixture) > log(1.5)


def test_a_trail_has_the_evidence_since_every_start_that_it_keeps() -> None:
    rng = np.random.default_rng(3)
    batches = [Evidence(5, float(x), float(abs(x))) for x in rng.normal(size=300)]
    trail = Trail()
    for batch in batches:
        trail = trail.add(batch)
    assert trail.batches == 300
    assert trail.starts[0] == 0
    assert trail.whole.n == 1500
    for start, evidence in zip(trail.starts, trail.since, strict=True):
        assert evidence.n == 5 * (300 - start)
        assert evidence.total == pytest.approx(sum(b.total for b in batches[start:]))
    ages = [299 - start for start in trail.starts]
    assert set(range(8)) <= set(ages)  # the newest are all there
    assert len(ages) < 60
    assert all(a <= 1.3 * b + 1 for a, b in pairwise(ages))


def test_dropped_starts_never_come_back() -> None:
    trail, gone_starts = Trail(), set[int]()
    for _ in range(200):
        before = set(trail.starts)
        trail = trail.add(Evidence(1, 0.0, 1.0))
        gone_starts |= before - set(trail.starts)
        assert not gone_starts & set(trail.starts)


def test_stakes_are_not_more_than_there_is() -> None:
    total = stake(np.arange(100_000)).sum()
    assert 0.9999 < total <= 1


def test_the_leading_start_is_where_a_change_began() -> None:
    trail = Trail()
    for batch in range(60):
        trail = trail.add(Evidence(500, 10.0 if batch >= 50 else -2.0, 5.0))
    most, log_stake, evidence = trail.leading(lambda e: log_e(e.total, e.spread, 5.0))
    assert evidence.n == 500 * 10
    assert log_stake == log(stake(np.array([50]))[0])
    assert most == pytest.approx(log_e(100.0, 50.0, 5.0) + log_stake)
    assert most > log_e(trail.whole.total, trail.whole.spread, 5.0)


@pytest.mark.slow
def test_evidence_from_any_check_on_keeps_the_rate_of_false_alarms() -> None:
    """All starts together, with their stakes, and a look after each of 200 batches.

    100 streams: false alarms in 12 % of them would pass once in 66 times.
    """
    rng, alpha, n_fired = np.random.default_rng(4), 0.05, 0
    mixture = rho(40.0, alpha)
    for _ in range(100):
        trail = Trail()
        for x in rng.normal(0, 1, 200):
            trail = trail.add(Evidence(100, float(x), 1.0))
            if trail.leading(lambda e: log_e(e.total, e.spread, mixture))[0] > log(1 / alpha):
                n_fired += 1
                break
    assert n_fired / 100 <= alpha


def test_the_error_of_an_estimate_to_compare_with_is_counted() -> None:
    """Means that are held against an estimate from 2,000 events, over 200 batches of 500."""
    rng, alpha, streams = np.random.default_rng(5), 0.05, 2000
    estimates = rng.normal(0, 1 / sqrt(2000), streams)
    sums = rng.normal(0, sqrt(500), (streams, 200)).cumsum(axis=1)
    n = 500 * np.arange(1, 201)
    mixture = rho(2000.0, alpha)
    n_fired = naive = 0
    for estimate, row in zip(estimates, sums, strict=True):
        looks, totals = n[::5].astype(float), (row - n * estimate)[::5]
        evidence = against_estimate(EvidenceRows(looks, totals, looks), 1 / 2000)
        n_fired += (log_e(evidence.total, evidence.spread, mixture) > log(1 / alpha)).any()
        naive += (log_e(totals, looks, mixture) > log(1 / alpha)).any()
    assert 0.005 < n_fired / streams <= alpha
    assert naive / streams > 0.3


def test_several_mixtures_together_are_never_far_below_the_best() -> None:
    mixtures = tuple(rho(scale, 0.05) for scale in scales(1e6, 100.0))
    assert len(mixtures) == 4
    assert scales(50.0, 100.0) == (50.0,)
    for total, spread in ((30.0, 90.0), (900.0, 5e4), (-5.0, 20.0)):
        logs = [log_e(total, spread, one) for one in mixtures]
        together = log_e(total, spread, mixtures)
        first, *others = np.exp(logs)
        assert exp(together) == pytest.approx(0.75 * first + 0.25 * np.mean(others))
        assert together >= max(logs[0] + log(0.75), max(logs) - log(12))
    level = boundary(90.0, 0.05, mixtures)
    assert log_e(level, 90.0, mixtures) == pytest.approx(log(20))
    assert level < boundary(90.0, 0.05, mixtures[0]) / 5, "which is tuned to a million"


def test_a_champion_that_was_never_wrong_is_caught_at_once() -> None:
    """Its skill is known to a thousandth; then 100 events are as bad as guessing."""
    mean, variance = 1.0, 1e-6
    short = against_estimate(Evidence(100, 100 * mean, 100.0), variance)
    alone, several = rho(1 / variance, 0.05), tuple(rho(s, 0.05) for s in scales(1e6, 100.0))
    assert log_e(short.total, short.spread, alone) < log(20)
    assert log_e(short.total, short.spread, several) > log(20)
