"""Metrics of a score table with their influence, so that two versions' differences are paired.

Two versions meet the same events, so most of the noise is common to both and cancels out of the
difference. A metric is a smooth function of the counts; ``Measurement`` holds its influence by cell
(a case with its label), and the influence of a difference is the difference of the influences. The
variance is exact for means (log loss, Brier score), that of DeLong et al. 1988 for AUC, and the
delta method's for the others. ``webapp.stats.metric_specs`` lists the metrics.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from webapp.stats import performance
from webapp.stats.calibration import BINS
from webapp.stats.counts import Counts
from webapp.stats.influence import Estimate, cells, half_event, occurring, tail, variance
from webapp.stats.metrics import auc
from webapp.stats.rates import Z95

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Measurement:
    """A metric of one version: its value, and pairs of influence and events by cell.

    Usually one pair; AUC has two, because positives and negatives are separate samples.
    ``in_nats`` if the influence is a log loss, which has no bound. ``extra_variance`` is what no
    influence shows.
    """

    value: float
    parts: tuple[tuple[Array, Array], ...]
    in_nats: bool = False
    extra_variance: float = 0.0

    @property
    def estimate(self) -> Estimate:
        """The value with its variance in the sample."""
        return Estimate(self.value, sum(variance(*part) for part in self.parts))

    @property
    def cautious(self) -> Estimate:
        """The same with what the sample is too small to show: 0 only where nothing can differ."""
        occurs = np.any([occurring(events) for _, events in self.parts], axis=0)
        extra = sum(half_event(part[occurs], float(events.sum())) for part, events in self.parts)
        if self.in_nats:
            extra += sum(tail(*part) for part in self.parts)
        return Estimate(self.value, self.estimate.variance + extra + self.extra_variance)

    def __sub__(self, other: Measurement) -> Measurement:
        """The difference between two versions on the same events."""
        pairs = zip(self.parts, other.parts, strict=True)
        parts = tuple((a[0] - b[0], a[1]) for a, b in pairs)
        extra_variance = self.extra_variance + other.extra_variance
        return Measurement(self.value - other.value, parts, self.in_nats, extra_variance)


def _mean(values: Array, counts: Counts) -> Measurement:
    events = cells(counts)
    return Measurement(float((events * values).sum() / events.sum()), ((values, events),))


def log_loss(scores: Array, counts: Counts) -> Measurement:
    """Mean log loss in nats; counts must not be empty."""
    return replace(_mean(performance.loss_cells(scores), counts), in_nats=True)


def brier(scores: Array, counts: Counts) -> Measurement:
    """Mean squared error of the score; counts must not be empty."""
    return _mean(performance.brier_cells(scores), counts)


def area(scores: Array, counts: Counts) -> Measurement:
    """Area under the ROC curve, ties half; both labels must occur."""
    below, above = performance.ranks(scores, counts)
    positives = counts.positives.astype(np.float64)
    parts = ((below, positives), (above, counts.n - positives))
    return Measurement(auc(scores, counts), parts)


def average_precision(scores: Array, counts: Counts) -> Measurement:
    """Area under the precision–recall curve as a step function, as in scikit-learn.

    Both labels must occur. A group of equal scores is one step. Its influence follows from the
    derivative by each count: one more event in a group changes that group's step, and the precision
    of all steps below.
    """
    _, group = np.unique(-scores, return_inverse=True)
    size = int(group.max()) + 1
    positives = np.bincount(group, weights=counts.positives, minlength=size)
    hits = positives.cumsum()
    picks = np.bincount(group, weights=counts.n, minlength=size).cumsum()
    divisor = np.maximum(picks, 1)
    precision, total = hits / divisor, float(counts.positives.sum())
    value = float(positives @ precision / total)
    later = np.where(picks > 0, positives / divisor, 0.0)
    by_picks = -np.cumsum((later * precision)[::-1])[::-1]
    by_hits = np.cumsum(later[::-1])[::-1]
    negative = by_picks / total
    positive = (precision - value + by_hits + by_picks) / total
    influence = np.stack([negative[group], positive[group]], axis=1) * counts.total
    return Measurement(value, ((influence, cells(counts)),))


def ece(scores: Array, counts: Counts, bins: int = BINS) -> Measurement:
    """Expected calibration error over bins of equal width; counts must not be empty.

    Its influence is that of the gaps on the sides where they are. Where a gap is so small that its
    true one may lie on the other side, the error may differ by twice as much as that can be.
    """
    place = np.minimum((scores * bins).astype(np.int64), bins - 1)
    gap = np.bincount(place, weights=counts.positives - counts.n * scores, minlength=bins)
    away = np.stack([-scores, 1 - scores], axis=1)
    events, total = cells(counts), counts.total
    squares = np.bincount(place, weights=(events * away**2).sum(axis=1), minlength=bins)
    across = np.maximum(Z95 * np.sqrt(squares) - np.abs(gap), 0.0) / total
    influence = away * np.sign(gap)[place][:, None]
    extra_variance = float(((2 * across / Z95) ** 2).sum())
    return Measurement(
        float(np.abs(gap).sum() / total), ((influence, events),), extra_variance=extra_variance
    )


def precision(scores: Array, counts: Counts, threshold: float) -> Measurement:
    """Share of positives among the picked: the events with a score of at least the threshold.

    At least one event must be picked.
    """
    picks, label = (scores >= threshold)[:, None].astype(np.float64), np.array([0.0, 1.0])
    events = cells(counts)
    total = float((events * picks).sum())
    value = float((events * picks * label).sum()) / total
    return Measurement(value, ((picks * (label - value) * counts.total / total, events),))


def recall(scores: Array, counts: Counts, threshold: float) -> Measurement:
    """Share of the positives that are picked; at least one event must be positive."""
    picks, label = (scores >= threshold)[:, None].astype(np.float64), np.array([0.0, 1.0])
    events = cells(counts)
    positives = float(counts.positives.sum())
    value = float((events * picks * label).sum()) / positives
    return Measurement(value, ((label * (picks - value) * counts.total / positives, events),))
