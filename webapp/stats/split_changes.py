"""The change of outcomes within cases, and which cases it can be told for.

A case with enough events on both sides says for itself how its outcomes changed and how sure that
is. Rarer ones do the first only: how far their outcomes vary is taken from cases with similar
scores. A case that no longer occurs is taken to have changed as those did, by their common change
of the rate (Mantel and Haenszel's, which compares within cases as well), if these are a third of
the group or more. Else it can't be told, and neither can cases unseen in the baseline.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from webapp.stats.counts import Counts

Array = NDArray[np.float64]
Whole = NDArray[np.int64]
Mask = NDArray[np.bool_]

UNSEEN, GONE = 0, 1  # groups of cases whose change can't be told; then bins, then single cases
BINS = 5  # of the score, for cases that aren't alone
_ENOUGH = 1 / 3  # the share of a bin that speaks for the rest of it


@dataclass(frozen=True)
class Changes:
    """By case, float64[k]: ``change`` of the rate of positives, as variances assume it.

    ``effect`` is behaviour's effect on the mean, and ``weight`` float64[2, k] its derivative by the
    rate of each side, without the sign. ``level`` is the change of the case's mean value, as
    variances assume it. ``rate`` float64[2, k] says how far outcomes vary on each side.
    ``allowance`` is for the cases that can't be told.
    """

    group: Whole
    level: Array
    change: Array
    weight: Array
    effect: Array
    rate: Array
    allowance: float


def compare_cases(
    values: Array, scores: Array, baseline: Counts, window: Counts, alone: int
) -> Changes:
    """The changes of the mean of ``values`` float64[2, k, 2] within cases, before and now.

    ``alone`` is the number of events on both sides that makes a case a group of its own.
    """
    n = np.stack([baseline.n, window.n])
    positives = np.stack([baseline.positives, window.positives])
    difference = np.subtract(*(positives / np.maximum(n, 1))[::-1])
    slope, share = values[:, :, 1] - values[:, :, 0], (n / n.sum(axis=1)[:, None]).sum(axis=0) / 2
    moves = values[1] - values[0]  # what the same outcome is worth now, less what it was
    offset = moves[:, 0] + (moves[:, 1] - moves[:, 0]) * positives[0] / np.maximum(n[0], 1)
    least = np.minimum(*n)
    on_both, is_alone = least > 0, least >= alone
    bins = _bins(scores, np.where(is_alone | (n[0] == 0), 0, n.sum(axis=0)))
    some = on_both & ~is_alone
    like_others = _gone_cases_told(bins, some, n, share)
    is_told = on_both | like_others
    pull, change = _common_change(bins, some, n, difference)
    weight = np.where(on_both, share * slope, 0.0)
    for side in (0, 1):
        weight[side] += pull * _sums(bins, np.where(like_others, share * slope[side], 0.0))[bins]
    untold = share * np.abs(slope[1]) * _likely_change(bins, on_both, n, difference)
    change = np.where(is_alone, difference, np.where(is_told, change, 0.0))
    return Changes(
        group=_groups(bins, is_alone, n, is_told),
        level=slope[1] * change + np.where(is_told, offset, 0.0),
        change=change,
        weight=weight,
        effect=weight[1] * difference + np.where(is_told, share * offset, 0.0),
        rate=_rates(scores, bins, n, positives, is_alone),
        allowance=float(untold[~is_told].sum()),
    )


def _gone_cases_told(bins: Whole, some: Mask, n: Whole, share: Array) -> Mask:
    """The cases that no longer occur, where enough of their bin do to speak for them."""
    is_gone = (n[0] > 0) & (n[1] == 0)
    tells = _sums(bins, share * some) >= _ENOUGH * _sums(bins, share * (some | is_gone))
    return np.asarray(is_gone & tells[bins])


def _sums(bins: Whole, by_case: NDArray[Any]) -> Array:
    return np.bincount(bins, weights=by_case, minlength=BINS).astype(np.float64)


def _bins(scores: Array, weight: Whole) -> Whole:
    """Each case's bin by score, int64[k], so that bins have about the same weight."""
    values, rank = np.unique(scores, return_inverse=True)
    size = np.bincount(rank, weights=weight, minlength=len(values))
    place = (np.cumsum(size) - size / 2) / max(size.sum(), 1)  # from 0 to 1
    return np.asarray(np.minimum((place * BINS).astype(np.int64), BINS - 1)[rank])


def _groups(bins: Whole, is_alone: Mask, n: Whole, is_told: Mask) -> Whole:
    """Each case's group, int64[k]; cases with events on neither side are in the bins."""
    group = GONE + 1 + bins
    group[~is_told & (n[1] > 0)] = UNSEEN
    group[~is_told & (n[0] > 0)] = GONE
    group[is_alone] = GONE + 1 + BINS + np.arange(int(is_alone.sum()))
    return group


def _common_change(bins: Whole, some: Mask, n: Whole, difference: Array) -> tuple[Array, Array]:
    """Each case's pull on the common change of its bin, and that change: float64[k] each."""
    pull = np.where(some, n[0] * n[1] / np.maximum(n.sum(axis=0), 1), 0.0)
    all_pulls = _sums(bins, pull)
    pull = pull / np.where(all_pulls > 0, all_pulls, 1)[bins]
    return pull, _sums(bins, pull * difference)[bins]


def _likely_change(bins: Whole, on_both: Mask, n: Whole, difference: Array) -> Array:
    """How much the rate of cases may have changed that can't be told, float64[k].

    As much as that of similar cases, or of all where none is similar; by anything if none is on
    both sides.
    """
    if not on_both.any():
        return np.ones(len(bins))
    _, similar = _common_change(bins, on_both, n, difference)
    _, overall = _common_change(np.zeros_like(bins), on_both, n, difference)
    return np.abs(np.where(_sums(bins, on_both)[bins] > 0, similar, overall))


def _rates(scores: Array, bins: Whole, n: Whole, positives: Whole, is_alone: Mask) -> Array:
    """The rates of positives that say how far outcomes vary, float64[2, k].

    Of a case alone its own; of others their scores, moved to the rate of the bin. That hides how
    cases of a bin differ, which makes variances larger, not smaller.
    """
    own = (positives + 0.5) / (n + 1)
    similar = []
    for events, ones in zip(
        np.where(is_alone, 0, n), np.where(is_alone, 0, positives), strict=True
    ):
        size = _sums(bins, events)
        least = (0.5 / (size + 1))[bins]  # never certain
        likely = scores + (_sums(bins, ones - events * scores) / np.maximum(size, 1))[bins]
        similar.append(np.clip(likely, least, 1 - least))
    return np.where(is_alone, own, np.stack(similar))
