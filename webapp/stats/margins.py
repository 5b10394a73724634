"""The smallest differences between two versions that matter.

Log loss and Brier score are judged by what guessing the base rate costs, the entropy and the
variance of the label: a margin is the same share of it everywhere, so it is the same in skill. An
absolute margin would be a quarter of all there is to gain where 1 event in 1,000 is positive.
"""

from __future__ import annotations

from collections.abc import Callable
from math import log

LOG_LOSS_SHARE = 0.0053  # of the entropy: .0020 nats where 1 of 8 events is positive
BRIER_SHARE = 0.0091  # of the variance: .0010 there
REFERENCE_RATE = 1 / 8  # where the base rate is unknown
# Differences that mean the same at any base rate
_FIXED = {
    "auc": 0.01,
    "average_precision": 0.01,
    "ece": 0.01,
    "precision": 0.02,
    "recall": 0.02,
}


def entropy(rate: float) -> float:
    """The log loss of always predicting the base rate, in nats; 0 when all labels are equal."""
    return -sum(p * log(p) for p in (rate, 1 - rate) if p > 0)


def variance(rate: float) -> float:
    """The Brier score of always predicting the base rate."""
    return rate * (1 - rate)


# By metric: the share, and the cost of guessing the base rate
RELATIVE: dict[str, tuple[float, Callable[[float], float]]] = {
    "log_loss": (LOG_LOSS_SHARE, entropy),
    "brier": (BRIER_SHARE, variance),
}


def margin_for(metric: str, base_rate: float) -> float:
    """The margin of a metric, by its key, where ``base_rate`` of the events are positive.

    Where it is unknown (nan), or only one label occurs, that of 1 in 8 is taken.
    """
    if metric not in RELATIVE:
        return _FIXED[metric]
    share, cost = RELATIVE[metric]
    return share * cost(base_rate if 0 < base_rate < 1 else REFERENCE_RATE)


def describe_margin(metric: str) -> str:
    """A metric's margin in words: 0.01, or its share of what guessing costs."""
    if metric not in RELATIVE:
        return f"{_FIXED[metric]:g}"
    share = f"{100 * RELATIVE[metric][0]:.2g} %"
    return f"{share} of what guessing the base rate costs"
