"""A population whose outcomes depend on pairs of inputs, and a champion that misses them.

Owners of a pair came more often or less: of one score, other cases come, whose outcomes differ.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from tests.support import populations
from webapp.stats.counts import Counts

Array = NDArray[np.float64]
HAS = populations.GAMES.matrix().astype(np.float64)
_MAIN = np.array([0.6, -0.5, 0.4, -0.3, 0.3, 0.2, -0.2, 0.1, 0.5, -0.4])
_SHARES = np.array([0.4, 0.35, 0.4, 0.35, 0.3, 0.3, 0.25, 0.2, 0.2, 0.15])


def expit(log_odds: Array) -> Array:
    """Probabilities from log odds."""
    return 1 / (1 + np.exp(-log_odds))


def _pair(one: int, other: int) -> Array:
    return np.asarray(HAS[:, one - 1] * HAS[:, other - 1])


def log_odds(shift: float = 0.0) -> Array:
    """Of a positive, by case; ``shift`` is a change of behaviour, the same for all."""
    pairs = 1.6 * _pair(1, 2) - 1.4 * _pair(3, 4) + 1.2 * _pair(5, 6)
    return np.asarray(-1.6 + HAS @ _MAIN + pairs + shift)


def cases(tilt: float = 0.0) -> Array:
    """The share of each case; with ``tilt`` the pairs come more often or less."""
    shares = np.prod(np.where(HAS == 1, _SHARES, 1 - _SHARES), axis=1)
    shares = shares * np.exp(tilt * (_pair(1, 2) + _pair(5, 6) - _pair(3, 4)))
    return np.asarray(shares / shares.sum())


@cache
def champion() -> Array:
    """Scores of the best logistic regression without pairs, by Newton's method."""
    shares, rates = cases(), expit(log_odds())
    design, weights = np.column_stack([np.ones(len(HAS)), HAS]), np.zeros(HAS.shape[1] + 1)
    for _ in range(12):
        scores = expit(design @ weights)
        slope = (design * (shares * scores * (1 - scores))[:, None]).T @ design
        weights = weights + np.linalg.solve(slope, design.T @ (shares * (rates - scores)))
    return expit(design @ weights)


def draw(rng: np.random.Generator, n: int, tilt: float = 0.0, shift: float = 0.0) -> Counts:
    """A sample of n events with their labels."""
    events = rng.multinomial(n, cases(tilt))
    return Counts(events, rng.binomial(events, expit(log_odds(shift))))
