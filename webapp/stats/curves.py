"""ROC, precision–recall and calibration curves of a score table, exact for its distinct scores."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from webapp.stats import calibration
from webapp.stats.counts import Counts
from webapp.stats.rates import Interval, wilson

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Curve:
    """Points from the highest threshold to the lowest; each array has one entry a threshold.

    Picked are the scores of at least the threshold. ``picked`` is a share of all labelled events.
    """

    thresholds: Array
    true_positive_rate: Array  # recall
    false_positive_rate: Array
    precision: Array
    picked: Array


def curve(scores: Array, counts: Counts) -> Curve | None:
    """All points at which something changes; None unless both labels occur."""
    positives, total = int(counts.positives.sum()), counts.total
    if positives in (0, total):
        return None
    values, group = np.unique(-scores, return_inverse=True)
    picked = np.bincount(group, weights=counts.n).cumsum()
    found = np.bincount(group, weights=counts.positives).cumsum()
    steps = np.flatnonzero(np.diff(picked, prepend=0.0))  # scores that no event has change nothing
    picked, found = picked[steps], found[steps]
    return Curve(
        -values[steps],
        found / positives,
        (picked - found) / (total - positives),
        found / picked,
        picked / total,
    )


@dataclass(frozen=True)
class Bin:
    """Events of like scores: their mean score and the share of positives."""

    n: int
    score: float
    rate: Interval


def calibration_bins(scores: Array, counts: Counts) -> list[Bin]:
    """The tenths of the scale that have events, with Wilson's intervals."""
    found = calibration.reliability(scores, counts)
    return [Bin(b.n, b.score, wilson(round(b.rate * b.n), b.n)) for b in found]
