"""Drift reports of drawn traffic, without a log."""

from __future__ import annotations

from typing import Any

import numpy as np

from webapp.cases import Features
from webapp.db.schema import Source
from webapp.services.drift.answer import DriftReport, Scope
from webapp.services.traffic.windows import Question
from webapp.stats import drift
from webapp.stats.counts import Counts
from webapp.stats.drift import DriftResult, Window
from webapp.timing import DAY_MS

SINCE, UNTIL = 20_767 * DAY_MS, 20_781 * DAY_MS
NOW = UNTIL - 1
BASELINE = 4000  # events


def window_of(features: Features, events: int, outcomes: int, rng: Any, cases: Any) -> Window:
    """Drawn events, the first of which have an outcome: every second is positive."""
    case = rng.choice(features.cases, events, p=cases)
    label = np.arange(outcomes) % 2
    return Window(
        np.bincount(case, minlength=features.cases),
        Counts.of(case[:outcomes], label, features.cases),
    )


def report_on(
    features: Features,
    events: int,
    outcomes: int,
    *,
    cases: Any = None,
    sources: tuple[Source, ...] = ("api",),
    baseline: int = BASELINE,
    scores: Any = None,
) -> DriftReport:
    """A report on so many events of the last 14 days; ``cases``: how often each case occurs.

    With ``scores`` the labels of the baseline are as these say.
    """
    rng = np.random.default_rng(0)
    even = np.full(features.cases, 1 / features.cases)
    rates, scores = scores, np.linspace(0.3, 0.7, features.cases) if scores is None else scores
    scope = Scope(Question(SINCE, UNTIL), "model_v1", features, scores, "training", sources)
    before = window_of(features, baseline, baseline, rng, even)
    if rates is not None:
        positives = rng.binomial(before.events, rates)
        before = Window(before.events, Counts(before.events, positives))
    now = window_of(features, events, outcomes, rng, even if cases is None else cases)
    result = drift.compare(features, scores, before, now)
    assert isinstance(result, DriftResult)
    return DriftReport(scope, before, now, result)
