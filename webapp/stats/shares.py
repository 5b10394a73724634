"""Intervals of shares and of their differences, whatever the counts.

One rule: from ``ENOUGH`` events of either kind on it is the score interval of Wilson 1927, whose
coverage then stays near 95 %. With fewer it is the exact one of Clopper and Pearson 1934, which
covers 95 % or more; Wilson's covers 84 % where a fifth of an event is expected. All but ``measure``
work elementwise on arrays.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from webapp.stats.rates import Interval, square_and_add, wilson_arrays

Array = NDArray[np.float64]
ENOUGH = 10  # events of either kind
_TAIL = 0.025
_ROUNDS, _CLOSE = 60, 1e-14  # of Newton's steps, of which some eight are needed


def measure(positives: int, n: int) -> Interval:
    """A share with its interval. Raises ValueError when n is 0."""
    if n <= 0 or not 0 <= positives <= n:
        raise ValueError("a share needs 0 <= positives <= n and n > 0")
    return Interval(*(float(part[0]) for part in measure_all(np.array([positives]), np.array([n]))))


def measure_all(positives: NDArray[Any], n: NDArray[Any]) -> tuple[Array, ...]:
    """Shares, lower and upper ends, as float64 of the shape of both; 0, 0 and 1 where n is 0."""
    rate, low, high = (np.array(part) for part in wilson_arrays(positives, n))
    rarer = np.minimum(positives, n - positives)
    few = (rarer < ENOUGH) & (n > 0)
    if few.any():
        is_rare = (positives <= n - positives)[few]
        below, above = _clopper_pearson(rarer[few], n[few])
        low[few] = np.where(is_rare, below, 1 - above)
        high[few] = np.where(is_rare, above, 1 - below)
    return rate, low, high


def compare(
    x1: NDArray[Any], n1: NDArray[Any], x2: NDArray[Any], n2: NDArray[Any]
) -> tuple[Array, ...]:
    """Differences x2/n2 − x1/n1 with the ends that follow from both intervals (Newcombe 1998)."""
    return subtract(measure_all(x1, n1), measure_all(x2, n2))


def subtract(before: tuple[Array, ...], now: tuple[Array, ...]) -> tuple[Array, ...]:
    """The same from the shares with their ends."""
    difference, low, high = square_and_add(before, now)
    return difference, np.maximum(low, -1.0), np.minimum(high, 1.0)


def _clopper_pearson(k: NDArray[Any], n: NDArray[Any]) -> tuple[Array, Array]:
    """The ends for k < ENOUGH of n events, int64[r] each."""
    levels = np.repeat([1 - _TAIL, _TAIL], len(k))
    most = np.concatenate([np.maximum(k - 1, 0), np.minimum(k, n - 1)])
    low, high = np.split(_solve(most, np.tile(n, 2), levels), 2)
    return np.where(k > 0, low, 0.0), np.where(k < n, high, 1.0)


def _solve(k: NDArray[Any], n: NDArray[Any], level: Array) -> Array:
    """The shares at which at most k of n events have the probability ``level``, where k < n.

    The log of that probability is concave and falls with the share, as the survival of a beta
    distribution does: Newton's steps come to the right of the end, and then down to it.
    """
    share: Array = (k + 1) / (n + 2)
    for _ in range(_ROUNDS):
        chance, slope = _at_most(k, n, share)
        step = (np.log(chance) - np.log(level)) * chance / slope
        step = np.minimum(step, (1 - share) / 2)  # it stays below 1
        share = share + step
        if (np.abs(step) <= _CLOSE * share).all():
            break
    return share


def _at_most(k: NDArray[Any], n: NDArray[Any], share: Array) -> tuple[Array, Array]:
    """P(X <= k) of binomial X, and how fast it falls with the share; the sum has few terms."""
    i = np.arange(ENOUGH)
    with np.errstate(divide="ignore", invalid="ignore"):
        ways = np.cumsum(np.log(np.maximum(n[:, None] - i + 1, 1) / np.maximum(i, 1)), axis=1)
        ways -= ways[:, :1]
        logs = ways + i * np.log(share)[:, None] + (n[:, None] - i) * np.log1p(-share)[:, None]
    terms = np.where(i <= k[:, None], np.exp(logs), 0.0)
    last = terms[np.arange(len(k)), k]
    return terms.sum(axis=1), (n - k) * last / (1 - share)
