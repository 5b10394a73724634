"""Traffic over time: each statistic for all periods at once, as arrays over periods."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from webapp.cases import Features
from webapp.stats import rates
from webapp.stats.counts import Counts
from webapp.stats.drift import Window
from webapp.stats.performance import loss_cells
from webapp.stats.rates import Z95
from webapp.stats.verdicts import FEWEST

Array = NDArray[np.float64]
Whole = NDArray[np.int64]

TRAILING = 7  # days behind a day's verdict
NO_VERDICT, STABLE, CANNOT_TELL, DRIFTED = range(4)


@dataclass(frozen=True)
class Traffic:
    """Counts of periods by case; ``events``, ``labelled``, ``positives`` int64[t, k]."""

    begins: Whole  # ms since 1970
    events: Whole
    labelled: Whole
    positives: Whole

    @classmethod
    def of(cls, rows: Whole, begins: Whole, length: int, cases: int) -> Traffic:
        """Traffic from rows (period, case, label, n) int64[rows, 4]; label −1 where unknown."""
        place = (rows[:, 0] - begins[0]) // length if len(begins) else rows[:, 0]
        flat = (place * cases + rows[:, 1]) * 3 + rows[:, 2] + 1
        size = len(begins) * cases * 3
        # Sums of floats are exact up to 2**53 events.
        cube = np.bincount(flat, weights=rows[:, 3], minlength=size).astype(np.int64)
        cube = cube.reshape(len(begins), cases, 3)
        with_label = cube[:, :, 1] + cube[:, :, 2]
        return cls(begins, cube[:, :, 0] + with_label, with_label, cube[:, :, 2])

    def part(self, since: int, until: int) -> Traffic:
        """The periods that begin in [since, until)."""
        inside = (self.begins >= since) & (self.begins < until)
        return Traffic(
            *(a[inside] for a in (self.begins, self.events, self.labelled, self.positives))
        )

    def group_periods(self, size: int) -> Traffic:
        """The traffic in periods ``size`` times as long; the first may be shorter."""
        starts = np.arange(len(self.begins) - size, -size, -size)[::-1].clip(min=0)
        starts = np.unique(starts)
        sums = (
            np.add.reduceat(a, starts, axis=0) for a in (self.events, self.labelled, self.positives)
        )
        return Traffic(self.begins[starts], *sums)

    def window(self) -> Window:
        """The sum over all periods."""
        labelled_counts = Counts(self.labelled.sum(axis=0), self.positives.sum(axis=0))
        return Window(self.events.sum(axis=0), labelled_counts)


@dataclass(frozen=True)
class Series:
    """One entry per period; nan where there is no data. Intervals are of 95 %."""

    begins: Whole
    n: Whole
    labelled: Whole
    rates: tuple[Array, Array, Array]  # float64[t, d]: shares of the inputs, low, high
    loss: tuple[Array, Array, Array]  # of labelled events
    guessing: Array
    skill: Array
    estimated: tuple[Array, Array, Array]  # loss of all events, if the scores are calibrated


def series(features: Features, scores: Array, traffic: Traffic) -> Series:
    """All statistics of every period, for scores float64[k]."""
    n, outcomes = traffic.events.sum(axis=1), traffic.labelled.sum(axis=1)
    has = traffic.events @ features.matrix().astype(np.int64)
    losses = loss_cells(scores)
    loss = _means(losses, traffic)
    guessing = _entropy(traffic.positives.sum(axis=1), outcomes)
    with np.errstate(divide="ignore", invalid="ignore"):
        skill = np.where(guessing > 0, 1 - loss[0] / guessing, np.nan)
    return Series(
        begins=traffic.begins,
        n=n,
        labelled=outcomes,
        rates=rates.wilson_arrays(  # type: ignore[arg-type]
            has, np.broadcast_to(n[:, None], has.shape)
        ),
        loss=loss,
        guessing=guessing,
        skill=skill,
        estimated=_estimate(scores, losses, traffic.events, n),
    )


def _means(losses: Array, traffic: Traffic) -> tuple[Array, Array, Array]:
    """Mean loss of labelled events by period, low, high."""
    negatives, n = traffic.labelled - traffic.positives, traffic.labelled.sum(axis=1)
    total = negatives @ losses[:, 0] + traffic.positives @ losses[:, 1]
    squares = negatives @ losses[:, 0] ** 2 + traffic.positives @ losses[:, 1] ** 2
    some = np.where(n > 0, n, 1)
    mean = total / some
    variance = np.maximum(squares / some - mean**2, 0) / np.maximum(n - 1, 1)
    return _band(mean, variance, n)


def _estimate(scores: Array, losses: Array, events: Whole, n: Whole) -> tuple[Array, Array, Array]:
    """Mean loss of all events by period if the scores are calibrated, low, high."""
    some = np.where(n > 0, n, 1)
    mean = events @ ((1 - scores) * losses[:, 0] + scores * losses[:, 1]) / some
    spread = events @ (scores * (1 - scores) * (losses[:, 1] - losses[:, 0]) ** 2)
    return _band(mean, spread / some**2, n)


def _band(mean: Array, variance: Array, n: Whole) -> tuple[Array, Array, Array]:
    """A mean loss, which is never negative, with the ends of its interval; nan where n is 0."""
    half = Z95 * np.sqrt(variance)
    parts = (mean, np.maximum(mean - half, 0.0), mean + half)
    return tuple(np.where(n > 0, part, np.nan) for part in parts)  # type: ignore[return-value]


def _entropy(positives: Whole, n: Whole) -> Array:
    """Log loss of predicting the base rate by period; nan where n is 0."""
    rate = positives / np.where(n > 0, n, 1)
    inside = np.clip(rate, 1e-300, 1 - 1e-16)
    guess = -(inside * np.log(inside) + (1 - inside) * np.log1p(-inside))
    return np.where(n > 0, np.where((rate > 0) & (rate < 1), guess, 0.0), np.nan)


def trailing_verdicts(
    features: Features, baseline: Whole, daily: Traffic, margin: float, back: int = TRAILING
) -> NDArray[np.int8]:
    """The verdict on each input at the end of each day, over the last ``back`` days: int8[t, d]."""
    has = features.matrix().astype(np.int64)
    sums = _trailing(daily.events @ has, back), _trailing(daily.events.sum(axis=1), back)
    n = np.broadcast_to(sums[1][:, None], sums[0].shape)
    before = np.broadcast_to(baseline @ has, sums[0].shape)
    size = np.full(sums[0].shape, baseline.sum())
    _, low, high = rates.newcombe(before, size, sums[0], n)
    verdicts = np.full(sums[0].shape, CANNOT_TELL, np.int8)
    verdicts[(low > -margin) & (high < margin)] = STABLE
    verdicts[(low > margin) | (high < -margin)] = DRIFTED
    verdicts[np.minimum(n, size) < FEWEST] = CANNOT_TELL
    verdicts[n == 0] = NO_VERDICT
    return verdicts


def _trailing(values: Whole, back: int) -> Whole:
    """Sums over the last ``back`` periods, along the first axis."""
    total = np.cumsum(values, axis=0)
    total[back:] = total[back:] - total[:-back].copy()
    return total


def drifted_since(verdicts: NDArray[np.int8], begins: Whole) -> list[int | None]:
    """The first day of the run of drift that lasts until the end, by input; None without one.

    Days without traffic neither end a run nor begin one.
    """
    starts: list[int | None] = []
    for column in verdicts.T:
        since = None
        for begin, verdict in zip(begins[::-1], column[::-1], strict=True):
            if verdict == DRIFTED:
                since = int(begin)
            elif verdict != NO_VERDICT:
                break
        starts.append(since)
    return starts
