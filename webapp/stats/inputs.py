"""Drift of each input, and of the scores that follow from all of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from webapp.cases import Features
from webapp.stats import divergence, rates, shares, verdicts
from webapp.stats.bounded import bounded_mean
from webapp.stats.influence import Estimate, half_event, mean
from webapp.stats.rates import Interval
from webapp.stats.verdicts import Verdict

Array = NDArray[np.float64]

SCORE_BINS = 10
LEVEL = 0.05  # of all inputs together


@dataclass(frozen=True, kw_only=True)
class Feature:
    """One input: the shares of events in which it is 1, their difference, and how sure that is.

    ``detectable`` is the smallest shift that samples of this size detect with 80 % power; None
    when they detect none.
    """

    name: str
    baseline: Interval
    window: Interval
    difference: Interval
    p: float
    p_adjusted: float
    psi: float
    js: float
    detectable: float | None
    verdict: Verdict
    statement: str | None = None


@dataclass(frozen=True)
class Scores:
    """The distribution of scores: means, their difference, PSI by deciles of the baseline, KS."""

    baseline: Interval
    window: Interval
    difference: Interval
    psi: float
    psi_by_chance: float
    bins: int
    ks: float
    ks_p: float
    verdict: Verdict


def feature_rows(
    features: Features, baseline: NDArray[np.int64], window: NDArray[np.int64], margin: float
) -> tuple[Feature, ...]:
    """The drift of every input, in the model's order, from events by case int64[k].

    ``margin`` is a share. Neither side may be empty. An input has drifted only if its p-value,
    adjusted for their number, says so as well: of windows without drift 5 % show one that has.
    """
    has, n, m = features.matrix().astype(np.int64), int(window.sum()), int(baseline.sum())
    before, now = baseline @ has, window @ has
    size, other = np.full(len(now), n), np.full(len(now), m)
    sides = shares.measure_all(before, other), shares.measure_all(now, size)
    old, new, differences = (_intervals(part) for part in (*sides, shares.subtract(*sides)))
    p = rates.chi_square_p(before, m, now, n)
    p_adjusted = rates.adjust(p)
    bins = (np.stack([other - before, before], axis=1), np.stack([size - now, now], axis=1))
    psi, js = divergence.psi(*bins), divergence.jensen_shannon(*bins)
    detectable = rates.detectable(before / m, m, n)
    rows = []
    for i, name in enumerate(features.names):
        verdict = verdicts.drift(differences[i], margin, min(n, m))
        if verdict == "drifted" and p_adjusted[i] > LEVEL:
            verdict = "cannot tell"
        row = Feature(
            name=name,
            baseline=old[i],
            window=new[i],
            difference=differences[i],
            p=float(p[i]),
            p_adjusted=float(p_adjusted[i]),
            psi=float(psi[i]),
            js=float(js[i]),
            detectable=None if np.isnan(detectable[i]) else float(detectable[i]),
            verdict=verdict,
            statement=_describe_constant(name, int(before[i]), m, int(now[i]), n),
        )
        rows.append(row)
    return tuple(rows)


def _intervals(parts: tuple[Array, ...]) -> list[Interval]:
    return [Interval(*map(float, row)) for row in np.stack(parts, axis=1)]


def _describe_constant(name: str, before: int, m: int, now: int, n: int) -> str | None:
    """A statement about an input that never varied in the baseline; None if it did."""
    if (before, now) == (0, 0):
        return f"no event has {name}, before or now"
    if (before, now) == (m, n):
        return f"every event has {name}, before and now"
    if before in (0, m):
        return f"{'no' if before == 0 else 'every'} event had {name} before"
    return None


def score_drift(
    scores: Array, baseline: NDArray[np.int64], window: NDArray[np.int64], margin: float
) -> Scores:
    """The drift of scores float64[k], from events by case int64[k]; neither side may be empty."""
    before, now, difference = compare_means(scores, baseline, window)
    n, m = int(window.sum()), int(baseline.sum())
    place = _deciles(scores, baseline)
    bins = int(place.max()) + 1
    counts = [np.bincount(place, weights=side, minlength=bins) for side in (baseline, window)]
    ks = divergence.kolmogorov_smirnov(scores, baseline, window)
    return Scores(
        baseline=before,
        window=now,
        difference=difference,
        psi=float(divergence.psi(*counts)),
        psi_by_chance=divergence.psi_by_chance(bins, n, m),
        bins=bins,
        ks=ks.value,
        ks_p=ks.p,
        verdict=verdicts.drift(difference, margin, min(n, m)),
    )


def compare_means(
    scores: Array, baseline: NDArray[np.int64], window: NDArray[np.int64]
) -> tuple[Interval, Interval, Interval]:
    """The mean score of events int64[k] before and now, and the difference."""
    before, now = _mean_score(scores, baseline), _mean_score(scores, window)
    both = ((side.value, side.low, side.high) for side in (before, now))
    return before, now, Interval(*map(float, rates.square_and_add(*both)))


def _mean_score(scores: Array, events: NDArray[np.int64]) -> Interval:
    """The mean score of events: with fewer than any verdict on shares needs, an exact interval."""
    n = int(events.sum())
    plain = mean(scores, events)
    if n < verdicts.FEWEST:
        return bounded_mean(plain.value, n, float(scores.min()), float(scores.max()))
    extra = half_event(scores[events > 0], n)
    return Estimate(plain.value, plain.variance + extra).interval()


def _deciles(scores: Array, baseline: NDArray[np.int64]) -> NDArray[np.int64]:
    """Each case's decile of the baseline's scores, int64[k]; fewer than ten where scores tie."""
    order = np.argsort(scores, kind="stable")
    shares = np.cumsum(baseline[order]) / baseline.sum()
    at = np.searchsorted(shares, np.arange(1, SCORE_BINS) / SCORE_BINS)
    edges = np.unique(scores[order][at])
    bins = np.searchsorted(edges, scores, side="left")
    return np.unique(bins, return_inverse=True)[1]
