"""Pairs of inputs: did their dependence change?"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from webapp.stats import verdicts
from webapp.stats.rates import Z95, Interval, adjust, two_sided_p
from webapp.stats.verdicts import PAIR_MARGIN, Verdict

Array = NDArray[np.float64]

LEVEL = 0.05  # of false discoveries
_FEWEST = 5.0  # expected events in each of the four cells, for the normal approximation


@dataclass(frozen=True)
class Pair:
    """Two inputs: odds ratios before and now, and the change of the log odds ratio."""

    names: tuple[str, str]
    baseline: float
    window: float
    change: Interval
    p_adjusted: float
    both: int  # events in the window that have both
    verdict: Verdict


def compare(
    names: tuple[str, ...],
    matrix: NDArray[np.uint8],
    baseline: NDArray[np.int64],
    window: NDArray[np.int64],
) -> list[Pair]:
    """Compare every pair of inputs, in the model's order, from events by case int64[k].

    ``matrix`` uint8[k, d] holds the inputs of each case. Log odds ratios have half an event added
    to each cell (Haldane 1956, Anscombe 1956) and Wald's interval; p-values are adjusted for their
    number. Where a cell has too few expected events for that, the verdict is ``cannot tell``.
    """
    pairs = list(combinations(range(len(names)), 2))
    if not pairs or not baseline.sum() or not window.sum():
        return []
    before, now = _tables(matrix, baseline, pairs), _tables(matrix, window, pairs)
    change = _log_odds(now) - _log_odds(before)
    error = np.sqrt((1 / (now + 0.5)).sum(axis=1) + (1 / (before + 0.5)).sum(axis=1))
    p = adjust(two_sided_p(change / error))
    enough = (_fewest(before) >= _FEWEST) & (_fewest(now) >= _FEWEST)
    enough &= min(baseline.sum(), window.sum()) >= verdicts.FEWEST
    intervals = [
        Interval(float(value), float(value - half), float(value + half))
        for value, half in zip(change, Z95 * error, strict=True)
    ]
    return [
        Pair(
            names=(names[a], names[b]),
            baseline=float(np.exp(_log_odds(before)[i])),
            window=float(np.exp(_log_odds(now)[i])),
            change=intervals[i],
            p_adjusted=float(p[i]),
            both=int(now[i, 3]),
            verdict=_verdict(intervals[i], float(p[i])) if enough[i] else "cannot tell",
        )
        for i, (a, b) in enumerate(pairs)
    ]


def _verdict(change: Interval, p: float) -> Verdict:
    """The verdict by the interval; drift must be significant after the adjustment, too."""
    verdict = verdicts.drift(change, PAIR_MARGIN)
    return "cannot tell" if verdict == "drifted" and p > LEVEL else verdict


def _tables(
    matrix: NDArray[np.uint8], counts: NDArray[np.int64], pairs: list[tuple[int, int]]
) -> Array:
    """Events with neither input, the first alone, the second alone, both: float64[pairs, 4]."""
    has = matrix.astype(np.float64)
    together = has.T @ (has * counts[:, None])
    one, total = np.diag(together), counts.sum()
    first, second = np.array(pairs).T
    both = together[first, second]
    only, other = one[first] - both, one[second] - both
    return np.stack([total - both - only - other, only, other, both], axis=1)


def _log_odds(tables: Array) -> Array:
    """Log odds ratios of tables float64[pairs, 4], half an event added to each cell."""
    logs = np.log(tables + 0.5)
    return np.asarray(logs[:, 3] + logs[:, 0] - logs[:, 1] - logs[:, 2])


def _fewest(tables: Array) -> Array:
    """The smallest expected count among the cells of each table, if the inputs were independent."""
    total = tables.sum(axis=1)
    first, second = tables[:, 1] + tables[:, 3], tables[:, 2] + tables[:, 3]
    rarer = np.minimum(first, total - first) * np.minimum(second, total - second)
    return np.asarray(rarer / np.maximum(total, 1))
