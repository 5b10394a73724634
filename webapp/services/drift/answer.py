"""The answer to a drift question: a report, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from webapp.cases import Features
from webapp.db.schema import Source
from webapp.db.tables.evaluations import Evaluation
from webapp.services.drift.first_outcomes import FirstOutcomes
from webapp.services.traffic.advice import Action, Rival, advise
from webapp.services.traffic.source_choice import NotShown
from webapp.services.traffic.windows import Question
from webapp.stats.drift import DriftResult, Window
from webapp.stats.limits import Limit, limits_of_harm, limits_of_inputs
from webapp.stats.series import Series
from webapp.vocabulary import Vocabulary, vocabulary_for

Reason = Literal["no baseline", "no traffic", "no events", "empty baseline"]


@dataclass(frozen=True)
class Scope:
    """The two sides of a comparison: the window of a version's traffic, and its baseline."""

    question: Question
    version: str
    features: Features
    scores: NDArray[np.float64]
    baseline_name: str  # training, previous, week-before, or a version
    sources: tuple[Source, ...]  # empty where the window is a file
    not_shown: NotShown | None = None  # where simulated traffic was taken by default
    evaluation: Evaluation | None = None  # rows that were stored for the version
    first: FirstOutcomes | None = None  # where performance is held against them, or would be
    is_without_counts: bool = False  # the version came without training counts

    @property
    def is_simulated(self) -> bool:
        """True if all traffic is simulated."""
        return self.sources == ("demo",)

    @property
    def vocabulary(self) -> Vocabulary:
        """The words for the version's inputs and outcome."""
        return vocabulary_for(self.features)


@dataclass(frozen=True)
class NoAnswer:
    """Nothing to compare, and why."""

    scope: Scope
    reason: Reason
    n: int = 0  # events in the window
    in_lake: int = 0  # of them, those counted in a lake
    nearest: tuple[int, int] | None = None  # days that have events, where the window has none


@dataclass(frozen=True)
class DriftReport:
    """A window compared with its baseline; of a file, whose rows have no time, this is all."""

    scope: Scope
    baseline: Window
    window: Window
    result: DriftResult
    in_lake: int = 0  # of the window's events, those counted in a lake
    since: Mapping[str, int] = field(default_factory=dict)  # when inputs began to drift, in ms
    rival: Rival | None = None  # the best other version, where the champion is judged
    promoted: int | None = (
        None  # when the version replaced another one, if within the window, in ms
    )

    @property
    def limits(self) -> tuple[Limit, ...]:
        """What keeps verdicts on inputs open, then on harm; empty where none is."""
        return (*self.limits_of_inputs, *limits_of_harm(self.result.performance))

    @property
    def limits_of_inputs(self) -> tuple[Limit, ...]:
        """What keeps verdicts on inputs open."""
        result = self.result
        return limits_of_inputs(result.features, result.n, result.baseline_n, result.margin)

    @property
    def action(self) -> Action:
        """The advice on the version that is judged."""
        choice = None if self.rival is None else self.rival.gate.loss_verdict
        action = advise(
            choice,
            self.result.headline,
            is_worthwhile=self.rival is None or self.rival.is_worthwhile,
            is_chosen_here=self.promoted is not None,
        )
        return "Keep" if action == "Wait" and self._is_calm else action

    @property
    def _is_calm(self) -> bool:
        """True if no harm is seen, and no further outcomes would tell more: nothing to wait for."""
        judgement = self.result.performance
        is_only_doubt = self.result.headline.verdict == "unknown"
        return is_only_doubt and judgement.sees_no_harm and judgement.outcomes_needed is None


@dataclass(frozen=True)
class Timeline:
    """Traffic over time, for context: periods of ``every`` ms, and the verdict of every day."""

    series: Series
    every: int
    days: NDArray[np.int64]  # when the days begin, in ms
    verdicts: NDArray[np.int8]  # [day, input]
    lake: NDArray[np.int64] | None  # [period, 2]: counted in a lake, of them with known outcome


@dataclass(frozen=True, kw_only=True)
class TrafficReport(DriftReport):
    """A report on logged traffic, which has a time."""

    timeline: Timeline
