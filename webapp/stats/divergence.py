"""Distances of two count vectors: PSI, Jensen–Shannon, Kolmogorov–Smirnov, total variation."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, sqrt
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

PERMUTATIONS = 199  # p-values in steps of 0.005
_MOST = 10**9  # events up to which numpy draws without replacement
_NUMBERS = 1 << 19  # drawn at once: 4 MB
_FEW, _LONGEST = 5_000, 10**6  # events drawn one by one at most, and of a list this long


def psi(baseline: NDArray[Any], window: NDArray[Any]) -> Array:
    """Population stability index over the last axis, which holds the counts of k bins.

    Half an event is added to each bin (Jeffreys' prior), so that empty bins stay finite.
    """
    p, q = _shares(baseline + 0.5), _shares(window + 0.5)
    return np.asarray(((q - p) * np.log(q / p)).sum(axis=-1))


def psi_by_chance(bins: int, n: int, m: int) -> float:
    """The mean of PSI without any drift: (k − 1)(1/n + 1/m) (Yurdakul 2018)."""
    return (bins - 1) * (1 / n + 1 / m)


def jensen_shannon(baseline: NDArray[Any], window: NDArray[Any]) -> Array:
    """Jensen–Shannon distance over the last axis: the root of the divergence in bits, 0 to 1."""
    p, q = _shares(baseline), _shares(window)
    middle = (p + q) / 2
    divergence = (_relative_entropy(p, middle) + _relative_entropy(q, middle)) / 2
    return np.sqrt(np.maximum(divergence, 0.0))


def _shares(counts: NDArray[Any]) -> Array:
    """Counts as shares of their sum over the last axis."""
    return np.asarray(counts / counts.sum(axis=-1, keepdims=True), np.float64)


def _relative_entropy(p: Array, q: Array) -> Array:
    """Kullback–Leibler divergence of p from q in bits, over the last axis."""
    ratio = np.where(p > 0, p / np.where(q > 0, q, 1.0), 1.0)
    return np.asarray((p * np.log2(ratio)).sum(axis=-1))


@dataclass(frozen=True)
class Distance:
    """The largest distance between two distribution functions, and its p-value."""

    value: float
    p: float


def kolmogorov_smirnov(values: Array, baseline: NDArray[Any], window: NDArray[Any]) -> Distance:
    """The Kolmogorov–Smirnov distance between two samples of ``values`` float64[k], by counts.

    The p-value is asymptotic (Smirnov 1939); where many events tie it is too large, which errs on
    the side of no drift.
    """
    order = np.argsort(values, kind="stable")
    edges = np.append(np.diff(values[order]) > 0, True)  # the last of equal values
    between = np.cumsum(_shares(window)[order]) - np.cumsum(_shares(baseline)[order])
    distance = float(np.abs(between[edges]).max())
    n, m = float(baseline.sum()), float(window.sum())
    return Distance(distance, _smirnov(distance * sqrt(n * m / (n + m))))


def _smirnov(x: float) -> float:
    """P(sup |Brownian bridge| ≥ x)."""
    if x < 0.2:  # the series converges slowly, and 1 − 10⁻¹⁰ is 1
        return 1.0
    terms = [exp(-2 * (j * x) ** 2) * (1 if j % 2 else -1) for j in range(1, 101)]
    return min(1.0, max(0.0, 2 * sum(terms)))


@dataclass(frozen=True)
class TotalVariation:
    """Half the sum of the absolute differences of shares, 0 to 1.

    ``by_chance`` is its mean without any drift, ``corrected`` the size beyond that.
    """

    value: float
    by_chance: float
    corrected: float
    p: float
    permutations: int


def total_variation(
    baseline: NDArray[np.int64],
    window: NDArray[np.int64],
    seed: int = 0,
    permutations: int = PERMUTATIONS,
) -> TotalVariation:
    """Total variation over all cases, int64[k] each, with a permutation test.

    The test deals all events to the two sides at random. Its p-value is (1 + permutations at least
    as far apart) / (1 + permutations), which is exact (Phipson and Smyth 2010). Noise adds to
    differences about in quadrature, so the corrected size is √(value² − chance²), and 0 where the
    test doesn't reject chance at 5 %.
    """
    occurs = (baseline + window) > 0
    both, n, m = (baseline + window)[occurs], int(window.sum()), int(baseline.sum())
    rng = np.random.default_rng(seed)
    at_once = max(1, _NUMBERS // max(len(both), 1))
    times = [min(at_once, permutations - i) for i in range(0, permutations, at_once)]
    at_random = np.concatenate([_apart(both, n, m, rng, k) for k in times])
    value = float(np.abs(window / n - baseline / m).sum() / 2)
    chance = float(at_random.mean())
    p = (1 + int((at_random >= value - 1e-12).sum())) / (1 + permutations)
    beyond_chance = sqrt(max(0.0, value**2 - chance**2)) if p <= 0.05 else 0.0
    return TotalVariation(value, chance, beyond_chance, p, permutations)


def _apart(both: NDArray[np.int64], n: int, m: int, rng: np.random.Generator, times: int) -> Array:
    """The total variation of two sides that all events are dealt to at random: float64[times]."""
    samples = _deal(both, n, rng, times)
    return np.asarray(np.abs(samples / n - (both - samples) / m).sum(axis=1) / 2)


def _deal(
    counts: NDArray[np.int64], n: int, rng: np.random.Generator, times: int
) -> NDArray[np.int64]:
    """Draw n of the counted events without replacement: int64[times, k]."""
    total = int(counts.sum())
    if total < _MOST:  # both methods are exact; which one is faster depends on the sizes
        few = min(n, total - n) <= _FEW and total <= _LONGEST
        method: Literal["count", "marginals"] = "count" if few else "marginals"
        return rng.multivariate_hypergeometric(counts, n, size=times, method=method)
    # With this many events, independent draws with a chance of n / total make no difference.
    share = n / total
    return rng.binomial(counts[:, None], share, size=(len(counts), times)).T
