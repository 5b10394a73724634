"""Where and why two versions disagree: by training support, by feature, by pair of features."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from webapp.cases import Features
from webapp.stats import verdicts
from webapp.stats.counts import Counts
from webapp.stats.influence import Estimate, cells, mean
from webapp.stats.performance import loss_cells
from webapp.stats.rates import Interval, adjust, two_sided_p
from webapp.stats.verdicts import Choice

Array = NDArray[np.float64]
LEVEL = 0.05  # of false discoveries among the segments
_EDGE = 1e-6  # scores are kept this far from 0 and 1 before their log odds are taken


@dataclass(frozen=True)
class Support:
    """Mean absolute difference of two versions' scores, by whether their training saw the case."""

    mean: float
    seen: float | None  # in cases that the training of both has; None without such events
    unseen: float | None
    unseen_share: float  # of events


def support(
    reference: Array,
    challenger: Array,
    events: NDArray[np.int64],
    seen: NDArray[np.bool_],
) -> Support | None:
    """Weighted by traffic; None without events. ``seen[k]``: both trainings have the case."""
    if not events.sum():
        return None
    away = np.abs(challenger - reference)

    def level(chosen: NDArray[np.bool_]) -> float | None:
        n = events[chosen].sum()
        return float(events[chosen] @ away[chosen] / n) if n else None

    every = float(events @ away / events.sum())
    share = float(events[~seen].sum() / events.sum())
    return Support(every, level(seen), level(~seen), share)


@dataclass(frozen=True)
class Segment:
    """Events that have a feature: the difference of log loss, challenger minus reference."""

    name: str
    n: int
    difference: Interval | None  # None with fewer than two labelled events
    p_adjusted: float | None
    verdict: Choice


def segments(
    features: Features, reference: Array, challenger: Array, labelled: Counts
) -> list[Segment]:
    """One a feature. ``better`` and ``worse`` need the adjusted p (Benjamini–Hochberg), too."""
    difference, events = loss_cells(challenger) - loss_cells(reference), cells(labelled)
    has = features.matrix().astype(bool)
    found = [_among(difference[chosen], events[chosen]) for chosen in has.T]
    known = [i for i, estimate in enumerate(found) if estimate is not None]
    p = np.full(len(found), np.nan)
    p[known] = adjust(np.array([_p(found[i]) for i in known]))
    return [
        _segment(name, int(labelled.n[chosen].sum()), estimate, float(p[i]))
        for i, (name, chosen, estimate) in enumerate(zip(features.names, has.T, found, strict=True))
    ]


def _among(difference: Array, events: Array) -> Estimate | None:
    return mean(difference, events) if events.sum() > 1 else None


def _p(estimate: Estimate | None) -> float:
    assert estimate is not None
    if estimate.variance <= 0:
        return 1.0 if estimate.value == 0 else 0.0
    return float(two_sided_p(np.array([estimate.value / estimate.variance**0.5]))[0])


def _segment(name: str, n: int, estimate: Estimate | None, p: float) -> Segment:
    if estimate is None:
        return Segment(name, n, None, None, "not enough evidence")
    interval = estimate.interval()
    found = verdicts.choose(interval, verdicts.MARGINS["log_loss"], lower_is_better=True)
    if found in ("better", "worse") and p > LEVEL:
        found = "not enough evidence"
    return Segment(name, n, interval, p, found)


@dataclass(frozen=True)
class Effect:
    """What a feature, or two together, add to the difference of the log odds."""

    names: tuple[str, ...]
    value: float


@dataclass(frozen=True)
class Effects:
    """The difference of two versions' log odds, as a sum over features and pairs of them.

    ``alone`` and ``with_pairs`` are the shares of its variance over the traffic that features alone
    explain, and features with all pairs; None where the two versions differ by a constant.
    """

    effects: tuple[Effect, ...]  # features in their order, then pairs, the largest first
    alone: float | None
    with_pairs: float | None


def effects(
    features: Features, reference: Array, challenger: Array, events: NDArray[np.int64]
) -> Effects | None:
    """Weighted least squares over all cases, exact: weights are the traffic. None without events.

    Features enter as differences from their mean, so that a feature's own effect is that at the
    average of the others. Columns that never vary have no effect.
    """
    if not events.sum():
        return None
    weights = events / events.sum()
    has = features.matrix().astype(np.float64)
    has = has - weights @ has
    pairs = list(combinations(range(len(features.names)), 2))
    products = np.stack([has[:, a] * has[:, b] for a, b in pairs], axis=1) if pairs else has[:, :0]
    products = products - weights @ products
    difference = _log_odds(challenger) - _log_odds(reference)
    difference = difference - weights @ difference
    spread = float(weights @ difference**2)
    _, alone = _fit(has, difference, weights)
    values, together = _fit(np.concatenate([has, products], axis=1), difference, weights)
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


def _fit(columns: Array, target: Array, weights: Array) -> tuple[Array, float]:
    """Coefficients, the smallest where several do, and how much of the variance they explain."""
    root = np.sqrt(weights)
    beta = np.linalg.lstsq(columns * root[:, None], target * root, rcond=1e-10)[0]
    return np.asarray(beta, np.float64), float(weights @ (columns @ beta) ** 2)
