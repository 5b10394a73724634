"""What the Drift page, the API and the command are given."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from webapp.cases import Features
from webapp.db.schema import Source
from webapp.services.traffic.windows import Question
from webapp.stats.drift import Drift, Window
from webapp.stats.series import Series
from webapp.timing import DAY_MS

Empty = Literal["no baseline", "no traffic", "no events", "empty baseline"]


@dataclass(frozen=True)
class Answer:
    """What was found. ``empty`` says why there is no ``result``."""

    question: Question
    version: str
    features: Features
    scores: NDArray[np.float64]
    baseline_name: str  # training, previous, week-before, or a version
    sources: tuple[Source, ...]
    result: Drift | None = None
    baseline: Window | None = None
    window: Window | None = None
    shown: Series | None = None  # over time, for context; ``every`` is its points' length in ms
    every: int = DAY_MS
    verdicts: NDArray[np.int8] | None = None  # [day, feature], of the days up to the window's end
    days: NDArray[np.int64] | None = None  # when those days begin
    since: list[int | None] = field(default_factory=list)  # drifted since, by feature
    empty: Empty | None = None
    lake: NDArray[np.int64] | None = None  # [point, 2]: counted in a lake, with known outcome
    in_lake: int = 0  # of the window's events
    nearest: tuple[int, int] | None = None  # days that have events, where the window has none

    @property
    def simulated(self) -> bool:
        """Is it all simulated?"""
        return self.sources == ("demo",)
