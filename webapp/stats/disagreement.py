"""Disagreement of two versions: by training support, by feature and by pair of features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from webapp.cases import Features
from webapp.stats import simultaneous
from webapp.stats.counts import Counts
from webapp.stats.influence import Estimate, cells, mean_loss
from webapp.stats.metric_specs import LOG_LOSS
from webapp.stats.performance import loss_cells
from webapp.stats.rates import Interval
from webapp.stats.verdicts import Choice, find_shortage

Array = NDArray[np.float64]
_CASES = 4096  # at a time
_EDGE = 1e-6  # scores are kept this far from 0 and 1 before their log odds are taken


@dataclass(frozen=True)
class Support:
    """Mean absolute difference of two versions' scores, by whether both trained on the case."""

    mean: float
    seen: float | None  # in cases in the training data of both; None without such events
    unseen: float | None
    unseen_share: float  # of events


def support(
    reference: Array,
    challenger: Array,
    events: NDArray[np.int64],
    trained_cases: NDArray[np.bool_],
) -> Support | None:
    """Disagreement weighted by traffic; None without events.

    ``trained_cases[k]`` is true if the training data of both versions holds case k.
    """
    if not events.sum():
        return None
    away = np.abs(challenger - reference)

    def level(cases: NDArray[np.bool_]) -> float | None:
        n = events[cases].sum()
        return float(events[cases] @ away[cases] / n) if n else None

    every = float(events @ away / events.sum())
    share = float(events[~trained_cases].sum() / events.sum())
    return Support(every, level(trained_cases), level(~trained_cases), share)


@dataclass(frozen=True)
class Segment:
    """Events with a feature: the difference in log loss, challenger minus reference.

    ``margin`` is the smallest difference that matters at the base rate of these events, and
    ``p_adjusted`` the chance of a difference as far beyond it, if there is none, anywhere among all
    comparisons; None where the outcomes are too few for a verdict.
    """

    name: str
    n: int
    margin: float
    difference: Interval | None  # None with fewer than two labelled events
    p_adjusted: float | None
    verdict: Choice


def segments(
    features: Features,
    reference: Array,
    challenger: Array,
    outcomes: Counts,
    others: Sequence[Array] = (),
) -> list[Segment]:
    """One segment per feature.

    ``better`` and ``worse`` need a p-value below ``simultaneous.LEVEL`` that is adjusted for all
    segments (Holm), of the score tables ``others`` as well: any of them could have been the
    challenger, and the one that is shown is seldom chosen blindly.
    """
    occurring = np.flatnonzero(outcomes.n)
    counts = _choose(outcomes, occurring)
    has = features.matrix()[occurring].astype(bool)
    base = loss_cells(reference[occurring])
    rows = [
        _measure(has, loss_cells(table[occurring]) - base, counts)
        for table in (challenger, *others)
    ]
    p = [(i, j) for i, row in enumerate(rows) for j, part in enumerate(row) if part.can_tell]
    p_values = simultaneous.adjust(np.array([rows[i][j].p for i, j in p]))
    p_by_feature = {j: float(p_values[k]) for k, (i, j) in enumerate(p) if i == 0}
    return [
        _segment(name, part, p_by_feature.get(j))
        for j, (name, part) in enumerate(zip(features.names, rows[0], strict=True))
    ]


@dataclass(frozen=True)
class _Part:
    """The events with one feature, and a version's difference to the reference there."""

    counts: Counts
    estimate: Estimate | None

    @property
    def margin(self) -> float:
        return LOG_LOSS.margin(self.counts.base_rate)

    @property
    def can_tell(self) -> bool:
        """True if there are enough outcomes for a verdict."""
        n, positives = self.counts.total, int(self.counts.positives.sum())
        return find_shortage(n, positives) is None

    @property
    def p(self) -> float:
        """The p-value of a difference beyond the margin; 1 where it is unknown."""
        if self.estimate is None:
            return 1.0
        return simultaneous.p_beyond(self.estimate.value, self.estimate.variance, self.margin)


def _measure(has: NDArray[np.bool_], difference: Array, counts: Counts) -> list[_Part]:
    """One part for each column of ``has``, bool[k, d], from the difference float64[k, 2]."""
    events, parts = cells(counts), []
    for cases in has.T:
        own = _choose(counts, cases)
        estimate = mean_loss(difference[cases], events[cases]) if own.total > 1 else None
        parts.append(_Part(own, estimate))
    return parts


