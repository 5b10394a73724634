"""Why a mean changed: the mix of cases (population) and their outcomes (behaviour).

With shares W and B of a group in the window and in the baseline, and its mean values w and b,

    Σ W w − Σ B b  =  Σ (W − B) ((w + b) / 2 − c)  +  Σ (W + B) / 2 · (w − b)

exactly, for any c, since shares sum to 1 (Kitagawa 1955). c is the mean of both means, so that a
group that grew does harm only if it does worse than the mean. A case with enough events on both
sides is a group of its own; the others are grouped by score; cases without events in the baseline
are a group apart, because their earlier outcomes are unknown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from webapp.stats.counts import Counts
from webapp.stats.influence import Estimate, cells, mean, variance
from webapp.stats.rates import Z95, Interval

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Kind = Literal["case", "others", "unseen"]

ALONE = 30  # events on both sides for a group of its own
BINS = 5  # of the score, for the others


@dataclass(frozen=True)
class Part:
    """A group of cases: its shares, means and effects on the change.

    ``kind``: a case of its own, others with similar scores, or cases unseen in the baseline.
    ``case`` is None if the group has several.
    """

    kind: Kind
    case: int | None
    cases: int
    baseline_share: float
    window_share: float
    baseline_mean: float | None
    window_mean: float | None
    population: float
    behaviour: Interval


@dataclass(frozen=True)
class Split:
    """Parts of a change: ``population`` + ``behaviour`` = ``total``.

    The population's part is that of cases with events in the baseline, ``seen``, plus that of the
    others, ``unseen``.
    """

    before: Interval
    after: Interval
    total: Interval
    population: Interval
    seen: Interval
    unseen: Interval
    behaviour: Interval
    parts: tuple[Part, ...]


def split(
    values: Array, scores: Array, baseline: Counts, window: Counts, alone: int = ALONE
) -> Split | None:
    """Split the change of the mean of ``values`` float64[k, 2], by case and label.

    ``scores`` float64[k] group the cases; ``alone`` is the number of events on both sides that
    makes a case a group of its own. None if one side has no events.
    """
    if not baseline.total or not window.total:
        return None
    group = _groups(scores, baseline, window, alone)
    before, after = _Side(values, group, baseline), _Side(values, group, window)
    total = after.mean - before.mean
    middle = (after.mean.value + before.mean.value) / 2
    on_both = (before.n > 0) & (after.n > 0)
    unseen = (before.n == 0) & (after.n > 0)
    grew = after.share - before.share
    levels = (
        np.where(on_both, (after.level + before.level) / 2, before.level + after.level) - middle
    )
    behaviour = (after.share + before.share) / 2 * _change(before, after, on_both)
    effects = {
        "population": _population(before, after, unseen | ~unseen, on_both, grew, levels),
        "seen": _population(before, after, ~unseen, on_both, grew, levels),
        "unseen": _population(before, after, unseen, on_both, grew, levels),
        "behaviour": _behaviour(before, after, on_both, behaviour),
    }
    sizes = {name: estimate.interval() for name, estimate in effects.items()}
    parts = _parts(group, before, after, grew * levels, behaviour)
    ends = before.mean.interval(), after.mean.interval()
    return Split(*ends, total.interval(), **sizes, parts=parts)


def _groups(scores: Array, baseline: Counts, window: Counts, enough: int) -> NDArray[np.int64]:
    """Each case's group, int64[k]: 0 unseen in the baseline, then bins by score, then single cases.

    Cases with events on neither side are in the bins.
    """
    alone = (baseline.n >= enough) & (window.n >= enough)
    unseen = (baseline.n == 0) & (window.n > 0)
    rest = ~alone & ~unseen
    weight = np.where(rest, baseline.n + window.n, 0)
    order = np.argsort(scores, kind="stable")
    place = np.empty(len(scores))  # by score, from 0 to 1
    place[order] = (np.cumsum(weight[order]) - weight[order] / 2) / max(weight.sum(), 1)
    bins = np.minimum((place * BINS).astype(np.int64), BINS - 1)
    group = np.where(unseen, 0, 1 + bins)
    group[alone] = 1 + BINS + np.arange(int(alone.sum()))
    return group


class _Side:
    """One sample by groups: events ``n``, ``share`` and mean ``level`` of each, and the mean."""

    def __init__(self, values: Array, group: NDArray[np.int64], counts: Counts) -> None:
        self.group, self.values, self.events = group, values, cells(counts)
        size = int(group.max()) + 1
        self.n = np.bincount(group, weights=counts.n, minlength=size)
        sums = np.bincount(group, weights=(self.events * values).sum(axis=1), minlength=size)
        self.share = self.n / counts.total
        self.level = sums / np.maximum(self.n, 1)
        self.mean = mean(values, self.events)

    def variance(self, of_share: Array, of_level: Array) -> float:
        """Variance of a statistic from its derivatives by the groups' shares and means.

        An event adds to its group's share, and moves its group's mean by its distance to it.
        """
        moves = np.where(self.n > 0, of_level / np.where(self.n > 0, self.share, 1), 0.0)
        away = self.values - self.level[self.group][:, None]
        influence = of_share[self.group][:, None] + moves[self.group][:, None] * away
        return variance(influence, self.events)

    def own_variance(self, of_share: Array, of_level: Array) -> Array:
        """Variances of statistics of one group each, for all groups at once."""
        n = float(self.events.sum())
        away = (self.events * (self.values - self.level[self.group][:, None]) ** 2).sum(axis=1)
        within = np.bincount(self.group, weights=away, minlength=len(self.n))
        moves = np.where(self.n > 0, of_level / np.where(self.n > 0, self.share, 1), 0.0)
        squares = self.n * of_share**2 + moves**2 * within
        return np.asarray((squares - n * (of_share * self.share) ** 2) / (n * max(n - 1, 1.0)))


def _population(
    before: _Side, after: _Side, groups: Mask, on_both: Mask, grew: Array, levels: Array
) -> Estimate:
    """The population's part of some groups; c, the mean of both means, varies as well."""
    value = float((grew * levels)[groups].sum())
    shift = -float(grew[groups].sum()) / 2  # by each of the two means
    weight = np.where(groups, grew * np.where(on_both, 0.5, 1.0), 0.0)
    total = 0.0
    for side, sign in ((before, -1.0), (after, 1.0)):
        of_share = np.where(groups, sign * levels, 0.0) + shift * side.level
        total += side.variance(of_share, weight + shift * side.share)
    return Estimate(value, total)


