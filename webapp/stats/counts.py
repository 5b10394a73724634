"""Counts by case: events, and those whose label is 1."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Counts:
    """``n`` events and ``positives`` with label 1 by case, int64[k] each.

    Raises ValueError unless 0 <= positives <= n in every case.
    """

    n: NDArray[np.int64]
    positives: NDArray[np.int64]

    def __post_init__(self) -> None:
        if self.n.shape != self.positives.shape or self.n.ndim != 1:
            raise ValueError("n and positives must be vectors of the same length")
        if (self.n < 0).any() or (self.positives < 0).any() or (self.positives > self.n).any():
            raise ValueError("counts must satisfy 0 <= positives <= n in every case")

    @classmethod
    def of(cls, case: NDArray[np.integer], label: NDArray[np.integer], cases: int) -> Counts:
        """Counts of rows: case numbers int[n] and 0/1 labels int[n]."""
        return cls(
            np.bincount(case, minlength=cases).astype(np.int64),
            np.bincount(case[label == 1], minlength=cases).astype(np.int64),
        )

    @property
    def total(self) -> int:
        """The number of events."""
        return int(self.n.sum())

    @property
    def base_rate(self) -> float:
        """Share of positive labels; nan when there are no events."""
        return float(self.positives.sum() / self.total) if self.total else float("nan")
