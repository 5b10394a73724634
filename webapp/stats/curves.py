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
    """Points from the highest threshold to the lowest; each array has one entry per threshold.

    Events with a score of at least the threshold are picked; ``picked`` is their share of all
    labelled events.
    """

    thresholds: Array
    true_positive_rate: Array  # recall
    false_positive_rate: Array
    precision: Array
    picked: Array


def curve(scores: Array, counts: Counts) -> Curve | None:
    """The curve at every score that occurs; None unless both labels occur."""
    positives, total = int(counts.positives.sum()), counts.total
    if positives in (0, total):
        return None
    values, group = np.unique(-scores, return_inverse=True)
    picks = np.bincount(group, weights=counts.n).cumsum()
    hits = np.bincount(group, weights=counts.positives).cumsum()
    steps = np.flatnonzero(np.diff(picks, prepend=0.0))  # scores that no event has change nothing
    picks, hits = picks[steps], hits[steps]
    return Curve(
        -values[steps],
        hits / positives,
        (picks - hits) / (total - positives),
        hits / picks,
        picks / total,
    )


@dataclass(frozen=True)
class Bin:
    """Events with similar scores: their mean score and the share of positives."""

    n: int
    score: float
    rate: Interval


def calibration_bins(scores: Array, counts: Counts) -> list[Bin]:
    """One bin for each tenth of the scale that has events, with Wilson's intervals."""
    bins = calibration.reliability(scores, counts)
    return [Bin(b.n, b.score, wilson(round(b.rate * b.n), b.n)) for b in bins]
