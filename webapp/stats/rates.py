"""Rates, their differences and tests; all but ``wilson`` work elementwise on arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import erfc, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

Z95 = 1.959963984540054  # two-sided 95 % point of the normal distribution
Z80 = 0.8416212335729143  # one-sided 80 % point
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Interval:
    """A value with the two ends of its confidence interval."""

    value: float
    low: float
    high: float

    def __sub__(self, margin: float) -> Interval:
        """The interval shifted down by a margin."""
        return Interval(self.value - margin, self.low - margin, self.high - margin)

    @property
    def half(self) -> float:
        """Half of its width."""
        return (self.high - self.low) / 2


def wilson(positives: int, n: int, z: float = Z95) -> Interval:
    """A rate with its score interval (Wilson 1927). Raises ValueError when n is 0."""
    if n <= 0 or not 0 <= positives <= n:
        raise ValueError("a rate needs 0 <= positives <= n and n > 0")
    rate, low, high = wilson_arrays(np.array(positives), np.array(n), z)
    return Interval(float(rate), float(low), float(high))


def wilson_arrays(positives: NDArray[Any], n: NDArray[Any], z: float = Z95) -> tuple[Array, ...]:
    """Rates, lower and upper ends (Wilson 1927); 0, 0 and 1 where n is 0."""
    size = np.maximum(n, 1).astype(np.float64)
    rate = positives / size
    centre = (rate + z * z / (2 * size)) / (1 + z * z / size)
    variance = rate * (1 - rate) / size + z * z / (4 * size * size)
    spread = z / (1 + z * z / size) * np.sqrt(variance)
    low, high = np.maximum(0.0, centre - spread), np.minimum(1.0, centre + spread)
    return rate, np.where(n > 0, low, 0.0), np.where(n > 0, high, 1.0)


def newcombe(
    x1: NDArray[Any], n1: NDArray[Any], x2: NDArray[Any], n2: NDArray[Any], z: float = Z95
) -> tuple[Array, ...]:
    """Differences x2/n2 − x1/n1 with score intervals (Newcombe 1998, method 10)."""
    difference, low, high = square_and_add(wilson_arrays(x1, n1, z), wilson_arrays(x2, n2, z))
    return difference, np.maximum(low, -1.0), np.minimum(high, 1.0)


def square_and_add(before: Sequence[Any], now: Sequence[Any]) -> tuple[Array, ...]:
    """Differences of two independent values, given as value, low and high, with their intervals.

    The distances to the ends add up in quadrature (Newcombe 1998; Zou and Donner 2008).
    """
    (p1, low1, high1), (p2, low2, high2) = before, now
    low = p2 - p1 - np.sqrt((p2 - low2) ** 2 + (high1 - p1) ** 2)
    high = p2 - p1 + np.sqrt((high2 - p2) ** 2 + (p1 - low1) ** 2)
    return p2 - p1, low, high


def chi_square_p(x1: NDArray[Any], n1: int, x2: NDArray[Any], n2: int) -> Array:
    """P-values of Pearson's χ² test for two random samples; 1 where nothing varies."""
    rate = (x1 + x2) / max(n1 + n2, 1)  # of both together
    variance = rate * (1 - rate) * (1 / max(n1, 1) + 1 / max(n2, 1))
    difference = x2 / max(n2, 1) - x1 / max(n1, 1)
    varies = (variance > 0) & (n1 > 0) & (n2 > 0)
    z = np.abs(difference) / np.sqrt(np.where(varies, variance, 1.0))
    return np.where(varies, two_sided_p(z), 1.0)


def two_sided_p(z: Array) -> Array:
    """P(|Z| ≥ |z|) of a standard normal Z; χ² with one degree of freedom is its square."""
    return np.array([erfc(abs(value) / sqrt(2)) for value in np.ravel(z)]).reshape(np.shape(z))


def adjust(p: Array) -> Array:
    """P-values float64[d] adjusted for the false discovery rate (Benjamini and Hochberg 1995)."""
    order = np.argsort(p, kind="stable")[::-1]
    ranks = np.arange(len(p), 0, -1)
    result = np.empty(len(p))
    result[order] = np.minimum.accumulate(np.minimum(1.0, p[order] * len(p) / ranks))
    return result


def detectable(rate: NDArray[Any], n1: int, n2: int) -> Array:
    """The smallest shift of each rate that a 5 % test detects with 80 % power; nan if none is.

    The shift is away from the nearer end of the scale; n1 events have the rate, n2 the shifted
    one. By the usual normal approximation: the pooled variance under the null hypothesis, each
    sample's own under the alternative.
    """
    rate = np.asarray(rate, np.float64)
    if n1 == 0 or n2 == 0:
        return np.full(rate.shape, np.nan)
    near = np.minimum(rate, 1 - rate)  # by symmetry
    low, high = np.zeros(rate.shape), 1 - near
    within = _excess(near, high, n1, n2) >= 0
    for _ in range(50):
        middle = (low + high) / 2
        is_enough = _excess(near, middle, n1, n2) >= 0
        low, high = np.where(is_enough, low, middle), np.where(is_enough, middle, high)
    return np.where(within, high, np.nan)


def _excess(rate: Array, shift: Array, n1: int, n2: int) -> Array:
    """A shift less the smallest one that is detected with 80 % power, as shares."""
    other = rate + shift
    common = (n1 * rate + n2 * other) / (n1 + n2)
    null = np.sqrt(common * (1 - common) * (1 / n1 + 1 / n2))
    own = np.sqrt(rate * (1 - rate) / n1 + np.maximum(other * (1 - other), 0) / n2)
    return shift - Z95 * null - Z80 * own
