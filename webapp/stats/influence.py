"""Intervals of smooth functions of counts, by the delta method.

A statistic that is a smooth function of a sample's shares has an influence for each cell of the
sample (a case with its label): how much one more event in that cell moves it, times the number of
events. Under multinomial sampling its variance is that of the influence, divided by the number of
events (Hampel 1974). Variances of independent samples add up.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from webapp.stats.counts import Counts
from webapp.stats.rates import Z95, Interval

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """A statistic and its variance."""

    value: float
    variance: float

    def interval(self, z: float = Z95) -> Interval:
        """The value with the interval of the normal approximation."""
        half = z * sqrt(max(self.variance, 0.0))
        return Interval(self.value, self.value - half, self.value + half)

    def __sub__(self, other: Estimate) -> Estimate:
        """The difference of two independent estimates."""
        return Estimate(self.value - other.value, self.variance + other.variance)


def cells(counts: Counts) -> Array:
    """Events by case and label: float64[k, 2]."""
    return np.stack([counts.n - counts.positives, counts.positives], axis=1).astype(np.float64)


def variance(influence: NDArray[Any], events: NDArray[Any]) -> float:
    """The variance of a statistic by influence and events per cell, both of one shape."""
    n = float(events.sum())
    if n <= 1:
        return 0.0
    mean = float((events * influence).sum()) / n
    return float((events * (influence - mean) ** 2).sum()) / (n * (n - 1))


def mean(values: NDArray[Any], events: NDArray[Any]) -> Estimate:
    """The mean over all events of a value per cell, both of one shape."""
    return Estimate(float((events * values).sum() / events.sum()), variance(values, events))
