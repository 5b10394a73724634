"""What a version's performance now is held against: events that it wasn't fitted on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from webapp.stats.counts import Counts
from webapp.stats.performance import loss_cells
from webapp.stats.scored_counts import ScoredCounts

Array = NDArray[np.float64]
# Its training rows in cross-validation, a labelled file that it was evaluated on, the first
# outcomes of its own traffic, or the baseline itself, if it wasn't fitted on that.
Origin = Literal["cross-validation", "evaluation", "first outcomes", "baseline"]


@dataclass(frozen=True)
class Reference:
    """Labelled events int64[r] and the scores float64[r] that they got, of the cases int64[r].

    ``origin`` is None where there are no such events: then nothing can be said about harm.
    ``judged_counts`` are the window's outcomes that are held against them, where those aren't all.
    """

    origin: Origin | None
    case: NDArray[np.int64]
    scores: Array
    counts: Counts
    judged_counts: Counts | None = None

    @classmethod
    def of_counts(
        cls, origin: Origin, scores: Array, counts: Counts, judged_counts: Counts | None = None
    ) -> Reference:
        """Events by case, with the scores of the version itself."""
        return cls(origin, np.arange(len(scores)), scores, counts, judged_counts)

    @classmethod
    def out_of_fold(cls, rows: ScoredCounts) -> Reference:
        """The training rows, with scores of models that didn't see them."""
        return cls("cross-validation", rows.case, rows.scores, rows.counts)

    @classmethod
    def missing(cls) -> Reference:
        """No events at all."""
        nothing = np.zeros(0, np.int64)
        return cls(None, nothing, np.zeros(0), Counts(nothing, nothing))

    def by_case(self, cases: int) -> Counts:
        """The events by case, int64[cases] each."""
        n, positives = (
            np.bincount(self.case, weights=part, minlength=cases).astype(np.int64)
            for part in (self.counts.n, self.counts.positives)
        )
        return Counts(n, positives)

    def losses(self, scores: Array) -> Array:
        """The mean log loss of its events by case and label, float64[k, 2].

        Where it has none, that of the ``scores`` float64[k].
        """
        own, size = loss_cells(self.scores), len(scores)
        losses = loss_cells(scores)
        for label in (0, 1):
            events = self.counts.positives if label else self.counts.n - self.counts.positives
            n = np.bincount(self.case, weights=events, minlength=size)
            sums = np.bincount(self.case, weights=events * own[:, label], minlength=size)
            losses[:, label] = np.where(n > 0, sums / np.maximum(n, 1), losses[:, label])
        return losses
