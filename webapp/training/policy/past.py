"""Windows of what has matured, and models fitted on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from webapp.cases import Features
from webapp.stats import influence
from webapp.stats.counts import Counts
from webapp.stats.performance import entropy, loss_cells
from webapp.training.policy.rules import Challenger, Own, Refit, Window

Array = NDArray[np.float64]
# (estimator, window) and the events it would be fitted on, by position; see ``refitter``
Kept = dict[tuple[str, int, int], Array]


@dataclass(frozen=True)
class Past:
    """Matured events in blocks (days, or rows of a file), oldest first."""

    blocks: tuple[Counts, ...]

    @property
    def total(self) -> int:
        """All events."""
        return sum(block.total for block in self.blocks)

    def plus(self, block: Counts) -> Past:
        """With a newer block."""
        return Past((*self.blocks, block))

    def window(self, window: Window) -> Counts:
        """The newest whole blocks that have the window's events together, or all there are."""
        return added(self.blocks[self.begin(window) :])

    def begin(self, window: Window) -> int:
        """The oldest block that belongs to the window."""
        if window.events is None:
            return 0
        found = 0
        for index in range(len(self.blocks) - 1, -1, -1):
            found += self.blocks[index].total
            if found >= window.events:
                return index
        return 0


def added(blocks: Sequence[Counts]) -> Counts:
    """Counts together; there must be at least one."""
    n = np.stack([block.n for block in blocks]).sum(axis=0)
    return Counts(n, np.stack([block.positives for block in blocks]).sum(axis=0))


def refitter(features: Features, past: Past, seed: int, kept: Kept | None = None) -> Refit:
    """Fits challengers on windows of the past. scikit-learn is imported at the first fit.

    ``kept`` is for a caller whose pasts are all beginnings of one stream (the backtest): a fit of
    the same estimator on the same blocks is then made once.
    """
    known: Kept = {} if kept is None else kept

    def refit(challenger: Challenger) -> Array:
        key = challenger.estimator, past.begin(challenger.window), len(past.blocks)
        if key not in known:
            known[key] = fit_scores(
                features, past.window(challenger.window), challenger.estimator, seed
            )
        return known[key]

    return refit


def fit_scores(features: Features, counts: Counts, estimator: str, seed: int) -> Array:
    """The score table of a fit. Raises EstimatorError."""
    from webapp.training.estimators import ESTIMATORS, frame, probabilities
    from webapp.training.fit import check_enough, fit

    check_enough(counts)
    return probabilities(fit(features, counts, ESTIMATORS[estimator], seed), frame(features))


def own_error(scores: Array, counts: Counts, log_loss: float) -> Own | None:
    """The champion's own error: ``log_loss`` as validated on ``counts``, its training events.

    How sure that is follows from the spread of its losses there. None where nothing can be said:
    all labels the same, or no spread.
    """
    positives = int(counts.positives.sum())
    if positives in (0, counts.total):
        return None
    rate = positives / counts.total
    guess = np.array([-np.log1p(-rate), -np.log(rate)])
    lost = (loss_cells(scores) - log_loss / entropy(rate) * guess) / entropy(rate)
    variance = influence.variance(lost, influence.cells(counts))
    return Own(counts.total, log_loss, rate, variance) if variance > 0 else None


def validated(features: Features, counts: Counts, estimator: str, seed: int) -> float:
    """The cross-validated log loss of an estimator on counts, as training facts have it."""
    from webapp.training.estimators import ESTIMATORS
    from webapp.training.fit import check_enough, validate

    check_enough(counts)
    return validate(features, counts, ESTIMATORS[estimator], seed).log_loss
