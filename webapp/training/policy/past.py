"""Windows of matured events, and models fitted on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from webapp.cases import Features
from webapp.stats import change_point, influence
from webapp.stats.counts import Counts
from webapp.stats.margins import entropy
from webapp.stats.performance import loss_cells
from webapp.training.policy.cut_windows import CutWindows
from webapp.training.policy.rules import Challenger, OwnError, TrainingWindow

Array = NDArray[np.float64]
# Score tables by estimator, first block of the window, and number of blocks; see ``Refitter``
RefitCache = dict[tuple[str, int, int], Array]


@dataclass(frozen=True)
class Past:
    """Matured events in blocks (days, or rows of a file), oldest first.

    No window that is ``cut`` begins before the block ``since``, the first after the last change.
    """

    blocks: tuple[Counts, ...]
    since: int = 0
    cut: CutWindows = "none"

    @property
    def total(self) -> int:
        """The number of events."""
        return sum(block.total for block in self.blocks)

    def plus(self, block: Counts) -> Past:
        """The past with a newer block."""
        return Past((*self.blocks, block))

    def find_change(self, features: Features, cut: CutWindows) -> Past:
        """The past with these windows cut at the last change of what cases say, if there is one."""
        if cut == "none":
            return self
        return Past(self.blocks, change_point.last_change(features.matrix(), self.blocks), cut)

    def window(self, window: TrainingWindow) -> Counts:
        """The newest whole blocks that hold the window's events together, or all blocks."""
        return sum_counts(self.blocks[self.begin(window) :])

    def begin(self, window: TrainingWindow) -> int:
        """The index of the oldest block in the window."""
        if window.events is None:
            return self.since if self.cut == "every" else 0
        n = 0
        for index in range(len(self.blocks) - 1, self.since, -1):
            n += self.blocks[index].total
            if n >= window.events:
                return index
        return self.since


def sum_counts(blocks: Sequence[Counts]) -> Counts:
    """The sum of counts; there must be at least one block."""
    n = np.stack([block.n for block in blocks]).sum(axis=0)
    return Counts(n, np.stack([block.positives for block in blocks]).sum(axis=0))


@dataclass(frozen=True)
class Refitter:
    """Fits challengers on windows of the past; scikit-learn loads at the first fit.

    Windows that are ``cut`` reach back no further than the last change. Pass ``cache`` if all
    pasts are beginnings of one stream (as in the backtest): a fit of the same estimator on the same
    blocks is then made once.
    """

    features: Features
    past: Past
    seed: int
    cache: RefitCache = field(default_factory=dict)
    cut: CutWindows = "none"

    @cached_property
    def windowed(self) -> Past:
        """The past with the windows that are fitted on."""
        return self.past.find_change(self.features, self.cut)

    def __call__(self, challenger: Challenger) -> Array:
        """The challenger's score table, one probability per case. Raises EstimatorError."""
        past, window = self.windowed, challenger.window
        key = challenger.estimator, past.begin(window), len(past.blocks)
        if key not in self.cache:
            counts = past.window(window)
            self.cache[key] = fit_scores(self.features, counts, challenger.estimator, self.seed)
        return self.cache[key]

    def before(self, later: Counts) -> Refitter | None:
        """What could have been fitted before ``later``, a part of the newest block, was known.

        None unless the last change is found, by then, to be right before the newest block: what was
        fitted before that has learnt nothing of what holds now.
        """
        newest = self.past.blocks[-1]
        first = Counts(newest.n - later.n, newest.positives - later.positives)
        blocks = (*self.past.blocks[:-1], first)
        earlier = replace(self, past=Past(blocks), cache={})
        is_new = earlier.windowed.since == len(blocks) - 1 > 0
        return earlier if is_new else None

    def count(self, challenger: Challenger) -> int:
        """The number of events that the challenger is fitted on now."""
        return self.windowed.window(challenger.window).total

    def count_since_change(self) -> int | None:
        """The number of events since the last change; None if no change is found."""
        past = self.windowed
        return sum_counts(past.blocks[past.since :]).total if past.since else None


def fit_scores(features: Features, counts: Counts, estimator: str, seed: int) -> Array:
    """The score table (one probability per case) of a fit on counts. Raises EstimatorError."""
    from webapp.training.estimators import ESTIMATORS, frame, probabilities
    from webapp.training.fit import check_enough, fit

    check_enough(counts)
    return probabilities(fit(features, counts, ESTIMATORS[estimator], seed), frame(features))


def own_error(scores: Array, counts: Counts, log_loss: float) -> OwnError | None:
    """The champion's own error from its validated ``log_loss`` (nats) on its training counts.

    Its variance follows from the spread of the losses on these events. None if all labels are the
    same or the losses have no spread.
    """
    positives = int(counts.positives.sum())
    if positives in (0, counts.total):
        return None
    rate = positives / counts.total
    guess = np.array([-np.log1p(-rate), -np.log(rate)])
    excess = (loss_cells(scores) - log_loss / entropy(rate) * guess) / entropy(rate)
    variance = influence.variance(excess, influence.cells(counts))
    return OwnError(counts.total, log_loss, rate, variance) if variance > 0 else None


def validate_log_loss(features: Features, counts: Counts, estimator: str, seed: int) -> float:
    """The cross-validated log loss of an estimator on counts, in nats. Raises EstimatorError."""
    from webapp.training.estimators import ESTIMATORS
    from webapp.training.fit import check_enough, validate

    check_enough(counts)
    return validate(features, counts, ESTIMATORS[estimator], seed).metrics.log_loss
