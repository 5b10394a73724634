"""Several versions on the same traffic: metrics, paired differences, and verdicts."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from webapp.stats import simultaneous, verdicts
from webapp.stats.counts import Counts
from webapp.stats.influence import Estimate
from webapp.stats.metric_specs import SPECS, MetricSpec
from webapp.stats.metrics import describe_certainty
from webapp.stats.paired import Measurement
from webapp.stats.rates import Z95, Interval
from webapp.stats.verdicts import Choice

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Difference:
    """A metric of a version minus that of the reference on the same events, with a 95 % interval.

    The intervals of all versions hold at once: in 95 of 100 samples none is wrong. ``margin`` is
    the smallest difference that matters. ``further`` is the number of further outcomes that would
    settle the verdict at this difference: 0 where it is settled, None where no number would.
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
    versions: Sequence[tuple[str, Array]],
    counts: Counts,
    threshold: float,
    withheld: Container[str] = (),
) -> tuple[VersionResult, ...]:
    """One result per version, given as name and scores; the first version is the reference.

    Versions ``withheld`` get no verdict, so they don't count among those that are compared.
    """
    metrics: list[dict[str, Interval | None]] = [{} for _ in versions]
    differences: list[dict[str, Difference | None]] = [{} for _ in versions]
    for spec in SPECS:  # of 65,536 cases a measurement takes megabytes, so few are held at once
        reference = spec.value(versions[0][1], counts, threshold)
        pending, errors = {}, []
        for i, (name, scores) in enumerate(versions):
            own = spec.value(scores, counts, threshold) if i else reference
            metrics[i][spec.key] = spec.interval(own, scores, counts, threshold) if own else None
            if i and own and reference and counts.total > 1:
                pending[i] = _estimate(spec, own, reference)
                if name not in withheld:
                    errors.append(simultaneous.error_parts(own - reference))
        z = simultaneous.critical_value(errors) if len(errors) > 1 else Z95
        for i in range(1, len(versions)):
            differences[i][spec.key] = _judge(spec, pending[i], z, counts) if i in pending else None
    return tuple(
        VersionResult(name, metrics[i], differences[i], _statement(scores, counts))
        for i, (name, scores) in enumerate(versions)
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


def _estimate(spec: MetricSpec, own: Measurement, reference: Measurement) -> Estimate:
    """The difference of a version to the reference, with all that may hide in it."""
    estimate = (own - reference).cautious
    if spec.at_threshold or spec.has_kinks:
        return _add_one_flip(estimate, reference)
    return estimate


def _judge(spec: MetricSpec, estimate: Estimate, z: float, counts: Counts) -> Difference:
    """The difference with an interval that reaches ``z`` standard errors, and its verdict."""
    interval = estimate.interval(z)
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
    names: Sequence[str], losses: Sequence[Sequence[Interval | None]]
) -> list[list[PeriodLoss]]:
    """The log loss of every version in every period, as ``[version][period]``, and how far behind.

    ``losses`` are those that ``tallies.LossTally`` gives, in the same form.
    """
    lowest = [
        min((loss.value for loss in column if loss is not None), default=None)
        for column in zip(*losses, strict=True)
    ]
    return [
        [_period_loss(name, loss, low) for loss, low in zip(row, lowest, strict=True)]
        for name, row in zip(names, losses, strict=True)
    ]


def _period_loss(name: str, loss: Interval | None, lowest: float | None) -> PeriodLoss:
    if loss is None or lowest is None:
        return PeriodLoss(name, None, None, best=False)
    return PeriodLoss(name, loss, loss.value - lowest, best=loss.value == lowest)
