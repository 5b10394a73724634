"""Drift of what comes in: each feature by itself, and the scores that follow from all of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from webapp.cases import Features
from webapp.stats import divergence, rates, verdicts
from webapp.stats.influence import mean
from webapp.stats.rates import Interval
from webapp.stats.verdicts import Verdict

Array = NDArray[np.float64]

SCORE_BINS = 10


@dataclass(frozen=True)
class Feature:
    """One feature: shares of events that have it, their difference, and how sure that is.

    ``detectable`` is the smallest shift that these numbers of events find with 80 % power; None
    when they find none.
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
    """Every feature, in its order; neither side may be empty."""
    has, n, m = features.matrix().astype(np.int64), int(window.sum()), int(baseline.sum())
    before, now = baseline @ has, window @ has
    size, other = np.full(len(now), n), np.full(len(now), m)
    differences = np.stack(rates.newcombe(before, other, now, size), axis=1)
    p = rates.chi_square_p(before, m, now, n)
    bins = (np.stack([other - before, before], axis=1), np.stack([size - now, now], axis=1))
    psi, js = divergence.psi(*bins), divergence.jensen_shannon(*bins)
    found = rates.detectable(before / m, m, n)
    adjusted = rates.adjust(p)
    made = []
    for i, name in enumerate(features.names):
        difference = Interval(*map(float, differences[i]))
        made.append(
            Feature(
                name,
                rates.wilson(int(before[i]), m),
                rates.wilson(int(now[i]), n),
                difference,
                float(p[i]),
                float(adjusted[i]),
                float(psi[i]),
                float(js[i]),
                None if np.isnan(found[i]) else float(found[i]),
                verdicts.drift(difference, margin),
                _constant(name, int(before[i]), m, int(now[i]), n),
            )
        )
    return tuple(made)


def _constant(name: str, before: int, m: int, now: int, n: int) -> str | None:
    if (before, now) == (0, 0):
        return f"nobody has {name}, before or now"
    if (before, now) == (m, n):
        return f"everybody has {name}, before and now"
    if before in (0, m):
        return f"{'nobody' if before == 0 else 'everybody'} had {name} before"
    return None


def score_drift(
    scores: Array, baseline: NDArray[np.int64], window: NDArray[np.int64], margin: float
) -> Scores:
    """Neither side may be empty."""
    before, now = mean(scores, baseline), mean(scores, window)
    difference = (now - before).interval()
    place = _deciles(scores, baseline)
    bins = int(place.max()) + 1
    counts = [np.bincount(place, weights=side, minlength=bins) for side in (baseline, window)]
    ks = divergence.kolmogorov_smirnov(scores, baseline, window)
    return Scores(
        before.interval(),
        now.interval(),
        difference,
        float(divergence.psi(*counts)),
        divergence.psi_by_chance(bins, int(window.sum()), int(baseline.sum())),
        bins,
        ks.value,
        ks.p,
        verdicts.drift(difference, margin),
    )


def _deciles(scores: Array, baseline: NDArray[np.int64]) -> NDArray[np.int64]:
    """The tenth of the baseline that each case's score lies in; fewer where scores are equal."""
    order = np.argsort(scores, kind="stable")
    reached = np.cumsum(baseline[order]) / baseline.sum()
    at = np.searchsorted(reached, np.arange(1, SCORE_BINS) / SCORE_BINS)
    edges = np.unique(scores[order][at])
    used = np.searchsorted(edges, scores, side="left")
    return np.unique(used, return_inverse=True)[1]
