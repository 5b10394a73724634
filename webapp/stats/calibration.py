"""Calibration: does a score of s mean that a share s of the outcomes is positive?"""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot, sqrt
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from webapp.stats import shares, verdicts
from webapp.stats.counts import Counts
from webapp.stats.metrics import EPSILON
from webapp.stats.rates import Z95, Interval

Array = NDArray[np.float64]
LevelVerdict = Literal["too low", "too high", "calibrated", "unknown"]

BINS = 10
_DRAWS = 400  # simulations for the interval of the calibration error


@dataclass(frozen=True)
class ReliabilityBin:
    """Events whose scores lie in one tenth of the scale."""

    n: int
    score: float  # their mean
    rate: float  # share of positives


def reliability(scores: Array, counts: Counts, bins: int = BINS) -> list[ReliabilityBin]:
    """The bins of equal width that have events, from the lowest scores to the highest."""
    n, positives, total = _sum_bins(scores, counts, bins)
    return [
        ReliabilityBin(int(n[i]), float(total[i] / n[i]), float(positives[i] / n[i]))
        for i in np.flatnonzero(n)
    ]


def _sum_bins(scores: Array, counts: Counts, bins: int) -> tuple[Array, Array, Array]:
    """Events, positives and the sum of scores by bin: float64[bins] each."""
    place = np.minimum((scores * bins).astype(np.int64), bins - 1)
    sums = (counts.n, counts.positives, counts.n * scores)
    rows = [np.bincount(place, weights=w, minlength=bins).astype(np.float64) for w in sums]
    return rows[0], rows[1], rows[2]


def ece(scores: Array, counts: Counts, bins: int = BINS, seed: int = 0) -> Interval:
    """Expected calibration error over bins of equal width (Naeini et al. 2015); n must not be 0.

    Noise alone makes it positive. So the interval begins at 0 where perfectly calibrated scores
    would often show as large an error; else it surrounds the size without that of noise, which adds
    about in quadrature. It covers a little more than 95 %.
    """
    n, positives, total = _sum_used_bins(scores, counts, bins)
    share = n / n.sum()
    value = float(np.abs(positives - total).sum() / n.sum())
    rate = (positives + 0.5) / (n + 1)
    half = Z95 * sqrt(float((share**2 * rate * (1 - rate) / n).sum()))
    rng = np.random.default_rng(seed)
    truth = np.clip(total / n, 0.0, 1.0)  # if the scores were calibrated
    noise = rng.binomial(n.astype(np.int64), truth, size=(_DRAWS, len(n))) / n - truth
    by_chance = np.abs(noise) @ share
    size = sqrt(max(0.0, value**2 - float((by_chance**2).mean())))
    low = 0.0 if value <= np.quantile(by_chance, 0.975) else max(0.0, size - half)
    return Interval(value, low, value + half)


def _sum_used_bins(scores: Array, counts: Counts, bins: int) -> Any:
    """The same of the bins that have events."""
    n, positives, total = _sum_bins(scores, counts, bins)
    return n[n > 0], positives[n > 0], total[n > 0]


@dataclass(frozen=True)
class Level:
    """The mean score of labelled events, the observed rate, the difference, and the verdict.

    ``gap`` is rate − mean score. Its interval also has the noise of the rows that the scores were
    fitted on.
    """

    mean_score: float
    rate: Interval
    gap: Interval
    verdict: LevelVerdict


def judge_level(scores: Array, baseline: Counts, window: Counts, margin: float) -> Level | None:
    """Is as much positive as scores float64[k] say? None without labelled events in the window.

    Fitted scores are right on average in the rows that they were fitted on, whatever rate chance
    gave those: a difference that this alone explains is no error of calibration. So the rate of
    the baseline counts as a sample, too. ``calibrated`` only where the difference is below the
    margin for sure; ``unknown`` with fewer outcomes than any verdict needs.
    """
    if not window.total:
        return None
    mean_score, rate = float(window.n @ scores / window.total), _share(window)
    before = _share(baseline) if baseline.total else Interval(rate.value, rate.value, rate.value)
    low = hypot(rate.value - rate.low, before.high - before.value)
    high = hypot(rate.high - rate.value, before.value - before.low)
    value = rate.value - mean_score
    gap = Interval(value, value - low, value + high)
    verdict: LevelVerdict = "unknown"
    if verdicts.find_shortage(window.total, int(window.positives.sum())) is None:
        verdict = _judge_gap(gap, margin)
    return Level(mean_score, rate, gap, verdict)


def _judge_gap(gap: Interval, margin: float) -> LevelVerdict:
    if gap.low > 0:
        return "too low"
    if gap.high < 0:
        return "too high"
    return "calibrated" if -margin < gap.low and gap.high < margin else "unknown"


def _share(counts: Counts) -> Interval:
    return shares.measure(int(counts.positives.sum()), counts.total)


@dataclass(frozen=True)
class Line:
    """Logistic regression of the label on the score's log odds (Cox 1958).

    Calibrated scores have slope 1 and intercept 0.
    """

    slope: Interval
    intercept: Interval


def fit(scores: Array, counts: Counts) -> Line | None:
    """Maximum likelihood with Wald's intervals; None where the likelihood has no single maximum."""
    occurs = counts.n > 0
    p = np.clip(scores[occurs], EPSILON, 1 - EPSILON)
    x = np.stack([np.ones(p.size), np.log(p / (1 - p))], axis=1)
    n, positives = counts.n[occurs], counts.positives[occurs]
    if not _has_maximum(x[:, 1], n, positives):
        return None
    maximum = _find_maximum(x, n, positives)
    if maximum is None:
        return None
    beta, information = maximum
    half = Z95 * np.sqrt(np.diag(np.linalg.inv(information)))
    intercept, slope = (
        Interval(float(b), float(b - h), float(b + h)) for b, h in zip(beta, half, strict=True)
    )
    return Line(slope=slope, intercept=intercept)


def _has_maximum(x: Array, n: NDArray[Any], positives: NDArray[Any]) -> bool:
    """True if the scores of positives and negatives overlap (Albert and Anderson 1984)."""
    ones, zeros = x[positives > 0], x[positives < n]
    if not ones.size or not zeros.size:
        return False
    return bool(ones.min() < zeros.max() and zeros.min() < ones.max())


def _find_maximum(x: Array, n: NDArray[Any], positives: NDArray[Any]) -> tuple[Array, Array] | None:
    """Newton's method from calibrated scores, halving steps that lower the likelihood.

    Returns the coefficients float64[2] and their information float64[2, 2]; None if it fails.
    """
    beta: Any = np.array([0.0, 1.0])
    level = -np.inf
    step: Any = np.zeros(2)
    for _ in range(100):
        eta = x @ (beta + step)
        now = float((positives * eta - n * np.logaddexp(0, eta)).sum())
        if now < level - 1e-9 * abs(level):
            step = step / 2
            continue
        beta, level = beta + step, now
        q = 1 / (1 + np.exp(-eta))
        information = (x * (n * q * (1 - q))[:, None]).T @ x
        if np.linalg.cond(information) > 1e12:
            return None
        step = np.linalg.solve(information, x.T @ (positives - n * q))
        if np.abs(step).max() < 1e-10:
            return beta, information
    return None