def _change(before: _Side, after: _Side, on_both: Mask) -> Array:
    """Change of each group's mean; 0 where it is rounding error alone, or one side is empty."""
    is_equal = np.isclose(after.level, before.level, rtol=1e-12, atol=0.0)
    return np.where(on_both & ~is_equal, after.level - before.level, 0.0)


def _behaviour(before: _Side, after: _Side, on_both: Mask, parts: Array) -> Estimate:
    """Behaviour's part of the change, the sum of the groups' ``parts``."""
    change = _change(before, after, on_both) / 2
    weight = np.where(on_both, (after.share + before.share) / 2, 0.0)
    spread = before.variance(change, -weight) + after.variance(change, weight)
    return Estimate(float(parts.sum()), spread)


def _parts(
    group: NDArray[np.int64], before: _Side, after: _Side, population: Array, behaviour: Array
) -> tuple[Part, ...]:
    """The groups that have events, the largest effect first."""
    occurs = (before.events + after.events).sum(axis=1) > 0
    cases = np.bincount(group[occurs], minlength=len(before.n))
    last = np.zeros(len(before.n), np.int64)
    last[group[occurs]] = np.flatnonzero(occurs)
    half = Z95 * np.sqrt(np.maximum(_spread(before, after), 0.0))
    parts = [
        Part(
            kind="unseen" if g == 0 else "others" if g <= BINS else "case",
            case=int(last[g]) if cases[g] == 1 else None,
            cases=int(cases[g]),
            baseline_share=float(before.share[g]),
            window_share=float(after.share[g]),
            baseline_mean=float(before.level[g]) if before.n[g] else None,
            window_mean=float(after.level[g]) if after.n[g] else None,
            population=float(population[g]),
            behaviour=_around(float(behaviour[g]), float(half[g])),
        )
        for g in np.flatnonzero(before.n + after.n)
    ]
    parts.sort(key=lambda part: -abs(part.population) - abs(part.behaviour.value))
    return tuple(parts)


def _around(value: float, half: float) -> Interval:
    """The interval of a value, given half its width."""
    return Interval(value, value - half, value + half)


def _spread(before: _Side, after: _Side) -> Array:
    """The variance of each group's behaviour alone."""
    on_both = (before.n > 0) & (after.n > 0)
    change = _change(before, after, on_both) / 2
    weight = np.where(on_both, (after.share + before.share) / 2, 0.0)
    return before.own_variance(change, weight) + after.own_variance(change, weight)
