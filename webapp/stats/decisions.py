"""Decisions at a threshold: who is picked, what that is worth, who changes side."""

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
    """Labelled events by decision and label."""

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
    """Of picking every case whose score is at least the threshold."""
    chosen = scores >= threshold
    found, picked = int(counts.positives[chosen].sum()), int(counts.n[chosen].sum())
    missed = int(counts.positives.sum()) - found
    return Confusion(threshold, found, picked - found, missed, counts.total - picked - missed)


def value(scores: Array, counts: Counts, threshold: float, gain: float, cost: float) -> Interval:
    """An event's worth: ``gain`` for a positive that is picked, less ``cost`` for any pick."""
    chosen = (scores >= threshold)[:, None]
    worth = chosen * np.array([-cost, gain - cost])
    return mean(worth, cells(counts)).interval()


@dataclass(frozen=True)
class Best:
    """The threshold of the highest expected value, and that value an event.

    ``threshold`` is above every score where picking nobody is best.
    """

    threshold: Interval
    value: Interval


def best(scores: Array, counts: Counts, gain: float, cost: float, seed: int = 0) -> Best:
    """The best threshold with an interval that holds the truly best in at least 95 of 100 samples.

    All thresholds are kept that the best one doesn't beat by more than chance: by the 95 % point of
    how far the luckiest of all would be ahead of it, if all were worth the same (a Gaussian
    multiplier bootstrap; Chernozhukov, Chetverikov and Kato 2013).
    """
    nobody = np.nextafter(scores.max(), 2.0)
    there = np.flatnonzero(counts.n)  # of 65,536 cases most may never occur
    scores, counts = scores[there], Counts(counts.n[there], counts.positives[there])
    order = np.argsort(-scores, kind="stable")
    steps = np.flatnonzero(np.diff(scores[order], append=-np.inf))  # last of each equal score
    thresholds = np.concatenate([[nobody], scores[order][steps]])
    worth = (gain * counts.positives - cost * counts.n)[order]
    totals = np.concatenate([[0.0], np.cumsum(worth)[steps]]) / counts.total
    noise = _noise(counts, gain, cost, seed)[:, order]
    paths = np.cumsum(noise, axis=1)[:, steps] / counts.total
    paths = np.concatenate([np.zeros((len(paths), 1)), paths], axis=1)
    reach = np.quantile(paths.max(axis=1, keepdims=True) - paths, 0.95, axis=0)
    kept = thresholds[totals.max() - totals <= reach + 1e-12]
    top = float(thresholds[int(totals.argmax())])
    held = Interval(top, float(kept.min()), float(kept.max()))
    return Best(held, value(scores, counts, top, gain, cost))


def _noise(counts: Counts, gain: float, cost: float, seed: int) -> Array:
    """Draws of how far each case's worth is from its mean, as in a multinomial sample."""
    events = cells(counts).ravel()
    rng = np.random.default_rng(seed)
    drawn = rng.standard_normal((_DRAWS, len(events))) * np.sqrt(events)
    drawn -= events / events.sum() * drawn.sum(axis=1, keepdims=True)
    each = np.array([-cost, gain - cost])
    return np.asarray((drawn.reshape(_DRAWS, -1, 2) * each).sum(axis=2))


@dataclass(frozen=True)
class FlippedCase:
    """A case on which two versions decide differently."""

    case: int
    events: int
    reference: float  # its scores
    challenger: float
    labelled: int
    rate: Interval | None  # share of positives; None without labels
    right: Literal["reference", "challenger", "cannot tell"]


@dataclass(frozen=True)
class Flips:
    """Events that change side: ``share`` of all; picked only by one of the two."""

    threshold: float
    share: Interval
    gained: Interval  # picked by the challenger alone
    lost: Interval  # picked by the reference alone
    cases: tuple[FlippedCase, ...]  # that have events, the most frequent first


def flips(
    reference: Array,
    challenger: Array,
    events: NDArray[np.int64],
    labelled: Counts,
    threshold: float,
) -> Flips | None:
    """Who changes side at a threshold; None without events.

    Outcomes say who is right where their share is surely on one side of the threshold.
    """
    n = int(events.sum())
    if not n:
        return None
    before, after = reference >= threshold, challenger >= threshold
    shares = [
        wilson(int(events[chosen].sum()), n)
        for chosen in (before != after, after & ~before, before & ~after)
    ]
    changed = np.flatnonzero((before != after) & (events > 0))
    ranked = changed[np.argsort(-events[changed], kind="stable")]
    found = tuple(
        _flipped(int(case), reference, challenger, events, labelled, threshold) for case in ranked
    )
    return Flips(threshold, shares[0], shares[1], shares[2], found)


def _flipped(
    case: int,
    reference: Array,
    challenger: Array,
    events: NDArray[np.int64],
    labelled: Counts,
    threshold: float,
) -> FlippedCase:
    n, positives = int(labelled.n[case]), int(labelled.positives[case])
    rate = wilson(positives, n) if n else None
    right: Literal["reference", "challenger", "cannot tell"] = "cannot tell"
    known = side(positives, n, threshold)
    if known:
        right = "challenger" if (challenger[case] >= threshold) == (known > 0) else "reference"
    scores = float(reference[case]), float(challenger[case])
    return FlippedCase(case, int(events[case]), *scores, n, rate, right)


def side(positives: int, n: int, threshold: float) -> int:
    """1 where the share of positives is surely above the threshold, -1 below, 0 if neither.

    Each at 2.5 %: by the exact binomial test for few outcomes, where Wilson's interval is too
    short (one positive of one would clear 20 %), and by that interval for more.
    """
    if threshold >= 1:
        return 0 if positives == n else -1
    if n >= FEW:
        rate = wilson(positives, n)
        return int(rate.low > threshold) - int(rate.high < threshold)
    chances = [comb(n, k) * threshold**k * (1 - threshold) ** (n - k) for k in range(n + 1)]
    return int(sum(chances[positives:]) <= 0.025) - int(sum(chances[: positives + 1]) <= 0.025)
