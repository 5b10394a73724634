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
HEAVY = 6.9  # nats, the loss of a score of 1 in 1,000 whose event occurs all the same


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


def half_event(influence: NDArray[Any], n: float) -> float:
    """The variance of half an event of ``n`` that may lie at either end of what could occur.

    A sample in which nothing varied has the variance 0, and a small one is likely to lack what is
    rare. ``influence`` is that of the cases that occurred, with both labels.
    """
    return (float(np.ptp(influence)) / (2 * n)) ** 2 if n > 0 and influence.size else 0.0


def occurring(events: NDArray[Any]) -> NDArray[np.bool_]:
    """True for the cases, the first axis, that have events."""
    return np.asarray(events.reshape(len(events), -1).sum(axis=1) > 0)


def reach(losses: NDArray[Any]) -> float:
    """How far apart two events' losses may lie in a whole score table, float64[k, 2], in nats.

    It ends at ``HEAVY``, as ``tail`` has what is beyond.
    """
    return float(min(np.ptp(losses), HEAVY))


def tail(losses: NDArray[Any], events: NDArray[Any]) -> float:
    """The variance of a mean that hides in losses, or differences of them, beyond ``HEAVY`` nats.

    One event in a thousand of 36 nats is as much as all others together, and most samples hold too
    few of them, or none, to tell: with k of them seen there may be as many as the upper 97.5 %
    limit of a Poisson mean (Wilson and Hilferty's approximation). Losses above and below count
    apart. The sample's own variance holds k of that already.
    """
    n, total = float(events.sum()), 0.0
    occurs = occurring(events)
    for side in (losses, -losses):
        heavy = side > HEAVY
        heaviest = float(side[occurs].max(initial=0.0))
        if heaviest > HEAVY:
            total += float(unseen(events[heavy].sum())) * (heaviest / n) ** 2
    return total


def unseen(k: NDArray[Any]) -> Array:
    """The variance of a count of ``k`` rare events that exceeds ``k``; elementwise."""
    upper = (k + 1) * (1 - 1 / (9 * (k + 1)) + Z95 / (3 * np.sqrt(k + 1))) ** 3
    return np.asarray(np.maximum(((upper - k) / Z95) ** 2 - k, 0.0))


def mean_loss(losses: NDArray[Any], events: NDArray[Any], apart: float = 0.0) -> Estimate:
    """The mean of losses in nats, float64[k, 2] by case and label, with all that may hide in it.

    ``apart`` is the ``reach`` of the table where a few events may lack whole cases.
    """
    plain, n = mean(losses, events), float(events.sum())
    extra = max(half_event(losses[occurring(events)], n), (apart / (2 * n)) ** 2)
    return Estimate(plain.value, plain.variance + extra + tail(losses, events))


def mean(values: NDArray[Any], events: NDArray[Any]) -> Estimate:
    """The mean over all events of a value per cell, both of one shape."""
    return Estimate(float((events * values).sum() / events.sum()), variance(values, events))
