"""Which cases have another share of the events than before, beyond what chance explains."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from webapp.stats.rates import adjust, two_sided_p
from webapp.stats.verdicts import FEWEST

LEVEL = 0.05  # false discovery rate over the cases that occur

Array = NDArray[np.float64]


def find_shifts(before: NDArray[Any], now: NDArray[Any]) -> NDArray[np.bool_]:
    """True for the cases of counts int64[cases] whose share has moved; bool[cases].

    Of fewer than ``FEWEST`` events on a side nothing is known.
    """
    shifts = np.zeros(len(now), bool)
    if min(before.sum(), now.sum()) < FEWEST:
        return shifts
    occurring = np.flatnonzero(before + now)
    p = likelihood_ratio_p(before[occurring], int(before.sum()), now[occurring], int(now.sum()))
    shifts[occurring] = adjust(p) <= LEVEL
    return shifts


def likelihood_ratio_p(x1: NDArray[Any], n1: int, x2: NDArray[Any], n2: int) -> Array:
    """P-values of the likelihood ratio test of x1 of n1 against x2 of n2, float64[r].

    With Yates' correction, so that a single event is no evidence where none was expected.
    """
    expected_2 = (x1 + x2) * (n2 / (n1 + n2))
    gap = x2 - expected_2
    gap -= np.sign(gap) * np.minimum(0.5, np.abs(gap))
    expected_1 = x1 + x2 - expected_2
    parts = [
        _deviance(expected_1 - gap, expected_1),
        _deviance(expected_2 + gap, expected_2),
        _deviance(n1 - expected_1 + gap, n1 - expected_1),
        _deviance(n2 - expected_2 - gap, n2 - expected_2),
    ]
    return two_sided_p(np.sqrt(np.maximum(sum(parts), 0.0)))


def _deviance(count: Array, mean: Array) -> Array:
    """The part of a cell, 2 x log(x / e); 0 where nothing was counted."""
    ratio = np.where(count > 0, count, 1.0) / np.where(mean > 0, mean, 1.0)
    return np.asarray(2 * count * np.where(count > 0, np.log(ratio), 0.0))
