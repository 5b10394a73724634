"""Several versions on the same traffic: metrics, paired differences, and verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from webapp.stats import paired, performance, verdicts
from webapp.stats.counts import Counts
from webapp.stats.influence import Estimate
from webapp.stats.paired import Measured
from webapp.stats.rates import Interval, wilson
from webapp.stats.verdicts import Choice

Array = NDArray[np.float64]
RANKING = frozenset({"auc", "average_precision"})  # need both labels


@dataclass(frozen=True)
class Difference:
    """Of a metric, version minus reference, on the same events; an interval of 95 %.

    ``further``: how many more labelled events would settle the verdict if the difference stays
    what it is; 0 where it is settled, None where no number would do.
    """

    value: float
    low: float
    high: float
    verdict: Choice
    further: int | None


@dataclass(frozen=True)
class Result:
    """One version: what can't be told of a metric is None, and ``statement`` says why."""

    version: str
    metrics: dict[str, Interval | None]
    differences: dict[str, Difference | None]  # to the reference, which has none of its own
    statement: str | None


def results(
    versions: Sequence[tuple[str, Array]], counts: Counts, threshold: float
) -> tuple[Result, ...]:
    """One a version; the first is the reference."""
    measured = [_measure(scores, counts, threshold) for _, scores in versions]
    first = measured[0]
    return tuple(
        Result(
            name,
            _intervals(scores, counts, threshold, own),
            {} if i == 0 else _differences(own, first, counts),
            _statement(counts),
        )
        for i, ((name, scores), own) in enumerate(zip(versions, measured, strict=True))
    )


def _statement(counts: Counts) -> str | None:
    if not counts.total:
        return "no outcomes are known yet"
    if counts.positives.sum() in (0, counts.total):
        every = 1 if counts.positives.sum() else 0
        return f"all outcomes are {every}: there is nothing to rank"
    return None


def _measure(scores: Array, counts: Counts, threshold: float) -> dict[str, Measured | None]:
    """None where a metric isn't defined."""
    positives, total = int(counts.positives.sum()), counts.total
    mixed = 0 < positives < total
    found: dict[str, Measured | None] = {
        name: metric(scores, counts) if total and (mixed or name not in RANKING) else None
        for name, metric in paired.METRICS.items()
    }
    picked = int(counts.n[scores >= threshold].sum())
    found["precision"] = paired.precision(scores, counts, threshold) if picked else None
    found["recall"] = paired.recall(scores, counts, threshold) if positives else None
    return found


def _intervals(
    scores: Array, counts: Counts, threshold: float, measured: dict[str, Measured | None]
) -> dict[str, Interval | None]:
    known = performance.measure(scores, counts)
    precise = measured["average_precision"]
    chosen = scores >= threshold
    hits, picked = int(counts.positives[chosen].sum()), int(counts.n[chosen].sum())
    positives = int(counts.positives.sum())
    return {
        "log_loss": known.log_loss,
        "brier": known.brier,
        "auc": known.auc,
        "average_precision": performance.bounded(precise.estimate) if precise else None,
        "ece": known.ece,
        "precision": wilson(hits, picked) if picked else None,
        "recall": wilson(hits, positives) if positives else None,
    }


def _differences(
    own: dict[str, Measured | None], first: dict[str, Measured | None], counts: Counts
) -> dict[str, Difference | None]:
    return {
        name: _difference(name, measured, first[name], counts) for name, measured in own.items()
    }


def _difference(
    name: str, own: Measured | None, first: Measured | None, counts: Counts
) -> Difference | None:
    if own is None or first is None or counts.total < 2:
        return None
    found = (own - first).estimate
    if name in ("precision", "recall"):
        found = _few(found, first)
    interval, margin = found.interval(), verdicts.MARGINS[name]
    verdict = verdicts.choose(interval, margin, lower_is_better=name in verdicts.LOWER_IS_BETTER)
    open_ = verdict == "not enough evidence"
    further = verdicts.further(interval, margin, counts.total) if open_ else 0
    return Difference(interval.value, interval.low, interval.high, verdict, further)


def _few(found: Estimate, measured: Measured) -> Estimate:
    """Shares of few events: as if one more had changed side (after Agresti and Min 2005).

    Where none or hardly any did, the plain variance is 0 or much too small.
    """
    influence, events = measured.parts[0]
    one: Any = np.abs(influence).max(initial=0.0) / events.sum()
    return Estimate(found.value, found.variance + float(one) ** 2)


@dataclass(frozen=True)
class Cell:
    """A version in a period: its log loss, and how far it is from the best version there."""

    version: str
    log_loss: Interval | None  # None without labels
    behind: float | None
    best: bool


def matrix(versions: Sequence[tuple[str, Array]], periods: Sequence[Counts]) -> list[list[Cell]]:
    """Every version in every period: cells[version][period]."""
    losses = [
        [
            performance.loss(scores, counts).interval() if counts.total else None
            for counts in periods
        ]
        for _, scores in versions
    ]
    lowest = [
        min((row[i].value for row in losses if row[i] is not None), default=None)  # type: ignore[union-attr]
        for i in range(len(periods))
    ]
    return [
        [_cell(name, loss, low) for loss, low in zip(row, lowest, strict=True)]
        for (name, _), row in zip(versions, losses, strict=True)
    ]


def _cell(name: str, loss: Interval | None, lowest: float | None) -> Cell:
    if loss is None or lowest is None:
        return Cell(name, None, None, best=False)
    return Cell(name, loss, loss.value - lowest, best=loss.value == lowest)
