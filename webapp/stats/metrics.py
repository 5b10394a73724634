"""Quality of a score table on labelled counts, as exact sums over the cases."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import log

import numpy as np
from numpy.typing import NDArray

from webapp.grammar import pluralize, quantity
from webapp.stats.counts import Counts

# The one rule for scores of exactly 0 and 1, for every log loss and log odds: they are clipped at
# the machine's epsilon, as scikit-learn does. An outcome against such a score costs 36 nats.
EPSILON = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Metrics:
    """Log loss (nats), Brier score, ROC AUC (nan when one label is absent), and events."""

    log_loss: float
    brier: float
    auc: float
    n: int

    def as_dict(self) -> dict[str, float]:
        """Plain values for JSON, by name."""
        return asdict(self)


def evaluate(scores: NDArray[np.float64], counts: Counts) -> Metrics:
    """All three metrics of ``scores[k]`` on counts over the same k cases.

    Raises ValueError when there are no events.
    """
    if counts.total == 0:
        raise ValueError("no events to evaluate on")
    return Metrics(
        log_loss(scores, counts), brier(scores, counts), auc(scores, counts), counts.total
    )


def describe_certainty(scores: NDArray[np.float64], events: NDArray[np.int64]) -> str | None:
    """A clause on events whose score is exactly 0 or 1; None without any."""
    n = int(events[(scores < EPSILON) | (scores > 1 - EPSILON)].sum())
    if not n:
        return None
    return (
        f"{quantity(n, 'event')} {pluralize(n, 'has', 'have')} a score of exactly 0 or 1: "
        f"an outcome against one costs {-log(EPSILON):.0f} nats of log loss"
    )


def log_loss(scores: NDArray[np.float64], counts: Counts) -> float:
    """Mean negative log likelihood per event, in nats."""
    p = np.clip(scores, EPSILON, 1 - EPSILON)
    negatives = counts.n - counts.positives
    return float(-(counts.positives @ np.log(p) + negatives @ np.log1p(-p)) / counts.total)


def brier(scores: NDArray[np.float64], counts: Counts) -> float:
    """Mean squared difference between score and label."""
    negatives = counts.n - counts.positives
    return float((counts.positives @ (1 - scores) ** 2 + negatives @ scores**2) / counts.total)


def auc(scores: NDArray[np.float64], counts: Counts) -> float:
    """Area under the ROC curve, ties counted half (Mann–Whitney); nan without both labels."""
    values, group = np.unique(scores, return_inverse=True)
    positives = np.bincount(group, weights=counts.positives, minlength=len(values))
    negatives = np.bincount(group, weights=counts.n - counts.positives, minlength=len(values))
    pairs = positives.sum() * negatives.sum()
    if pairs == 0:
        return float("nan")
    below = np.concatenate(([0.0], np.cumsum(negatives)[:-1]))
    return float((positives @ (below + negatives / 2)) / pairs)
