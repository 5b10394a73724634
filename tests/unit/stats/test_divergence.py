"""Divergences against SciPy, by hand, and by simulation where there is no second source."""

from __future__ import annotations

from math import log, sqrt

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.stats import ks_2samp, kstwobign

from tests.support import populations
from webapp.stats import divergence


def test_psi_by_hand() -> None:
    # With half an event more in each bin: 0.5 and 0.5 before, 0.25 and 0.75 now.
    baseline, window = np.array([49.5, 49.5]), np.array([24.5, 74.5])
    by_hand = (0.25 - 0.5) * log(0.25 / 0.5) + (0.75 - 0.5) * log(0.75 / 0.5)
    assert float(divergence.psi(baseline, window)) == pytest.approx(by_hand)


def test_psi_of_an_empty_bin_is_finite() -> None:
    assert 0 < float(divergence.psi(np.array([10, 0]), np.array([0, 10]))) < 10


def test_psi_without_drift_is_as_documented() -> None:
    rng = np.random.default_rng(0)
    shares = np.array([0.1, 0.2, 0.3, 0.4])
    sizes = divergence.psi(rng.multinomial(4000, shares, 4000), rng.multinomial(700, shares, 4000))
    assert sizes.mean() == pytest.approx(divergence.psi_by_chance(4, 700, 4000), rel=0.05)


@pytest.mark.parametrize(
    ("p", "q"), [([40, 60], [4, 96]), ([0, 10], [10, 0]), ([5, 5], [5, 5]), ([1, 0, 9], [3, 3, 4])]
)
def test_jensen_shannon_equals_scipy(p: list[int], q: list[int]) -> None:
    ours = float(divergence.jensen_shannon(np.array(p), np.array(q)))
    assert ours == pytest.approx(float(jensenshannon(p, q, base=2)), abs=1e-7)


@pytest.mark.parametrize("n", [1, 60, 3000])
def test_kolmogorov_smirnov_equals_scipy(n: int) -> None:
    scores, rng = populations.shipped().scores, np.random.default_rng(n)
    before = rng.multinomial(4000, populations.shares())
    now = rng.multinomial(n, populations.shifted(7, 0.1))
    samples = [np.repeat(scores, counts) for counts in (before, now)]
    ours = divergence.kolmogorov_smirnov(scores, before, now)
    assert ours.value == pytest.approx(ks_2samp(*samples).statistic, abs=1e-12)
    theirs = kstwobign.sf(ours.value * sqrt(4000 * n / (4000 + n)))
    assert ours.p == pytest.approx(theirs, rel=1e-9, abs=1e-12)


def test_total_variation_by_hand() -> None:
    result = divergence.total_variation(np.array([50, 50, 0, 0]), np.array([20, 50, 30, 0]))
    assert result.value == pytest.approx(0.3)
    assert result.p == pytest.approx(1 / 200)
    assert result.corrected == pytest.approx(sqrt(0.3**2 - result.by_chance**2))


def test_total_variation_of_the_same_is_nothing() -> None:
    counts = np.array([500, 300, 200])
    result = divergence.total_variation(counts, counts)
    assert (result.value, result.corrected, result.p) == (0, 0, 1)


def test_the_permutation_test_keeps_its_level() -> None:
    rng = np.random.default_rng(0)
    cases = populations.shares()
    p = [
        divergence.total_variation(
            rng.multinomial(1000, cases), rng.multinomial(300, cases), seed, 99
        ).p
        for seed in range(300)
    ]
    assert 0.02 <= np.mean(np.array(p) <= 0.05) <= 0.08
    assert np.mean(p) == pytest.approx(0.5, abs=0.06)


@pytest.mark.parametrize("n", [3000, 30_000])
@pytest.mark.parametrize("points", [0.06, 0.15, 0.4])
def test_the_corrected_size_is_the_true_one(n: int, points: float) -> None:
    rng = np.random.default_rng(1)
    before, now = populations.shares(), populations.shifted(7, points)
    true = np.abs(now - before).sum() / 2
    results = [
        divergence.total_variation(rng.multinomial(4000, before), rng.multinomial(n, now), 0, 99)
        for _ in range(20)
    ]
    assert np.mean([f.corrected for f in results]) == pytest.approx(true, abs=0.02)
    assert np.mean([f.value for f in results]) > true  # which the raw one is not


def test_so_many_events_that_numpy_cannot_deal_them() -> None:
    big = 2 * 10**8 * np.array([1, 2, 3], np.int64)
    assert divergence.total_variation(big, big).p == 1
    other = big + np.array([10**6, 0, -(10**6)])
    assert divergence.total_variation(big, other).p == pytest.approx(1 / 200)
