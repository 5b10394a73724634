"""Several versions against one reference: intervals and tests that hold for all of them at once.

One interval of 95 % is wrong in 5 %; of twenty, one or another is wrong far more often, and it is
that one which looks interesting. Differences to one reference are correlated, and their correlation
is known exactly from the counts, so the intervals need to be no longer than the largest of so many
correlated errors asks for (max-t; Hothorn, Bretz and Westfall 2008). For equal correlations of 1/2
that is Dunnett's test (1955).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import erfc, sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from webapp.stats import paired
from webapp.stats.counts import Counts
from webapp.stats.paired import Measurement
from webapp.stats.rates import Z95

Array = NDArray[np.float64]
LEVEL = 0.05  # of any error among all
_DRAWS = 10_000  # of the largest error: its 95 % point is met to within two hundredths


@dataclass(frozen=True)
class Reach:
    """How far intervals reach, in standard errors, so that those of all comparisons hold at once.

    ``versions`` is the number of versions that are compared with the reference.
    """

    log_loss: float = Z95
    auc: float = Z95
    versions: int = 1


ALONE = Reach()


def reach(reference: Array, others: Sequence[Array], counts: Counts) -> Reach:
    """The reach for differences of score tables float64[k] to the reference's on these counts."""
    if len(others) < 2 or not counts.total:
        return replace(ALONE, versions=max(1, len(others)))
    loss = paired.log_loss(reference, counts)
    losses = [error_parts(paired.log_loss(table, counts) - loss) for table in others]
    if not 0 < counts.positives.sum() < counts.total:
        return Reach(critical_value(losses), Z95, len(others))
    area = paired.area(reference, counts)
    areas = [error_parts(paired.area(table, counts) - area) for table in others]
    return Reach(critical_value(losses), critical_value(areas), len(others))


def error_parts(difference: Measurement) -> NDArray[np.float32]:
    """The error of a difference by cell, float32[m], such that its square sums to the variance.

    The product of those of two differences sums to their covariance. Cells without events are left
    out, so all differences on the same counts have the same cells.
    """
    parts = []
    for influence, events in difference.parts:
        occurs, n = events > 0, float(events.sum())
        weights, own = events[occurs], influence[occurs]
        away = own - (weights @ own) / max(n, 1.0)
        parts.append(away * np.sqrt(weights / max(n * (n - 1), 1.0)))
    return np.concatenate(parts).astype(np.float32)


def critical_value(errors: Sequence[NDArray[np.float32]]) -> float:
    """The 95 % point of the largest of several correlated standard normal errors, in either sense.

    ``errors`` are those that ``error_parts`` gives. The point is simulated, always by the same
    draws, and lies between that of one error and that of as many independent ones, which is the
    most that it can be (Šidák 1967).
    """
    # By size, so that the same draws meet the same errors in whichever order they come
    by_size = sorted((float(np.sqrt((own**2).sum())), i) for i, own in enumerate(errors))
    matrix = np.array([errors[i] / size for size, i in by_size if size > 0])
    if len(matrix) < 2:
        return Z95
    values, vectors = np.linalg.eigh((matrix @ matrix.T).astype(np.float64))
    factor = vectors * np.sqrt(np.maximum(values, 0.0))
    draws = np.random.default_rng(0).standard_normal((len(factor), _DRAWS), dtype=np.float32)
    largest = np.abs(factor.astype(np.float32) @ draws).max(axis=0)
    return float(np.clip(np.quantile(largest, 1 - LEVEL), Z95, independent(len(factor))))


def independent(count: int) -> float:
    """The 95 % point of the largest of so many independent errors (Šidák 1967)."""
    return NormalDist().inv_cdf((1 + (1 - LEVEL) ** (1 / count)) / 2)


def adjust(p: Array) -> Array:
    """P-values float64[m] so adjusted that any wrong one is at most 5 % likely (Holm 1979).

    It holds whatever the tests have to do with each other.
    """
    order = np.argsort(p, kind="stable")
    steps = p[order] * np.arange(len(p), 0, -1)
    result = np.empty(len(p))
    result[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return result


def p_beyond(value: float, variance: float, margin: float) -> float:
    """The p-value of a difference under the hypothesis that the true one lies within a margin.

    It is the chance of one as far from 0, either way, if the true one is at the margin itself,
    where it is the largest (an interval hypothesis; Hodges and Lehmann 1954).
    """
    beyond = abs(value) - margin
    if beyond <= 0:
        return 1.0
    if variance <= 0:
        return 0.0
    scale = sqrt(2 * variance)
    return (erfc(beyond / scale) + erfc((beyond + 2 * margin) / scale)) / 2
