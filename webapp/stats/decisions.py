"""Decisions at a threshold: which events are picked, what that is worth, which decisions flip."""

from __future__ import annotations

from dataclasses import dataclass
from math import comb
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from webapp.stats.counts import Counts
from webapp.stats.influence import cells, mean
from webapp.stats.rates import Interval, wilson

Array = NDArray[np.float64]
_DRAWS = 199
FEW = 50  # outcomes below which a share is tested exactly


@dataclass(frozen=True)
class Confusion:
    """Labelled events by decision and label, when those at or above the threshold are picked."""

    threshold: float
    true_positives: int
    false_positives: int
    false_negatives: int
    true_negatives: int

    @property
    def picked(self) -> int:
        """Events with a score of at least the threshold."""
        return self.true_positives + self.false_positives


def confusion(scores: Array, counts: Counts, threshold: float) -> Confusion:
    """Count the outcomes of picking every case whose score is at least the threshold."""
    picks = scores >= threshold
    hits, total = int(counts.positives[picks].sum()), int(counts.n[picks].sum())
    misses = int(counts.positives.sum()) - hits
    return Confusion(threshold, hits, total - hits, misses, counts.total - total - misses)


def value(scores: Array, counts: Counts, threshold: float, gain: float, cost: float) -> Interval:
    """Mean value of an event: ``gain`` for each picked positive, less ``cost`` for each pick."""
    picks = (scores >= threshold)[:, None]
    worth = picks * np.array([-cost, gain - cost])
    return mean(worth, cells(counts)).interval()


@dataclass(frozen=True)
class Best:
    """The threshold with the highest expected value, and that value per event.

    ``threshold`` is above every score where it is best to pick no event.
    """

    threshold: Interval
    value: Interval


def best_threshold(scores: Array, counts: Counts, gain: float, cost: float, seed: int = 0) -> Best:
    """The best threshold, with an interval that covers the true one in at least 95 % of samples.

    The interval spans all thresholds that the best one doesn't beat by more than chance: by the
    95 % point of how far the luckiest of all would be ahead of it if all were worth the same (a
    Gaussian multiplier bootstrap; Chernozhukov, Chetverikov and Kato 2013).
    """
    above_all = np.nextafter(scores.max(), 2.0)
    occurring = np.flatnonzero(counts.n)  # of 65,536 cases most may never occur
    scores, counts = scores[occurring], Counts(counts.n[occurring], counts.positives[occurring])
    order = np.argsort(-scores, kind="stable")
    steps = np.flatnonzero(np.diff(scores[order], append=-np.inf))  # last of each equal score
    thresholds = np.concatenate([[above_all], scores[order][steps]])
    worth = (gain * counts.positives - cost * counts.n)[order]
    totals = np.concatenate([[0.0], np.cumsum(worth)[steps]]) / counts.total
    noise = _noise(counts, gain, cost, seed)[:, order]
    paths = np.cumsum(noise, axis=1)[:, steps] / counts.total
    paths = np.concatenate([np.zeros((len(paths), 1)), paths], axis=1)
    reach = np.quantile(paths.max(axis=1, keepdims=True) - paths, 0.95, axis=0)
    candidates = thresholds[totals.max() - totals <= reach + 1e-12]
    top = float(thresholds[int(totals.argmax())])
    interval = Interval(top, float(candidates.min()), float(candidates.max()))
    return Best(interval, value(scores, counts, top, gain, cost))


def _noise(counts: Counts, gain: float, cost: float, seed: int) -> Array:
    """Deviations of each case's worth from its mean in multinomial samples: float64[draws, k]."""
    events = cells(counts).ravel()
    rng = np.random.default_rng(seed)
    draws = rng.standard_normal((_DRAWS, len(events))) * np.sqrt(events)
    draws -= events / events.sum() * draws.sum(axis=1, keepdims=True)
    each = np.array([-cost, gain - cost])
    return np.asarray((draws.reshape(_DRAWS, -1, 2) * each).sum(axis=2))


@dataclass(frozen=True)
class FlippedCase:
    """A case on which two versions decide differently; ``right`` is whom the outcomes favour."""

    case: int
    events: int
    reference: float  # its scores
    challenger: float
    labelled: int
    rate: Interval | None  # share of positives; None without labels
    right: Literal["reference", "challenger", "cannot tell"]


@dataclass(frozen=True)
class Flips:
    """Events whose decision flips between two versions, as shares of all events."""

    threshold: float
    share: Interval
    gained: Interval  # picked by the challenger alone
    lost: Interval  # picked by the reference alone
    cases: tuple[FlippedCase, ...]  # that have events, the most frequent first


def flips(
    reference: Array,
    challenger: Array,
    events: NDArray[np.int64],
    outcomes: Counts,
    threshold: float,
) -> Flips:
    """The decisions that flip at a threshold. Raises ValueError without events.

    Outcomes favour one of the two versions where the share of positives is clearly on one side of
    the threshold.
    """
    n = int(events.sum())
    before, after = reference >= threshold, challenger >= threshold
    shares = [
        wilson(int(events[mask].sum()), n)
        for mask in (before != after, after & ~before, before & ~after)
    ]
    flip_cases = np.flatnonzero((before != after) & (events > 0))
    by_traffic = flip_cases[np.argsort(-events[flip_cases], kind="stable")]
    rows = tuple(
        _describe_flip(int(case), reference, challenger, events, outcomes, threshold)
        for case in by_traffic
    )
    return Flips(threshold, shares[0], shares[1], shares[2], rows)


def _describe_flip(
    case: int,
    reference: Array,
    challenger: Array,
    events: NDArray[np.int64],
    outcomes: Counts,
    threshold: float,
) -> FlippedCase:
    n, positives = int(outcomes.n[case]), int(outcomes.positives[case])
    rate = wilson(positives, n) if n else None
    right: Literal["reference", "challenger", "cannot tell"] = "cannot tell"
    outcome_side = side(positives, n, threshold)
    if outcome_side:
        agrees = (challenger[case] >= threshold) == (outcome_side > 0)
        right = "challenger" if agrees else "reference"
    scores = float(reference[case]), float(challenger[case])
    return FlippedCase(case, int(events[case]), *scores, n, rate, right)


def side(positives: int, n: int, threshold: float) -> int:
    """1 if the share of positives is clearly above the threshold, -1 if below, 0 if unclear.

    Each side at the 2.5 % level: by the exact binomial test for few outcomes, where Wilson's
    interval is too short (one positive of one would clear 20 %), and by that interval for more.
    """
    if threshold >= 1:
        return 0 if positives == n else -1
    if n >= FEW:
        rate = wilson(positives, n)
        return int(rate.low > threshold) - int(rate.high < threshold)
    chances = [comb(n, k) * threshold**k * (1 - threshold) ** (n - k) for k in range(n + 1)]
    return int(sum(chances[positives:]) <= 0.025) - int(sum(chances[: positives + 1]) <= 0.025)
