"""Decisions at a threshold: which events are picked, what that is worth, which decisions flip."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil, comb
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from webapp.stats.counts import Counts
from webapp.stats.influence import cells, mean
from webapp.stats.lazy_sequence import LazySequence
from webapp.stats.rates import Interval, wilson

Array = NDArray[np.float64]
_DRAWS = 199
_NUMBERS = 1 << 19  # drawn at once: 4 MB
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
    return best_thresholds([scores], counts, gain, cost, seed)[0]


def best_thresholds(
    tables: Sequence[Array], counts: Counts, gain: float, cost: float, seed: int = 0
) -> list[Best]:
    """The best threshold of each score table, as ``best_threshold`` finds it, by the same draws."""
    occurring = np.flatnonzero(counts.n)  # of 65,536 cases most may never occur
    events = Counts(counts.n[occurring], counts.positives[occurring])
    rankings = [_Ranking(scores[occurring], events, gain, cost) for scores in tables]
    for noise in _noise(events, gain, cost, seed):
        for ranking in rankings:
            ranking.add(noise)
    best = []
    for ranking, scores in zip(rankings, tables, strict=True):
        interval = ranking.interval(float(np.nextafter(scores.max(), 2.0)))
        worth = value(scores[occurring], events, interval.value, gain, cost)
        best.append(Best(interval, worth))
    return best


class _Ranking:
    """The thresholds of one score table, their worth, and how far behind chance alone puts each.

    A threshold is a candidate if it is behind the best one by at most the 95 % point of its draws.
    Of these only that is kept which decides it: how many reach as far, and the two next to it.
    """

    def __init__(self, scores: Array, counts: Counts, gain: float, cost: float) -> None:
        self._order = np.argsort(-scores, kind="stable")
        self._steps = np.flatnonzero(np.diff(scores[self._order], append=-np.inf))  # of each score
        self._scores, self._total = scores[self._order][self._steps], counts.total
        worth = (gain * counts.positives - cost * counts.n)[self._order]
        totals = np.concatenate([[0.0], np.cumsum(worth)[self._steps]]) / self._total
        self._top, self._behind = int(totals.argmax()), totals.max() - totals - 1e-12
        self._reaching = np.zeros(len(totals), np.int64)
        self._above, self._below = np.full((2, len(totals)), [[np.inf], [-np.inf]])

    def add(self, noise: Array) -> None:
        """Add draws, float64[draws, k] by case."""
        paths = np.zeros((len(noise), len(self._behind)))
        paths[:, 1:] = np.cumsum(noise[:, self._order], axis=1)[:, self._steps] / self._total
        reach = np.subtract(paths.max(axis=1, keepdims=True), paths, out=paths)
        reaches = reach >= self._behind
        self._reaching += reaches.sum(axis=0)
        above, below = np.where(reaches, reach, np.inf), np.where(reaches, -np.inf, reach)
        np.minimum(self._above, above.min(axis=0), out=self._above)
        np.maximum(self._below, below.max(axis=0), out=self._below)

    def interval(self, above_all: float) -> Interval:
        """The best threshold with all candidates; ``above_all`` is the one that picks no event."""
        place = 0.95 * (_DRAWS - 1)  # of the 95 % point, between two draws
        least = _DRAWS - ceil(place)  # draws from the upper one of the two on
        is_candidate, edge = self._reaching > least, self._reaching == least
        above, below = self._above[edge], self._below[edge]
        is_candidate[edge] = below + (place % 1) * (above - below) >= self._behind[edge]
        thresholds = np.concatenate([[above_all], self._scores])
        candidates = thresholds[is_candidate]
        return Interval(
            float(thresholds[self._top]), float(candidates.min()), float(candidates.max())
        )


def _noise(counts: Counts, gain: float, cost: float, seed: int) -> Iterator[Array]:
    """Deviations of each case's worth from its mean in multinomial samples: float64[draws, k].

    They come a few draws at a time.
    """
    events = cells(counts).ravel()
    rng, each = np.random.default_rng(seed), np.array([-cost, gain - cost])
    at_once = max(1, _NUMBERS // len(events))
    for begin in range(0, _DRAWS, at_once):
        draws = rng.standard_normal((min(at_once, _DRAWS - begin), len(events)))
        draws *= np.sqrt(events)
        draws -= events / events.sum() * draws.sum(axis=1, keepdims=True)
        yield np.asarray(draws.reshape(len(draws), -1, 2) @ each)


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


class FlippedCases(LazySequence[FlippedCase]):
    """The cases with events whose decisions flip, the most frequent first, made when asked for.

    There may be 65,536 of them, of which few are ever looked at.
    """

    def __init__(
        self,
        tables: tuple[Array, Array],
        events: NDArray[np.int64],
        outcomes: Counts,
        threshold: float,
    ) -> None:
        before, after = (scores >= threshold for scores in tables)
        cases = np.flatnonzero((before != after) & (events > 0))
        super().__init__(cases[np.argsort(-events[cases], kind="stable")])
        self._tables, self._all_events = tables, events
        self._outcomes, self._threshold = outcomes, threshold

    @property
    def events(self) -> int:
        """The events of all of them."""
        return int(self._all_events[self._order].sum())

    def _item(self, case: int) -> FlippedCase:
        outcomes, threshold = self._outcomes, self._threshold
        n, positives = int(outcomes.n[case]), int(outcomes.positives[case])
        reference, challenger = (float(scores[case]) for scores in self._tables)
        right: Literal["reference", "challenger", "cannot tell"] = "cannot tell"
        outcome_side = side(positives, n, threshold)
        if outcome_side:
            agrees = (challenger >= threshold) == (outcome_side > 0)
            right = "challenger" if agrees else "reference"
        rate = wilson(positives, n) if n else None
        return FlippedCase(case, int(self._all_events[case]), reference, challenger, n, rate, right)


@dataclass(frozen=True)
class Flips:
    """Events whose decision flips between two versions, as shares of all events."""

    threshold: float
    share: Interval
    gained: Interval  # picked by the challenger alone
    lost: Interval  # picked by the reference alone
    cases: Sequence[FlippedCase]  # that have events, the most frequent first
    events: int  # of all these cases


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
    cases = FlippedCases((reference, challenger), events, outcomes, threshold)
    return Flips(threshold, shares[0], shares[1], shares[2], cases, cases.events)


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
