"""The newest events, held out of a fit so that its model can be judged on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from webapp.stats.counts import Counts
from webapp.training.policy.past import sum_counts

_MOST = 10**9  # events from which numpy draws without replacement


@dataclass(frozen=True)
class HoldoutSplit:
    """Blocks to fit on, and the newest events, which are held out of them."""

    rest: tuple[Counts, ...]
    held_out: Counts


def hold_out(blocks: Sequence[Counts], wanted_events: int, seed: int) -> HoldoutSplit:
    """Hold out the newest ``wanted_events`` events, but at most a fifth of all.

    From the block in which they end, events are drawn at random, as nothing says which of a block
    are newer. There must be at least one block.
    """
    assert blocks, "there is nothing to hold out of"
    missing = min(wanted_events, sum(block.total for block in blocks) // 5)
    rest = list(blocks)
    parts = [Counts(0 * blocks[0].n, 0 * blocks[0].positives)]
    while missing > 0:
        newest = rest.pop()
        part = newest if newest.total <= missing else _draw(newest, missing, seed)
        parts.append(part)
        missing -= part.total
        remainder = Counts(newest.n - part.n, newest.positives - part.positives)
        if remainder.total:
            rest.append(remainder)
    return HoldoutSplit(tuple(rest), sum_counts(parts))


def _draw(block: Counts, n: int, seed: int) -> Counts:
    """Draw ``n`` of a block's events at random, each with the same probability."""
    cells = np.stack([block.n - block.positives, block.positives], axis=1)
    rng, flat = np.random.default_rng(seed), cells.ravel()
    if flat.sum() < _MOST:
        sample = rng.multivariate_hypergeometric(flat, n, method="marginals")
    else:  # with so many, drawing with and without replacement is the same
        sample = np.minimum(flat, rng.multinomial(n, flat / flat.sum()))
    both: NDArray[np.int64] = np.asarray(sample, np.int64).reshape(cells.shape)
    return Counts(both.sum(axis=1), both[:, 1].copy())
