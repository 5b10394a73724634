"""Why a mean changed: the mix of cases (population) and their outcomes (behaviour).

With shares W and B of a case in the window and in the baseline, and its mean values w and b,

    Σ W w − Σ B b  =  Σ (W − B) ((w + b) / 2 − c)  +  Σ (W + B) / 2 · (w − b)

exactly, for any c, since shares sum to 1 (Kitagawa 1955; Cai, Namkoong and Yadlowsky 2023 for what
only one side has). c is the mean of both means, so that a case that grew does harm only if it does
worse than the mean.

Outcomes are compared within a case, never between groups of cases: a group's mean also moves when
other cases of the group come, which is no behaviour. Groups by score serve for what single cases
can't say (``stats.split_changes``): how far outcomes vary, and the change in cases that no longer
occur. Nothing is said of the change in cases that the baseline never saw.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from webapp.stats.counts import Counts
from webapp.stats.influence import Estimate, cells, mean, variance
from webapp.stats.lazy_sequence import LazySequence
from webapp.stats.rates import Z95, Interval
from webapp.stats.split_changes import BINS, GONE, UNSEEN, Changes, compare_cases

Array = NDArray[np.float64]
Kind = Literal["case", "others", "unseen", "gone"]

_Influence = Callable[[int], Array]  # of a side, by case and label: float64[k, 2]
ALONE = 30  # events on both sides for a group of its own


@dataclass(frozen=True)
class Part:
    """A group of cases: its shares, means and effects on the change.

    ``kind``: a case of its own, others with similar scores, cases unseen in the baseline, or cases
    gone from the window; the change of behaviour in the last two can't be told. ``case`` is None if
    the group has several.
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
class Untold:
    """Shares of events in cases whose behaviour can't be told, and what that adds to the interval.

    ``allowance`` is part of the intervals of population and behaviour: as if those cases had
    changed as much as the others, in either direction.
    """

    baseline_share: float
    window_share: float
    allowance: float


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
    untold: Untold
    parts: Parts


def split(
    values: Array,
    scores: Array,
    baseline: Counts,
    window: Counts,
    alone: int = ALONE,
    values_before: Array | None = None,
) -> Split | None:
    """Split the change of the mean of ``values`` float64[k, 2], by case and label.

    ``scores`` float64[k] group the cases; ``alone`` is the number of events on both sides that
    makes a case a group of its own. ``values_before`` are those of the baseline, where the same
    outcome had another value there: in cross-validation other models scored it. None if one side
    has no events.
    """
    if not baseline.total or not window.total:
        return None
    both = np.stack([values if values_before is None else values_before, values])
    sizes = _Sizes(both, compare_cases(both, scores, baseline, window, alone), baseline, window)
    before, after = mean(both[0], cells(baseline)), mean(values, cells(window))
    untold = sizes.untold()
    behaviour, of_unseen = sizes.behaviour(), sizes.unseen()
    population = sizes.population(behaviour.value)
    of_seen = sizes.seen(population.value - of_unseen.value)
    return Split(
        before.interval(),
        after.interval(),
        (after - before).interval(),
        population=_widen(population.interval(), untold.allowance),
        seen=of_seen.interval(),
        unseen=of_unseen.interval(),
        behaviour=_widen(behaviour.interval(), untold.allowance),
        untold=untold,
        parts=Parts(sizes),
    )


def _widen(interval: Interval, allowance: float) -> Interval:
    return Interval(interval.value, interval.low - allowance, interval.high + allowance)