def _choose(outcomes: Counts, cases: NDArray[Any]) -> Counts:
    return Counts(outcomes.n[cases], outcomes.positives[cases])


def _segment(name: str, part: _Part, p: float | None) -> Segment:
    n, margin = part.counts.total, part.margin
    if part.estimate is None:
        return Segment(name, n, margin, None, None, "not enough evidence")
    interval = part.estimate.interval()
    verdict = LOG_LOSS.judge(interval, part.counts)
    if verdict in ("better", "worse") and (p is None or p > simultaneous.LEVEL):
        verdict = "not enough evidence"
    return Segment(name, n, margin, interval, p, verdict)


@dataclass(frozen=True)
class Effect:
    """The contribution of a feature, or of a pair, to the difference of the log odds."""

    names: tuple[str, ...]
    value: float


@dataclass(frozen=True)
class Effects:
    """The difference of two versions' log odds, as a sum over features and pairs of them.

    ``alone`` and ``with_pairs`` are the shares of its variance over the traffic that features alone
    explain, and features with all pairs; None where the two versions differ by a constant only.
    """

    effects: tuple[Effect, ...]  # features in their order, then pairs, the largest first
    alone: float | None
    with_pairs: float | None


def effects(
    features: Features, reference: Array, challenger: Array, events: NDArray[np.int64]
) -> Effects | None:
    """Weighted least squares over all cases, with the traffic as weights; None without events.

    Features enter as differences from their mean, so that a feature's own effect is that at the
    average of the others. Columns that never vary have no effect.
    """
    if not events.sum():
        return None
    occurring = np.flatnonzero(events)
    weights, size = events[occurring] / events.sum(), len(features.names)
    pairs = list(combinations(range(size), 2))
    difference = _log_odds(challenger[occurring]) - _log_odds(reference[occurring])
    difference = difference - weights @ difference
    spread = float(weights @ difference**2)
    triangle = _triangle(features.matrix()[occurring], pairs, difference, weights)
    _, alone = _fit(triangle[:size], size)
    values, together = _fit(triangle, size + len(pairs))
    single = [Effect((name,), float(v)) for name, v in zip(features.names, values, strict=False)]
    joint = [
        Effect((features.names[a], features.names[b]), float(v))
        for (a, b), v in zip(pairs, values[len(single) :], strict=True)
    ]
    joint.sort(key=lambda effect: -abs(effect.value))
    if spread < 1e-20:
        return Effects((*single, *joint), None, None)
    return Effects((*single, *joint), alone / spread, together / spread)


def _log_odds(scores: Array) -> Array:
    p = np.clip(scores, _EDGE, 1 - _EDGE)
    return np.asarray(np.log(p / (1 - p)))


def _triangle(
    has: NDArray[np.uint8], pairs: list[tuple[int, int]], target: Array, weights: Array
) -> Array:
    """The triangle to which a QR decomposition reduces the rows of a weighted regression.

    Its columns are the inputs, the products of ``pairs`` of them, all as differences from their
    means, and the target. It is made a few cases at a time: 16 inputs have 136 columns.
    """
    means, root = weights @ has, np.sqrt(weights)
    parts = [slice(i, i + _CASES) for i in range(0, len(has), _CASES)]
    product_means = np.zeros(len(pairs))
    for part in parts:
        product_means += weights[part] @ _products(has[part] - means, pairs)
    triangle = np.empty((0, len(means) + len(pairs) + 1))
    for part in parts:
        single = has[part] - means
        products = _products(single, pairs) - product_means
        rows = np.concatenate([single, products, target[part, None]], axis=1) * root[part, None]
        triangle = np.asarray(np.linalg.qr(np.concatenate([triangle, rows]), mode="r"))
    return triangle


def _products(columns: Array, pairs: list[tuple[int, int]]) -> Array:
    """The products of pairs of columns, float64[k, pairs]."""
    products = np.empty((len(columns), len(pairs)))
    for i, (a, b) in enumerate(pairs):
        np.multiply(columns[:, a], columns[:, b], out=products[:, i])
    return products


def _fit(triangle: Array, size: int) -> tuple[Array, float]:
    """Minimum-norm coefficients of the first ``size`` columns, and the variance they explain."""
    columns = triangle[:, :size]
    beta = np.linalg.lstsq(columns, triangle[:, -1], rcond=1e-10)[0]
    return np.asarray(beta, np.float64), float(((columns @ beta) ** 2).sum())
