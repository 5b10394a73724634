"""Traffic over time: each statistic for all periods at once, as arrays over periods."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from webapp.cases import Features
from webapp.stats import influence, rates
from webapp.stats.performance import loss_cells
from webapp.stats.rates import Z95
from webapp.stats.tallies import PeriodSums
from webapp.stats.verdicts import FEWEST

Array = NDArray[np.float64]
Whole = NDArray[np.int64]

_MATURE = 0.6  # of the usual share of known outcomes, from which a period counts as known
TRAILING = 7  # days behind a day's verdict
NO_VERDICT, STABLE, CANNOT_TELL, DRIFTED = range(4)


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

    def immature(self) -> int:
        """The number of periods at the end whose outcomes are still coming in.

        Those are the last ones with far fewer of their outcomes known than is usual here; the few
        that come first are no fair sample of them.
        """
        share = self.labelled / np.maximum(self.n, 1)
        occurs = self.n > 0
        usual = float(np.median(share[occurs])) if occurs.any() else 0.0
        late = ~occurs | (share < _MATURE * usual)
        count = int(np.argmin(late[::-1])) if not late.all() else 0
        return count if usual else 0


def series(traffic: PeriodSums, scores: Array) -> Series:
    """All statistics of every period, of the scores float64[k] that its losses are of."""
    n, outcomes, losses = traffic.n, traffic.labelled, loss_cells(scores)
    loss = _means(traffic, losses)
    guessing = _entropy(traffic.positives, outcomes)
    with np.errstate(divide="ignore", invalid="ignore"):
        skill = np.where(guessing > 0, 1 - loss[0] / guessing, np.nan)
    return Series(
        begins=traffic.begins,
        n=n,
        labelled=outcomes,
        rates=rates.wilson_arrays(  # type: ignore[arg-type]
            traffic.has, np.broadcast_to(n[:, None], traffic.has.shape)
        ),
        loss=loss,
        guessing=guessing,
        skill=skill,
        estimated=_estimate(traffic, influence.reach(losses)),
    )


def _means(traffic: PeriodSums, losses: Array) -> tuple[Array, Array, Array]:
    """Mean loss of labelled events by period, low, high: as ``influence.mean_loss``.

    A day has few events, most cases don't occur in it, and its variance may be 0. So half an event
    may lie anywhere in the score table, which holds 95 % from the first event on.
    """
    n, (total, squares, _, _) = traffic.labelled, traffic.loss.T
    some = np.where(n > 0, n, 1)
    mean, (heavy, could_be_heavy) = total / some, traffic.heavy.T
    variance = np.maximum(squares / some - mean**2, 0) / np.maximum(n - 1, 1)
    apart = np.where(could_be_heavy > 0, np.ptp(losses), influence.reach(losses))
    tail = np.where(could_be_heavy > 0, influence.unseen(heavy) * losses.max() ** 2, 0.0)
    return _band(mean, variance + ((apart / 2) ** 2 + tail) / some**2, n)


def _estimate(traffic: PeriodSums, apart: float) -> tuple[Array, Array, Array]:
    """Mean loss of all events by period if the scores are calibrated, low, high."""
    n, (_, _, total, spread) = traffic.n, traffic.loss.T
    some = np.where(n > 0, n, 1)
    return _band(total / some, (spread + (apart / 2) ** 2) / some**2, n)


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
    features: Features, baseline: Whole, daily: PeriodSums, margin: float, back: int = TRAILING
) -> NDArray[np.int8]:
    """The verdict on each input at the end of each day, over the last ``back`` days: int8[t, d]."""
    has = features.matrix().astype(np.int64)
    sums = _trailing(daily.has, back), _trailing(daily.n, back)
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
