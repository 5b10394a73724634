"""Disagreement of two versions: by training support, by feature and by pair of features."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from webapp.cases import Features
from webapp.stats.counts import Counts
from webapp.stats.influence import Estimate, cells, mean_loss
from webapp.stats.metric_specs import LOG_LOSS
from webapp.stats.performance import loss_cells
from webapp.stats.rates import Interval, adjust, two_sided_p
from webapp.stats.verdicts import Choice

Array = NDArray[np.float64]
LEVEL = 0.05  # of false discoveries among the segments
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

    ``margin`` is the smallest difference that matters at the base rate of these events.
    """

    name: str
    n: int
    margin: float
    difference: Interval | None  # None with fewer than two labelled events
    p_adjusted: float | None
    verdict: Choice


def segments(
    features: Features, reference: Array, challenger: Array, outcomes: Counts
) -> list[Segment]:
    """One segment per feature.

    ``better`` and ``worse`` need an adjusted p-value (Benjamini–Hochberg) below ``LEVEL``, too.
    """
    difference, events = loss_cells(challenger) - loss_cells(reference), cells(outcomes)
    has = features.matrix().astype(bool)
    estimates = {
        i: mean_loss(difference[cases], events[cases])
        for i, cases in enumerate(has.T)
        if events[cases].sum() > 1
    }
    p = adjust(np.array([_p_value(estimate) for estimate in estimates.values()]))
    p_by_feature = dict(zip(estimates, p.tolist(), strict=True))
    return [
        _segment(name, _choose(outcomes, cases), estimates.get(i), p_by_feature.get(i))
        for i, (name, cases) in enumerate(zip(features.names, has.T, strict=True))
    ]


def _p_value(estimate: Estimate) -> float:
    if estimate.variance <= 0:
        return 1.0 if estimate.value == 0 else 0.0
    return float(two_sided_p(np.array([estimate.value / estimate.variance**0.5]))[0])


def _choose(outcomes: Counts, cases: NDArray[np.bool_]) -> Counts:
    return Counts(outcomes.n[cases], outcomes.positives[cases])


def _segment(name: str, counts: Counts, estimate: Estimate | None, p: float | None) -> Segment:
    n, margin = counts.total, LOG_LOSS.margin(counts.base_rate)
    if estimate is None or p is None:
        return Segment(name, n, margin, None, None, "not enough evidence")
    interval = estimate.interval()
    verdict = LOG_LOSS.judge(interval, counts)
    if verdict in ("better", "worse") and p > LEVEL:
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