class _Sizes:
    """The parts of a change with their variances, by the influence of each case and label."""

    def __init__(self, values: Array, changes: Changes, baseline: Counts, window: Counts) -> None:
        self.values, self.changes = values, changes
        self.n = np.stack([baseline.n, window.n]).astype(np.float64)
        self.events = np.stack([cells(baseline), cells(window)])
        self.totals = self.n.sum(axis=1)
        self.share = self.n / self.totals[:, None]
        self.sums = (self.events * values).sum(axis=2) / self.totals[:, None]  # values [2, k, 2]
        self.middle = float(self.sums.sum()) / 2  # the mean of both means

    def sum_by_group(self, by_case: Array) -> Array:
        """The sums of float64[k] by group."""
        group = self.changes.group
        sums = np.bincount(group, weights=by_case, minlength=int(group.max()) + 1)
        return sums.astype(np.float64)

    def behaviour(self) -> Estimate:
        """The change of outcomes within cases."""
        variances = self.behaviour_variances(np.zeros(self.values.shape[1], np.int64))
        return Estimate(float(self.changes.effect.sum()), float(variances[0]))

    def population(self, behaviour: float) -> Estimate:
        """The change of the mix: what behaviour leaves of the total."""
        total = float(self.sums[1].sum() - self.sums[0].sum())
        return Estimate(total - behaviour, self._variance(self._of_total, self._of_behaviour))

    def unseen(self) -> Estimate:
        """The part of the mix that is due to cases unseen in the baseline."""
        inside = self.changes.group == UNSEEN
        value = self.sums[1][inside].sum() - self.middle * self.share[1][inside].sum()
        return Estimate(float(value), self._variance(self._of_unseen))

    def seen(self, value: float) -> Estimate:
        """The part of the mix that is due to the others, which is ``value``."""
        of_rest = (self._of_behaviour, self._of_unseen)
        return Estimate(value, self._variance(self._of_total, *of_rest))

    def untold(self) -> Untold:
        """What can't be told of cases that only one side has."""
        group, changes = self.changes.group, self.changes
        inside = (group == UNSEEN) | (group == GONE)
        before, now = (float(share[inside].sum()) for share in self.share)
        return Untold(before, now, changes.allowance)

    def _variance(self, first: _Influence, *others: _Influence) -> float:
        """The variance of one influence less others, over both sides."""
        influences = [first(side) - sum(other(side) for other in others) for side in (0, 1)]
        return sum(variance(*pair) for pair in zip(influences, self.events, strict=True))

    def _of_total(self, side: int) -> Array:
        return np.asarray(self.values[1] if side else -self.values[0])

    def _of_behaviour(self, side: int) -> Array:
        """An event adds to its case's share and moves the rate of its outcomes."""
        changes, sign = self.changes, 1 if side else -1
        n = np.where(self.n[side] > 0, self.n[side], 1)
        moves = sign * changes.weight[side] * self.totals[side] / n
        away = np.array([0.0, 1.0]) - changes.rate[side][:, None]
        return np.asarray((changes.level / 2)[:, None] + moves[:, None] * away)

    def _of_unseen(self, side: int) -> Array:
        inside = self.changes.group == UNSEEN
        share = float(self.share[1][inside].sum())
        values: Array = self.values[side]
        own = np.where(inside[:, None], values - self.middle, 0.0) if side else np.zeros(2)
        return np.asarray(own - values * share / 2)  # the middle moves as well

    def behaviour_variances(self, group: NDArray[np.int64]) -> Array:
        """The variance of behaviour by group: of its cases' shares, and of outcomes within them."""
        changes, size = self.changes, int(group.max()) + 1
        half = changes.level / 2
        total = np.zeros(size)
        sides = zip(self.n, changes.rate, self.totals, changes.weight, strict=True)
        for n, rate, all_events, weight in sides:
            sums = np.bincount(group, weights=n * half, minlength=size)
            squares = np.bincount(group, weights=n * half**2, minlength=size)
            total += (squares - sums**2 / all_events) / (all_events * max(all_events - 1, 1.0))
            within = weight**2 * rate * (1 - rate) / np.where(n > 0, n, 1)
            total += np.bincount(group, weights=within, minlength=size)
        return np.asarray(np.maximum(total, 0.0))


@dataclass(frozen=True)
class Totals:
    """The sums over some parts: of their cases, shares and effects."""

    cases: int
    baseline_share: float
    window_share: float
    population: float
    behaviour: float


class Parts(LazySequence[Part]):
    """The groups that have events, those of the largest effect first; each made when asked for.

    There may be 65,536 of them, of which few are ever looked at.
    """

    def __init__(self, sizes: _Sizes) -> None:
        group, occurs = sizes.changes.group, sizes.n.sum(axis=0) > 0
        self._cases = sizes.sum_by_group(occurs.astype(np.float64))
        self._n = [*map(sizes.sum_by_group, sizes.n)]
        self._last = np.zeros(len(self._cases), np.int64)
        self._last[group[occurs]] = np.flatnonzero(occurs)
        self._share = [*map(sizes.sum_by_group, sizes.share)]
        self._sums = [*map(sizes.sum_by_group, sizes.sums)]
        self._behaviour = sizes.sum_by_group(sizes.changes.effect)
        (before, now), (old, new) = self._share, self._sums
        self._population = new - old - sizes.middle * (now - before) - self._behaviour
        self._half = Z95 * np.sqrt(sizes.behaviour_variances(group))
        groups = np.flatnonzero(self._n[0] + self._n[1])
        size = np.abs(self._population[groups]) + np.abs(self._behaviour[groups])
        super().__init__(groups[np.argsort(-size, kind="stable")])

    def totals(self, begin: int) -> Totals:
        """The sums over all parts from place ``begin`` on."""
        rest = self._order[begin:]
        cases, *sums = (
            float(part[rest].sum())
            for part in (self._cases, *self._share, self._population, self._behaviour)
        )
        return Totals(int(cases), *sums)

    def _item(self, g: int) -> Part:
        cases, sides = int(self._cases[g]), zip(self._sums, self._share, self._n, strict=True)
        before, now = (float(sums[g] / share[g]) if n[g] else None for sums, share, n in sides)
        return Part(
            kind=_kind(g),
            case=int(self._last[g]) if cases == 1 else None,
            cases=cases,
            baseline_share=float(self._share[0][g]),
            window_share=float(self._share[1][g]),
            baseline_mean=before,
            window_mean=now,
            population=float(self._population[g]),
            behaviour=_widen(Interval(*[float(self._behaviour[g])] * 3), float(self._half[g])),
        )


def _kind(group: int) -> Kind:
    if group in (UNSEEN, GONE):
        return "unseen" if group == UNSEEN else "gone"
    return "others" if group <= GONE + BINS else "case"
