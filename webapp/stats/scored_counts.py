"""Labelled events with the scores that each of them got: out of fold, a case has several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from webapp.stats.counts import Counts


@dataclass(frozen=True)
class ScoredCounts:
    """Scores float64[r] and the labelled events that got them, int64[r]; no row is empty.

    Every statistic of a score table and counts by case takes them as well. ``case`` int64[r] is
    the case of each row and ``fold`` int64[r] says which model scored it. Raises ValueError where
    these don't fit together.
    """

    fold: NDArray[np.int64]
    case: NDArray[np.int64]
    scores: NDArray[np.float64]
    counts: Counts

    def __post_init__(self) -> None:
        lengths = {len(part) for part in (self.fold, self.case, self.scores, self.counts.n)}
        if len(lengths) != 1:
            raise ValueError("folds, cases, scores and counts must be vectors of the same length")
        if not np.isfinite(self.scores).all() or ((self.scores < 0) | (self.scores > 1)).any():
            raise ValueError("scores must lie between 0 and 1")
        if (self.counts.n < 1).any():
            raise ValueError("every row must have events")

    @classmethod
    def of_folds(cls, parts: Sequence[tuple[NDArray[np.float64], Counts]]) -> ScoredCounts:
        """From the score table float64[k] and the held-out events int64[k] of each fold."""
        kept_cases = [np.flatnonzero(counts.n) for _, counts in parts]
        fold = np.concatenate(
            [np.full(len(case), number) for number, case in enumerate(kept_cases)]
        )
        together = list(zip(parts, kept_cases, strict=True))
        return cls(
            fold=fold.astype(np.int64),
            case=np.concatenate(kept_cases).astype(np.int64),
            scores=np.concatenate([scores[case] for (scores, _), case in together]),
            counts=Counts(
                np.concatenate([counts.n[case] for (_, counts), case in together]),
                np.concatenate([counts.positives[case] for (_, counts), case in together]),
            ),
        )

    def by_case(self, cases: int) -> Counts:
        """The same events by case, int64[cases] each."""
        n, positives = (
            np.bincount(self.case, weights=part, minlength=cases).astype(np.int64)
            for part in (self.counts.n, self.counts.positives)
        )
        return Counts(n, positives)
