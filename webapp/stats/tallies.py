"""Sums over rows of counts, which come in blocks: their size is that of the answer.

Rows are int64[r, 4]: period, case, label (−1 where unknown), number of events.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from webapp.cases import Features
from webapp.stats import performance
from webapp.stats.counts import Counts
from webapp.stats.drift import Window
from webapp.stats.influence import HEAVY, reach
from webapp.stats.performance import loss_cells
from webapp.stats.rates import Interval

Array = NDArray[np.float64]
Whole = NDArray[np.int64]
Spans = Sequence[tuple[int, int]]  # of time in ms, [since, until)


def sum_by(place: Whole, n: NDArray[np.number], size: int) -> Array:
    """The sum of ``n`` at each place: float64[size], exact up to 2**53 events."""
    return np.bincount(place, weights=n, minlength=size).astype(np.float64)


class WindowTally:
    """The counts of the periods that begin in [since, until), by case."""

    def __init__(self, cases: int, since: int, until: int) -> None:
        self._since, self._until = since, until
        self._by_label = np.zeros((3, cases), np.int64)  # unknown, 0, 1

    def add(self, rows: Whole) -> None:
        """Count the rows whose period is inside."""
        size = self._by_label.shape[1]
        rows = rows[(rows[:, 0] >= self._since) & (rows[:, 0] < self._until)]
        if len(rows):
            sums = sum_by((rows[:, 2] + 1) * size + rows[:, 1], rows[:, 3], 3 * size)
            self._by_label += sums.astype(np.int64).reshape(3, size)

    def window(self) -> Window:
        """The counts so far."""
        unknown, negatives, positives = self._by_label
        outcomes = Counts(negatives + positives, positives.copy())
        return Window(unknown + outcomes.n, outcomes)


@dataclass(frozen=True)
class PeriodSums:
    """Sums over the events of each period, one entry per period: all that charts of time need."""

    begins: Whole  # ms since 1970
    n: Whole
    labelled: Whole
    positives: Whole
    has: Whole  # int64[t, d]: events with each input
    loss: Array  # float64[t, 4]: of labelled events, its square, expected of all events, its spread
    heavy: Array  # float64[t, 2]: labelled events that cost over HEAVY nats, or could have
    lake: Whole  # int64[t, 2]: of n and of labelled, what was counted in a lake

    def part(self, since: int, until: int) -> PeriodSums:
        """The periods that begin in [since, until)."""
        inside = (self.begins >= since) & (self.begins < until)
        return PeriodSums(*(part[inside] for part in vars(self).values()))

    def group_periods(self, size: int) -> PeriodSums:
        """The sums of periods ``size`` times as long; the first may be shorter."""
        starts = group_starts(len(self.begins), size)
        begins, *sums = vars(self).values()
        return PeriodSums(begins[starts], *(np.add.reduceat(part, starts, axis=0) for part in sums))


def group_starts(periods: int, size: int) -> Whole:
    """Where groups of ``size`` periods begin; the last one is whole, the first may be shorter."""
    return np.unique(np.arange(periods - size, -size, -size)[::-1].clip(min=0))


class PeriodTally:
    """The sums of the periods from ``since`` to before ``until``, each ``length`` ms long.

    ``scores`` float64[k] are those whose losses are summed.
    """

    def __init__(
        self, features: Features, scores: Array, since: int, until: int, length: int
    ) -> None:
        begins = np.arange(since - since % length, until, length)
        self._length, self._until, self._matrix = length, until, features.matrix()
        t, d = len(begins), len(features.names)
        n, with_label, positives = np.zeros((3, t), np.int64)
        has, lake = np.zeros((t, d), np.int64), np.zeros((t, 2), np.int64)
        loss, heavy = np.zeros((t, 4)), np.zeros((t, 2))
        self._sums = PeriodSums(begins, n, with_label, positives, has, loss, heavy, lake)
        losses, p = loss_cells(scores), scores
        self._by_label = losses[:, 0], losses[:, 1]
        self._can_be_heavy = losses.max(axis=1) > HEAVY
        self._expected = (1 - p) * losses[:, 0] + p * losses[:, 1]
        self._spread = p * (1 - p) * (losses[:, 1] - losses[:, 0]) ** 2

    def add(self, rows: Whole, from_lake: NDArray[np.bool_]) -> None:
        """Add rows; ``from_lake`` bool[r] is true for those that were counted in a lake."""
        sums = self._sums
        inside = (rows[:, 0] >= sums.begins[0]) & (rows[:, 0] < self._until)
        rows, from_lake = rows[inside], from_lake[inside]
        place, (_, case, label, n) = (rows[:, 0] - sums.begins[0]) // self._length, rows.T
        has_label = label >= 0
        sums.n[:] += self._count(place, n)
        sums.labelled[:] += self._count(place[has_label], n[has_label])
        sums.positives[:] += self._count(place[label == 1], n[label == 1])
        if from_lake.any():
            for i, some in enumerate((from_lake, from_lake & has_label)):
                sums.lake[:, i] += self._count(place[some], n[some])
        for i in range(sums.has.shape[1]):
            with_input = self._matrix[case, i] > 0
            sums.has[:, i] += self._count(place[with_input], n[with_input])
        self._add_losses(place, case, label, n)

    def _count(self, place: Whole, n: Whole) -> Whole:
        return sum_by(place, n, len(self._sums.begins)).astype(np.int64)

    def _add_losses(self, place: Whole, case: Whole, label: Whole, n: Whole) -> None:
        size = len(self._sums.begins)
        for i, losses in enumerate(self._by_label):
            at, each, of = place[label == i], losses[case[label == i]], n[label == i]
            self._sums.loss[:, 0] += sum_by(at, of * each, size)
            self._sums.loss[:, 1] += sum_by(at, of * each**2, size)
            can_be = self._can_be_heavy[case[label == i]]
            self._sums.heavy[:, 0] += sum_by(at, of * (each > HEAVY), size)
            self._sums.heavy[:, 1] += sum_by(at, of * can_be, size)
        self._sums.loss[:, 2] += sum_by(place, n * self._expected[case], size)
        self._sums.loss[:, 3] += sum_by(place, n * self._spread[case], size)

    def sums(self) -> PeriodSums:
        """The sums so far."""
        return self._sums


class LossTally:
    """The log loss of several versions in each period. Periods must come in order.

    ``begins`` are the periods', and the last one ends at ``until``.
    """

    def __init__(self, scores: Sequence[Array], begins: Whole, until: int) -> None:
        self._scores, self._begins, self._until = scores, begins, until
        self._apart = [reach(loss_cells(each)) for each in scores]
        self._now = 0  # the place of the period that is being summed
        self._sums = np.zeros((2, len(scores[0])))  # outcomes 0 and 1 by case
        self._losses: list[list[Interval | None]] = [[None] * len(begins) for _ in scores]

    def add(self, rows: Whole) -> None:
        """Add rows; none may be of an earlier period than the rows before."""
        inside = (rows[:, 0] >= self._begins[0]) & (rows[:, 0] < self._until) & (rows[:, 2] >= 0)
        rows = rows[inside]
        place = np.searchsorted(self._begins, rows[:, 0], side="right") - 1
        order = np.argsort(place, kind="stable")
        rows, place = rows[order], place[order]
        size, edges = self._sums.shape[1], np.flatnonzero(np.diff(place, prepend=-1))
        for begin, end in pairwise([*edges.tolist(), len(place)]):
            self._go_to(int(place[begin]))
            _, case, label, n = rows[begin:end].T
            self._sums += sum_by(label * size + case, n, 2 * size).reshape(2, size)

    def losses(self) -> list[list[Interval | None]]:
        """All log losses, as [version][period]; None without outcomes. Ends the sums."""
        self._go_to(len(self._begins))
        return self._losses

    def _go_to(self, place: int) -> None:
        """Evaluate the period that is being summed, if ``place`` is a later one."""
        if place == self._now:
            return
        negatives, positives = self._sums.astype(np.int64)
        occurs = np.flatnonzero(negatives + positives)
        if len(occurs):
            counts = Counts((negatives + positives)[occurs], positives[occurs])
            for own, scores, apart in zip(self._losses, self._scores, self._apart, strict=True):
                own[self._now] = performance.loss_interval(scores[occurs], counts, apart)
            self._sums[:] = 0
        self._now = place
