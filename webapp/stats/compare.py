"""Several versions on the same traffic: metrics, paired differences, and verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from webapp.stats import performance, verdicts
from webapp.stats.counts import Counts
from webapp.stats.influence import Estimate
from webapp.stats.metric_specs import SPECS, MetricSpec
from webapp.stats.metrics import describe_certainty
from webapp.stats.paired import Measurement
from webapp.stats.rates import Interval
from webapp.stats.verdicts import Choice

Array = NDArray[np.float64]
Measurements = dict[str, Measurement | None]


@dataclass(frozen=True)
class Difference:
    """A metric of a version minus that of the reference on the same events, with a 95 % interval.

    ``margin`` is the smallest difference that matters. ``further`` is the number of further
    outcomes that would settle the verdict at this difference: 0 where it is settled, None where no
    number would settle it.
    """

    value: float
    low: float
    high: float
    margin: float
    verdict: Choice
    further: int | None


@dataclass(frozen=True)
class VersionResult:
    """One version, by metric: an unknown value is None, and ``statement`` gives the reason.

    It also says why there are no verdicts, and whether some scores are exactly 0 or 1.
    """

    version: str
    metrics: dict[str, Interval | None]
    differences: dict[str, Difference | None]  # to the reference; empty for the reference itself
    statement: str | None


def results(
    versions: Sequence[tuple[str, Array]], counts: Counts, threshold: float
) -> tuple[VersionResult, ...]:
    """One result per version, given as name and scores; the first version is the reference."""
    measurements = [_measure(scores, counts, threshold) for _, scores in versions]
    reference = measurements[0]
    return tuple(
        VersionResult(
            name,
            _intervals(scores, counts, threshold, own),
            {} if i == 0 else _differences(own, reference, counts),
            _statement(scores, counts),
        )
        for i, ((name, scores), own) in enumerate(zip(versions, measurements, strict=True))
    )


def _statement(scores: Array, counts: Counts) -> str | None:
    parts = (_describe_outcomes(counts), describe_certainty(scores, counts.n))
    return "; ".join(part for part in parts if part) or None


def _describe_outcomes(counts: Counts) -> str | None:
    if not counts.total:
        return "no outcomes are known yet"
    if counts.positives.sum() in (0, counts.total):
        every = 1 if counts.positives.sum() else 0
        return f"all outcomes are {every}: there is nothing to rank"
    return verdicts.find_shortage(counts.total, int(counts.positives.sum()))


def _measure(scores: Array, counts: Counts, threshold: float) -> Measurements:
    return {spec.key: spec.value(scores, counts, threshold) for spec in SPECS}


def _intervals(
    scores: Array, counts: Counts, threshold: float, values: Measurements
) -> dict[str, Interval | None]:
    return {
        spec.key: spec.interval(value, scores, counts, threshold) if value else None
        for spec, value in zip(SPECS, values.values(), strict=True)
    }


def _differences(
    own: Measurements, reference: Measurements, counts: Counts
) -> dict[str, Difference | None]:
    return {
        spec.key: _difference(spec, own[spec.key], reference[spec.key], counts) for spec in SPECS
    }


def _difference(
    spec: MetricSpec, own: Measurement | None, reference: Measurement | None, counts: Counts
) -> Difference | None:
    if own is None or reference is None or counts.total < 2:
        return None
    estimate = (own - reference).cautious
    if spec.at_threshold or spec.has_kinks:
        estimate = _add_one_flip(estimate, reference)
    interval = estimate.interval()
    verdict, margin = spec.judge(interval, counts), spec.margin(counts.base_rate)
    further = _further(interval, margin, counts) if verdict == "not enough evidence" else 0
    return Difference(interval.value, interval.low, interval.high, margin, verdict, further)


def _further(interval: Interval, margin: float, counts: Counts) -> int | None:
    """The number of further outcomes that would settle an open verdict."""
    least = verdicts.missing(counts.total, int(counts.positives.sum()))
    more = verdicts.further(interval, margin, counts.total)
    return more if more is None else max(more, least)


def _add_one_flip(estimate: Estimate, reference: Measurement) -> Estimate:
    """Widen a difference as if one more event had changed sides of a threshold, or of 0.

    Where none or hardly any did, the plain variance is 0 or much too small (after Agresti and Min
    2005).
    """
    influence, events = reference.parts[0]
    step: Any = np.abs(influence).max(initial=0.0) / events.sum()
    return Estimate(estimate.value, estimate.variance + float(step) ** 2)


@dataclass(frozen=True)
class PeriodLoss:
    """A version's log loss in a period, and its distance from the best version there."""

    version: str
    log_loss: Interval | None  # None without labels
    behind: float | None
    best: bool


def loss_matrix(
    versions: Sequence[tuple[str, Array]], periods: Sequence[Counts]
) -> list[list[PeriodLoss]]:
    """The log loss of every version in every period, as ``[version][period]``."""
    losses = [
        [performance.loss_interval(scores, counts) if counts.total else None for counts in periods]
        for _, scores in versions
    ]
    lowest = [
        min((row[i].value for row in losses if row[i] is not None), default=None)  # type: ignore[union-attr]
        for i in range(len(periods))
    ]
    return [
        [_period_loss(name, loss, low) for loss, low in zip(row, lowest, strict=True)]
        for (name, _), row in zip(versions, losses, strict=True)
    ]


def _period_loss(name: str, loss: Interval | None, lowest: float | None) -> PeriodLoss:
    if loss is None or lowest is None:
        return PeriodLoss(name, None, None, best=False)
    return PeriodLoss(name, loss, loss.value - lowest, best=loss.value == lowest)
