"""How far apart two count vectors are: PSI, Jensen–Shannon, Kolmogorov–Smirnov, total variation."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, sqrt
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

PERMUTATIONS = 199  # p-values in steps of 0.005
_MOST = 10**9  # events up to which numpy draws without replacement
_FEW, _HELD = 5_000, 10**6  # drawn one by one up to here, from a list no longer than that


def psi(baseline: NDArray[Any], window: NDArray[Any]) -> Array:
    """Population stability index over the last axis, which holds the counts of k bins.

    Half an event is added to each bin (Jeffreys' prior), so that an empty bin has a finite part.
    """
    p, q = _shares(baseline + 0.5), _shares(window + 0.5)
    return np.asarray(((q - p) * np.log(q / p)).sum(axis=-1))


def psi_by_chance(bins: int, n: int, m: int) -> float:
    """What PSI is on average without any drift: (k − 1)(1/n + 1/m) (Yurdakul 2018)."""
    return (bins - 1) * (1 / n + 1 / m)


def jensen_shannon(baseline: NDArray[Any], window: NDArray[Any]) -> Array:
    """Jensen–Shannon distance over the last axis: the root of the divergence in bits, 0 to 1."""
    p, q = _shares(baseline), _shares(window)
    middle = (p + q) / 2
    divergence = (_relative_entropy(p, middle) + _relative_entropy(q, middle)) / 2
    return np.sqrt(np.maximum(divergence, 0.0))


def _shares(counts: NDArray[Any]) -> Array:
    return np.asarray(counts / counts.sum(axis=-1, keepdims=True), np.float64)


def _relative_entropy(p: Array, q: Array) -> Array:
    ratio = np.where(p > 0, p / np.where(q > 0, q, 1.0), 1.0)
    return np.asarray((p * np.log2(ratio)).sum(axis=-1))


@dataclass(frozen=True)
class Distance:
    """The largest distance of two distributions, and its p-value."""

    value: float
    p: float


def kolmogorov_smirnov(values: Array, baseline: NDArray[Any], window: NDArray[Any]) -> Distance:
    """The largest distance between two distributions of the same values.

    The p-value is the asymptotic one (Smirnov 1939), which is too large where many events have the
    same value: it errs on the side of no drift.
    """
    order = np.argsort(values, kind="stable")
    edges = np.append(np.diff(values[order]) > 0, True)  # after the last of equal values
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

    ``by_chance`` is its mean without any drift, ``corrected`` its size with that taken off.
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
    """Over all cases, with a permutation test: the events of both are dealt anew to both.

    The p-value is (1 + how many dealt ones are as far apart) / (1 + permutations), which is exact
    (Phipson and Smyth 2010). Noise adds to differences about in quadrature, so the corrected size
    is √(value² − chance²), and 0 where the test can't tell it from chance.
    """
    seen = (baseline + window) > 0
    pooled, n, m = (baseline + window)[seen], int(window.sum()), int(baseline.sum())
    dealt = _deal(pooled, n, np.random.default_rng(seed), permutations)
    at_random = np.abs(dealt / n - (pooled - dealt) / m).sum(axis=1) / 2
    value = float(np.abs(window / n - baseline / m).sum() / 2)
    chance = float(at_random.mean())
    p = (1 + int((at_random >= value - 1e-12).sum())) / (1 + permutations)
    corrected = sqrt(max(0.0, value**2 - chance**2)) if p <= 0.05 else 0.0
    return TotalVariation(value, chance, corrected, p, permutations)


def _deal(
    pooled: NDArray[np.int64], n: int, rng: np.random.Generator, times: int
) -> NDArray[np.int64]:
    total = int(pooled.sum())
    if total < _MOST:  # both methods are exact; which of them is faster depends on the sizes
        few = min(n, total - n) <= _FEW and total <= _HELD
        method: Literal["count", "marginals"] = "count" if few else "marginals"
        return rng.multivariate_hypergeometric(pooled, n, size=times, method=method)
    # So many that drawing with a chance of its own for each event makes no difference.
    share = n / total
    return rng.binomial(pooled[:, None], share, size=(len(pooled), times)).T
