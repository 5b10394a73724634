"""The newest events, held out of a fit so that its model can be judged on them."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

from webapp.stats.counts import Counts
from webapp.stats.verdicts import FEWEST_OF_EACH, FEWEST_OUTCOMES
from webapp.training.policy.past import Past, sum_counts

_LARGEST_SHARE = 4  # one in so many events since the last change
_SPARE = 1.5  # by which the rarer label may fall short
_MOST = 10**9  # events from which numpy draws without replacement


@dataclass(frozen=True)
class HoldoutSplit:
    """Blocks to fit on, and the newest events, which are held out of them."""

    rest: tuple[Counts, ...]
    held_out: Counts


def hold_out(past: Past, wanted_events: int, seed: int) -> HoldoutSplit:
    """Hold out the newest events: as many as wanted, or a quarter of those since the last change.

    Where few are wanted and one label is rare, as many as the gate needs are held out, within that
    quarter. From the block in which they end, events are drawn at random, as nothing says which of
    a block are newer. There must be at least one block.
    """
    blocks = past.blocks
    assert blocks, "there is nothing to hold out of"
    since = sum_counts(blocks[past.since :])
    missing = min(max(wanted_events, _needed_events(since)), since.total // _LARGEST_SHARE)
    rest = list(blocks)
    parts = [Counts(0 * blocks[0].n, 0 * blocks[0].positives)]
    while missing > 0:
        newest = rest.pop()
        part = newest if newest.total <= missing else draw_events(newest, missing, seed)
        parts.append(part)
        missing -= part.total
        remainder = Counts(newest.n - part.n, newest.positives - part.positives)
        if remainder.total:
            rest.append(remainder)
    return HoldoutSplit(tuple(rest), sum_counts(parts))


def _needed_events(counts: Counts) -> int:
    """The events on which the gate can tell anything, at the share of the rarer label."""
    positives = int(counts.positives.sum())
    rarer = min(positives, counts.total - positives)
    if not rarer:
        return FEWEST_OUTCOMES
    return max(FEWEST_OUTCOMES, ceil(_SPARE * FEWEST_OF_EACH * counts.total / rarer))


def draw_events(block: Counts, n: int, seed: int) -> Counts:
    """Draw ``n`` of a block's events at random, each with the same probability."""
    cells = np.stack([block.n - block.positives, block.positives], axis=1)
    rng, flat = np.random.default_rng(seed), cells.ravel()
    if flat.sum() < _MOST:
        sample = rng.multivariate_hypergeometric(flat, n, method="marginals")
    else:  # with so many, drawing with and without replacement is the same
        sample = np.minimum(flat, rng.multinomial(n, flat / flat.sum()))
    both: NDArray[np.int64] = np.asarray(sample, np.int64).reshape(cells.shape)
    return Counts(both.sum(axis=1), both[:, 1].copy())
