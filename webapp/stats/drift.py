"""Drift of a window of traffic against a baseline: inputs, scores, labels, harm, and a headline.

All of it is computed from case counts. An interval is one of 95 %. The headline's own tests are
stricter, so that together they raise a false alarm in at most 5 % of the windows without drift:
features 3 % (Benjamini and Hochberg over all of them), combinations 1 %, harm 1 %.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from webapp.cases import Features
from webapp.stats import divergence, pairs, performance, rates, verdicts
from webapp.stats.counts import Counts
from webapp.stats.inputs import Feature, Scores, feature_rows, score_drift
from webapp.stats.pairs import Pair
from webapp.stats.performance import Estimated, Performance, loss_cells
from webapp.stats.rates import Interval
from webapp.stats.split import Split, split
from webapp.stats.verdicts import MARGIN, SKILL_MARGIN, Harm, Verdict

Array = NDArray[np.float64]

FEATURES_LEVEL, COMBINATIONS_LEVEL = 0.03, 0.01
HARM_Z = 2.3263478740408408  # one-sided 1 % point
FEWEST = 200  # events in a window; with fewer, only overwhelming evidence counts
OVERWHELMING = 0.001
Cause = Literal["features", "combinations", "harm"]


@dataclass(frozen=True)
class Window:
    """Traffic: all events by case, and those whose label is known."""

    events: NDArray[np.int64]
    labelled: Counts

    @property
    def total(self) -> int:
        """All events."""
        return int(self.events.sum())


@dataclass(frozen=True)
class Labels:
    """The share of positive labels, where labels are known."""

    baseline: Interval
    window: Interval
    difference: Interval
    p: float
    verdict: Verdict


@dataclass(frozen=True)
class Judgement:
    """Is the model worth less than at the baseline? Judged by skill, see ``performance``."""

    baseline: Performance
    window: Performance
    estimated: Estimated  # of all events of the window, labelled or not
    skill: Interval | None  # the difference
    detected: Harm
    verdict: Harm


@dataclass(frozen=True)
class Headline:
    """The verdict of the whole, and what it rests on."""

    verdict: Verdict
    causes: tuple[Cause, ...] = ()
    statement: str | None = None


@dataclass(frozen=True)
class Drift:
    """All of it. What needs events or labels that are not there is None or empty."""

    n: int
    baseline_n: int
    margin: float
    headline: Headline
    psi_by_chance: float | None = None  # of a feature
    features: tuple[Feature, ...] = ()
    pairs: tuple[Pair, ...] = ()
    total_variation: divergence.TotalVariation | None = None
    unseen: Interval | None = None  # share of events in cases that the baseline never saw
    scores: Scores | None = None
    labels: Labels | None = None
    performance: Judgement | None = None
    splits: dict[str, Split] = field(default_factory=dict)


def compare(
    features: Features, scores: Array, baseline: Window, window: Window, margin: float = MARGIN
) -> Drift:
    """Everything about a window; both sides random. No NaN, whatever is missing."""
    n, m = window.total, baseline.total
    if not n or not m:
        where = "window" if m else "baseline"
        return Drift(n, m, margin, Headline("cannot tell", statement=f"no events in the {where}"))
    rows = feature_rows(features, baseline.events, window.events, margin)
    varied = divergence.total_variation(baseline.events, window.events)
    harmed = judge(scores, baseline, window)
    return Drift(
        n,
        m,
        margin,
        _headline(n, margin, rows, varied, harmed),
        divergence.psi_by_chance(2, n, m),
        rows,
        tuple(pairs.compare(features.names, features.matrix(), baseline.events, window.events)),
        varied,
        rates.wilson(int(window.events[baseline.events == 0].sum()), n),
        score_drift(scores, baseline.events, window.events, margin),
        label_drift(baseline.labelled, window.labelled, margin),
        harmed,
        splits(scores, baseline, window),
    )


def label_drift(baseline: Counts, window: Counts, margin: float) -> Labels | None:
    """None where labels of one side are not known."""
    m, n = baseline.total, window.total
    if not m or not n:
        return None
    x1, x2 = int(baseline.positives.sum()), int(window.positives.sum())
    both = np.array(x1), np.array(m), np.array(x2), np.array(n)
    difference = Interval(*(float(part) for part in rates.newcombe(*both)))
    return Labels(
        rates.wilson(x1, m),
        rates.wilson(x2, n),
        difference,
        float(rates.chi_square_p(both[0], m, both[2], n)),
        verdicts.drift(difference, margin),
    )


def judge(scores: Array, baseline: Window, window: Window) -> Judgement:
    """Performance on both sides, and whether skill was lost."""
    before = performance.measure(scores, baseline.labelled)
    now = performance.measure(scores, window.labelled)
    estimated = performance.estimate(scores, window.events)
    if before.skill is None or now.skill is None:
        return Judgement(before, now, estimated, None, "cannot tell", "cannot tell")
    skills = (performance.skill(scores, side.labelled) for side in (window, baseline))
    change = next(skills) - next(skills)
    strict = verdicts.harm(change.interval(HARM_Z), SKILL_MARGIN)
    shown = change.interval()
    return Judgement(before, now, estimated, shown, strict, verdicts.harm(shown, SKILL_MARGIN))


def _headline(
    n: int,
    margin: float,
    rows: tuple[Feature, ...],
    varied: divergence.TotalVariation,
    harmed: Judgement,
) -> Headline:
    causes: list[Cause] = []
    level = OVERWHELMING if n < FEWEST else FEATURES_LEVEL
    if any(row.verdict == "drifted" and row.p_adjusted <= level for row in rows):
        causes.append("features")
    if varied.p <= COMBINATIONS_LEVEL and varied.corrected > margin:
        causes.append("combinations")
    if harmed.detected == "worse":
        causes.append("harm")
    if n < FEWEST and "features" not in causes:
        return Headline("cannot tell", statement=f"fewer than {FEWEST} events")
    if causes:
        return Headline("drifted", tuple(causes))
    if any(row.verdict != "stable" for row in rows) or harmed.verdict == "worse":
        return Headline("cannot tell", statement="some intervals reach over the margin")
    return Headline("stable")


def splits(scores: Array, baseline: Window, window: Window) -> dict[str, Split]:
    """Of loss and of labels on labelled events; of the score on all of them.

    A case's score is what it is, so there is no noise in it that grouping would have to smooth.
    """
    known = baseline.labelled, window.labelled
    everyone = _unlabelled(baseline.events), _unlabelled(window.events)
    label = np.tile([0.0, 1.0], (len(scores), 1))
    made = {
        "log_loss": split(loss_cells(scores), scores, *known),
        "score": split(np.stack([scores, scores], axis=1), scores, *everyone, alone=1),
        "positives": split(label, scores, *known),
    }
    return {name: found for name, found in made.items() if found is not None}


def _unlabelled(events: NDArray[np.int64]) -> Counts:
    return Counts(events, np.zeros_like(events))
