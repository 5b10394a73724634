"""Rates with intervals."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

Z95 = 1.959963984540054  # two-sided 95 % point of the normal distribution


@dataclass(frozen=True)
class Interval:
    """A value with the two ends of its confidence interval."""

    value: float
    low: float
    high: float


def wilson(positives: int, n: int, z: float = Z95) -> Interval:
    """A rate with its score interval (Wilson 1927). Raises ValueError when n is 0."""
    if n <= 0 or not 0 <= positives <= n:
        raise ValueError("a rate needs 0 <= positives <= n and n > 0")
    rate = positives / n
    centre = (rate + z * z / (2 * n)) / (1 + z * z / n)
    spread = z / (1 + z * z / n) * sqrt(rate * (1 - rate) / n + z * z / (4 * n * n))
    return Interval(rate, max(0.0, centre - spread), min(1.0, centre + spread))
