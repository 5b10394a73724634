"""The streams that a backtest replays, and when their outcomes become known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from webapp.cases import Features
from webapp.grammar import quantity
from webapp.stats.counts import Counts
from webapp.training.errors import PolicyError
from webapp.training.policy.past import Past, sum_counts


@dataclass(frozen=True)
class BacktestStream:
    """Blocks of events in order: ``past`` before the first check, then one block per check.

    ``ends`` has the end of each block, as ``unit`` says: a row number, or a day in ms since 1970.
    """

    features: Features
    past: tuple[Counts, ...]
    blocks: tuple[Counts, ...]
    ends: tuple[int, ...]
    unit: str

    @property
    def start(self) -> int:
        """The number of events before the first check."""
        return sum(block.total for block in self.past)

    @property
    def events(self) -> int:
        """The number of events that are predicted."""
        return sum(block.total for block in self.blocks)


def of_rows(
    features: Features, case: NDArray[np.int64], label: NDArray[np.int64], start: int, every: int
) -> BacktestStream:
    """A stream of rows in order, in blocks of ``every`` rows before and after ``start``.

    ``case`` and ``label`` have one entry per row. Raises PolicyError.
    """
    n = len(case)
    if not 0 < start < n:
        raise PolicyError(f"start {start:,}: use a row before the last of {n:,}")
    if every < 1:
        raise PolicyError(f"every {every:,}: use a number of events from 1")
    cuts = [*sorted({*range(start, 0, -every), 0}), *range(start + every, n, every), n]

    def block(begin: int, end: int) -> Counts:
        return Counts.of(case[begin:end], label[begin:end], features.cases)

    blocks = [block(*ends) for ends in pairwise(cuts)]
    before = cuts.index(start)
    return BacktestStream(
        features, tuple(blocks[:before]), tuple(blocks[before:]), tuple(cuts[before + 1 :]), "row"
    )


def of_days(
    features: Features, days: Sequence[tuple[int, Counts]], start: int, every: int
) -> BacktestStream:
    """A stream of days (ms since 1970, labelled counts) in order.

    The first days that hold ``start`` events are the past; then a check follows after every
    ``every`` events. Raises PolicyError.
    """
    past: list[Counts] = []
    blocks: list[tuple[int, Counts]] = []
    open_days: list[Counts] = []
    for day, counts in days:
        if Past(tuple(past)).total < start:
            past.append(counts)
            continue
        open_days.append(counts)
        total = Past(tuple(open_days)).total
        if total >= every or (total and day == days[-1][0]):
            blocks.append((day, sum_counts(open_days)))
            open_days = []
    if not blocks:
        n_labelled = sum(counts.total for _, counts in days)
        if not n_labelled:
            raise PolicyError("the log has no events with outcomes yet")
        raise PolicyError(
            f"start {start:,}: the log has only {quantity(n_labelled, 'event')} with an outcome; "
            "choose a smaller start"
        )
    ends, counts_by_block = zip(*blocks, strict=True)
    return BacktestStream(features, tuple(past), counts_by_block, ends, "day")


@dataclass(frozen=True)
class Wait:
    """How long outcomes are waited for: a number of blocks, and a time in ms for blocks of days."""

    blocks: int = 0
    ms: int = 0

    def known(self, ends: Sequence[int], index: int) -> int:
        """The number of blocks whose outcomes are known after the block of this index."""
        n = max(0, index + 1 - self.blocks)
        while n and self.ms and ends[n - 1] + self.ms > ends[index]:
            n -= 1
        return n
