"""Versions on the same events: each metric, and the differences between two versions.

Two versions meet the same events, so most of the noise is common to both and leaves the difference.
A metric is a smooth function of the counts; ``Measured`` holds its influence by cell (a case with
its label), and the influence of a difference is the difference of the influences. The variance is
exact for means (log loss, Brier score), that of DeLong et al. 1988 for AUC, and the delta method's
for the others.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from webapp.stats import performance
from webapp.stats.calibration import BINS
from webapp.stats.counts import Counts
from webapp.stats.influence import Estimate, cells, variance
from webapp.stats.metrics import auc

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Measured:
    """A metric of one version: its value, and influences with the events that they are of.

    Usually one pair; AUC has two, because positives and negatives are samples of their own.
    """

    value: float
    parts: tuple[tuple[Array, Array], ...]

    @property
    def estimate(self) -> Estimate:
        """With its variance."""
        return Estimate(self.value, sum(variance(*part) for part in self.parts))

    def __sub__(self, other: Measured) -> Measured:
        """The difference on the same events."""
        pairs = zip(self.parts, other.parts, strict=True)
        return Measured(self.value - other.value, tuple((a[0] - b[0], a[1]) for a, b in pairs))


def _mean(values: Array, counts: Counts) -> Measured:
    events = cells(counts)
    return Measured(float((events * values).sum() / events.sum()), ((values, events),))


def log_loss(scores: Array, counts: Counts) -> Measured:
    """Mean log loss in nats; counts must not be empty."""
    return _mean(performance.loss_cells(scores), counts)


def brier(scores: Array, counts: Counts) -> Measured:
    """Mean squared error of the score; counts must not be empty."""
    return _mean(performance.brier_cells(scores), counts)


def area(scores: Array, counts: Counts) -> Measured:
    """Area under the ROC curve, ties half; both labels must occur."""
    below, above = performance.ranks(scores, counts)
    positives = counts.positives.astype(np.float64)
    parts = ((below, positives), (above, counts.n - positives))
    return Measured(auc(scores, counts), parts)


def average_precision(scores: Array, counts: Counts) -> Measured:
    """Area under the precision–recall curve as a step function, as scikit-learn has it.

    A group of equal scores is one step. Its influence follows from the derivative by each count:
    an event more in a group changes that group's step, and the precision of all steps below.
    """
    _, group = np.unique(-scores, return_inverse=True)
    size = int(group.max()) + 1
    positives = np.bincount(group, weights=counts.positives, minlength=size)
    found, picked = (
        positives.cumsum(),
        np.bincount(group, weights=counts.n, minlength=size).cumsum(),
    )
    some = np.maximum(picked, 1)
    precision, total = found / some, float(counts.positives.sum())
    value = float(positives @ precision / total)
    later = np.where(picked > 0, positives / some, 0.0)
    by_picked = -np.cumsum((later * precision)[::-1])[::-1]
    by_found = np.cumsum(later[::-1])[::-1]
    negative = by_picked / total
    positive = (precision - value + by_found + by_picked) / total
    influence = np.stack([negative[group], positive[group]], axis=1) * counts.total
    return Measured(value, ((influence, cells(counts)),))


def ece(scores: Array, counts: Counts, bins: int = BINS) -> Measured:
    """Expected calibration error over bins of equal width; counts must not be empty."""
    place = np.minimum((scores * bins).astype(np.int64), bins - 1)
    gap = np.bincount(place, weights=counts.positives - counts.n * scores, minlength=bins)
    away = np.stack([-scores, 1 - scores], axis=1) * np.sign(gap)[place][:, None]
    return Measured(float(np.abs(gap).sum() / counts.total), ((away, cells(counts)),))


def precision(scores: Array, counts: Counts, threshold: float) -> Measured:
    """Share of positives among the picked, those with a score of at least the threshold.

    Some event must be picked.
    """
    chosen, label = (scores >= threshold)[:, None].astype(np.float64), np.array([0.0, 1.0])
    events = cells(counts)
    picked = float((events * chosen).sum())
    value = float((events * chosen * label).sum()) / picked
    return Measured(value, ((chosen * (label - value) * counts.total / picked, events),))


def recall(scores: Array, counts: Counts, threshold: float) -> Measured:
    """Share of the positives that are picked; some event must be positive."""
    chosen, label = (scores >= threshold)[:, None].astype(np.float64), np.array([0.0, 1.0])
    events = cells(counts)
    positives = float(counts.positives.sum())
    value = float((events * chosen * label).sum()) / positives
    return Measured(value, ((label * (chosen - value) * counts.total / positives, events),))


METRICS: dict[str, Callable[[Array, Counts], Measured]] = {
    "log_loss": log_loss,
    "brier": brier,
    "auc": area,
    "average_precision": average_precision,
    "ece": ece,
}
