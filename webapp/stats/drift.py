"""Drift of a window of traffic against a baseline: inputs, scores, labels, harm, and a headline.

Everything is computed from case counts. Intervals are of 95 %. The headline's own tests are
stricter, so that together they raise a false alarm in at most 5 % of the windows without drift:
inputs 3 % (Benjamini and Hochberg over all of them), combinations 1 %, harm 1 %.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from webapp.cases import Features
from webapp.stats import divergence, pairs, rates, shares, verdicts
from webapp.stats.counts import Counts
from webapp.stats.divergence import TotalVariation
from webapp.stats.harm import LEAST_OUTCOMES, Judgement, judge
from webapp.stats.inputs import Feature, Scores, feature_rows, score_drift
from webapp.stats.pairs import Pair
from webapp.stats.performance import loss_cells
from webapp.stats.rates import Interval
from webapp.stats.reference import Reference
from webapp.stats.split import ALONE, Split, split
from webapp.stats.verdicts import MARGIN, Verdict

Array = NDArray[np.float64]

FEATURES_LEVEL, COMBINATIONS_LEVEL = 0.03, 0.01
HARM_Z = 2.3263478740408408  # one-sided 1 % point
FEWEST = verdicts.FEWEST  # events on each side, below which there is no verdict
LEAST_SPLIT = LEAST_OUTCOMES
Cause = Literal["features", "combinations", "harm"]
Overall = Verdict | Literal["unknown"]


@dataclass(frozen=True)
class Window:
    """Traffic by case: all events int64[k], and the counts of those whose label is known."""

    events: NDArray[np.int64]
    labelled: Counts

    @property
    def total(self) -> int:
        """The number of events."""
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
class Headline:
    """The overall verdict and its causes; ``statement`` is the reason if there is no verdict.

    ``unknown``: what comes in is stable, and too few outcomes are known to judge what came of it.
    """

    verdict: Overall
    causes: tuple[Cause, ...] = ()
    statement: str | None = None


@dataclass(frozen=True, kw_only=True)
class NoEvents:
    """The result where one side has no events."""

    n: int
    baseline_n: int
    margin: float
    headline: Headline


@dataclass(frozen=True, kw_only=True)
class DriftResult:
    """Everything about a window with events. ``labels`` and some splits need known labels."""

    n: int
    baseline_n: int
    margin: float
    headline: Headline
    psi_by_chance: float  # of one input
    features: tuple[Feature, ...]
    pairs: tuple[Pair, ...]
    total_variation: TotalVariation
    unseen: Interval  # share of events in cases that the baseline never had
    scores: Scores
    labels: Labels | None
    performance: Judgement
    splits: dict[str, Split]


def compare(
    features: Features,
    scores: Array,
    baseline: Window,
    window: Window,
    margin: float = MARGIN,
    reference: Reference | None = None,
) -> DriftResult | NoEvents:
    """Compare a window with a baseline, both of them samples.

    ``scores`` float64[k] are the model's, ``margin`` is the smallest shift of a share that
    matters. ``reference`` is what performance is held against, where the scores were fitted on the
    baseline. Nothing in the result is NaN, whatever is missing.
    """
    n, m = window.total, baseline.total
    if not n or not m:
        headline = Headline(
            "cannot tell", statement=f"no events in the {'window' if m else 'baseline'}"
        )
        return NoEvents(n=n, baseline_n=m, margin=margin, headline=headline)
    rows = feature_rows(features, baseline.events, window.events, margin)
    variation = divergence.total_variation(baseline.events, window.events)
    judgement = judge(scores, baseline.labelled, window.labelled, window.events, reference)
    return DriftResult(
        n=n,
        baseline_n=m,
        margin=margin,
        headline=summarize(n, m, margin, rows, variation, judgement),
        psi_by_chance=divergence.psi_by_chance(2, n, m),
        features=rows,
        pairs=tuple(
            pairs.compare(features.names, features.matrix(), baseline.events, window.events)
        ),
        total_variation=variation,
        unseen=shares.measure(int(window.events[baseline.events == 0].sum()), n),
        scores=score_drift(scores, baseline.events, window.events, margin),
        labels=label_drift(baseline.labelled, window.labelled, margin),
        performance=judgement,
        splits=splits(scores, baseline, window, reference),
    )


def label_drift(baseline: Counts, window: Counts, margin: float) -> Labels | None:
    """The drift of the share of positive labels; None where one side has no labels."""
    m, n = baseline.total, window.total
    if not m or not n:
        return None
    x1, x2 = int(baseline.positives.sum()), int(window.positives.sum())
    both = np.array([x1]), np.array([m]), np.array([x2]), np.array([n])
    difference = Interval(*(float(part[0]) for part in shares.compare(*both)))
    return Labels(
        baseline=shares.measure(x1, m),
        window=shares.measure(x2, n),
        difference=difference,
        p=float(rates.chi_square_p(both[0], m, both[2], n)[0]),
        verdict=verdicts.drift(difference, margin, min(m, n)),
    )


def summarize(
    n: int,
    m: int,
    margin: float,
    rows: tuple[Feature, ...],
    variation: TotalVariation,
    judgement: Judgement,
) -> Headline:
    """The headline of a window of n events against a baseline of m."""
    if min(n, m) < FEWEST:
        side = "window" if n < FEWEST else "baseline"
        return Headline("cannot tell", statement=f"fewer than {FEWEST} events in the {side}")
    causes: list[Cause] = []
    if any(row.verdict == "drifted" and row.p_adjusted <= FEATURES_LEVEL for row in rows):
        causes.append("features")
    if variation.p <= COMBINATIONS_LEVEL and variation.corrected > margin:
        causes.append("combinations")
    if judgement.detected == "worse":
        causes.append("harm")
    if causes:
        return Headline("drifted", tuple(causes))
    if any(row.verdict != "stable" for row in rows) or judgement.verdict == "worse":
        return Headline("cannot tell", statement="some intervals reach beyond the margin")
    if judgement.verdict == "unknown":
        return Headline("unknown", statement="too few outcomes are known")
    return Headline("stable")


def splits(
    scores: Array, baseline: Window, window: Window, reference: Reference | None = None
) -> dict[str, Split]:
    """The change of log loss and labels on labelled events, and of the score on all, by name.

    Log loss starts from the ``reference``, as harm does: on rows that the scores were fitted on it
    is too low, and what that hides would be called behaviour.

    Only those with LEAST_SPLIT events on both sides: of fewer, intervals are not what they say. A
    case's score is fixed, so there is no noise in it that grouping would have to smooth: every
    case with events is a group of its own.
    """
    with_label = baseline.labelled, window.labelled
    everyone = _counts_without_labels(baseline.events), _counts_without_labels(window.events)
    label = np.tile([0.0, 1.0], (len(scores), 1))
    losses_before, honest = None, with_label
    if reference is not None:
        losses_before = reference.losses(scores)
        honest = reference.by_case(len(scores)), reference.judged_counts or window.labelled
    means = {
        "log_loss": (loss_cells(scores), honest, ALONE, losses_before),
        "score": (np.stack([scores, scores], axis=1), everyone, 1, None),
        "positives": (label, with_label, ALONE, None),
    }
    results = {
        name: split(values, scores, *sides, alone, before)
        for name, (values, sides, alone, before) in means.items()
        if min(side.total for side in sides) >= LEAST_SPLIT
    }
    return {name: result for name, result in results.items() if result is not None}


def _counts_without_labels(events: NDArray[np.int64]) -> Counts:
    return Counts(events, np.zeros_like(events))
