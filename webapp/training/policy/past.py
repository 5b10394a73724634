"""Windows of matured events, and models fitted on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from webapp.cases import Features
from webapp.stats import influence
from webapp.stats.counts import Counts
from webapp.stats.margins import entropy
from webapp.stats.performance import loss_cells
from webapp.training.policy.rules import Challenger, OwnError, Refit, TrainingWindow

Array = NDArray[np.float64]
# Score tables by estimator, first block of the window, and number of blocks; see ``refitter``
RefitCache = dict[tuple[str, int, int], Array]


@dataclass(frozen=True)
class Past:
    """Matured events in blocks (days, or rows of a file), oldest first."""

    blocks: tuple[Counts, ...]

    @property
    def total(self) -> int:
        """The number of events."""
        return sum(block.total for block in self.blocks)

    def plus(self, block: Counts) -> Past:
        """The past with a newer block."""
        return Past((*self.blocks, block))

    def window(self, window: TrainingWindow) -> Counts:
        """The newest whole blocks that hold the window's events together, or all blocks."""
        return sum_counts(self.blocks[self.begin(window) :])

    def begin(self, window: TrainingWindow) -> int:
        """The index of the oldest block in the window."""
        if window.events is None:
            return 0
        n = 0
        for index in range(len(self.blocks) - 1, -1, -1):
            n += self.blocks[index].total
            if n >= window.events:
                return index
        return 0


def sum_counts(blocks: Sequence[Counts]) -> Counts:
    """The sum of counts; there must be at least one block."""
    n = np.stack([block.n for block in blocks]).sum(axis=0)
    return Counts(n, np.stack([block.positives for block in blocks]).sum(axis=0))


def refitter(features: Features, past: Past, seed: int, cache: RefitCache | None = None) -> Refit:
    """A function that fits challengers on windows of the past; scikit-learn loads at the first fit.

    Pass ``cache`` if all pasts are beginnings of one stream (as in the backtest): a fit of the same
    estimator on the same blocks is then made once.
    """
    tables: RefitCache = {} if cache is None else cache

    def refit(challenger: Challenger) -> Array:
        key = challenger.estimator, past.begin(challenger.window), len(past.blocks)
        if key not in tables:
            tables[key] = fit_scores(
                features, past.window(challenger.window), challenger.estimator, seed
            )
        return tables[key]

    return refit


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
