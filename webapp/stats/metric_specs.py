"""The metrics of a comparison: one entry per metric, from which everything that shows it is made.

The page's table and forests, the CSV, the JSON of API and report, the schema and the command all
iterate over ``SPECS``. To add a metric, write a function in ``webapp.stats.paired`` that measures
it and an entry here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from webapp.stats import calibration, margins, paired, verdicts
from webapp.stats.counts import Counts
from webapp.stats.paired import Measurement
from webapp.stats.performance import bounded_interval, rarer_label
from webapp.stats.rates import Interval, wilson
from webapp.stats.verdicts import Choice

Array = NDArray[np.float64]
_PROPER_NAMES = ("Brier",)


@dataclass(frozen=True)
class MetricSpec:
    """One metric of a score table on labelled counts.

    The functions take scores float64[k] and counts over the same k cases, and the threshold as well
    where the metric is ``at_threshold``. ``make_interval`` takes the measured value before them.
    """

    key: str  # in JSON, CSV and the schema
    title: str
    note: str  # under the title; may name fields of a ``Vocabulary`` in braces
    lower_is_better: bool
    is_defined: Callable[..., bool]
    measure: Callable[..., Measurement]  # value and influence, where it is defined
    make_interval: Callable[..., Interval]  # 95 %, of the value of one version
    at_threshold: bool = False
    has_kinks: bool = False  # its influence turns round where a sign changes
    decimals: int = 4

    @property
    def plain_title(self) -> str:
        """The title within a sentence: ``log loss``, ``Brier score``, ``ROC AUC``."""
        first, _, rest = self.title.partition(" ")
        keeps = first.isupper() or first in _PROPER_NAMES
        return self.title if keeps else f"{first.lower()} {rest}".strip()

    def value(self, scores: Array, counts: Counts, threshold: float) -> Measurement | None:
        """The metric of one version, or None where it isn't defined."""
        arguments = self._arguments(scores, counts, threshold)
        return self.measure(*arguments) if self.is_defined(*arguments) else None

    def interval(
        self, measurement: Measurement, scores: Array, counts: Counts, threshold: float
    ) -> Interval:
        """The measured value with its 95 % interval."""
        return self.make_interval(measurement, *self._arguments(scores, counts, threshold))

    def margin(self, base_rate: float) -> float:
        """The smallest difference between two versions that matters."""
        return margins.margin_for(self.key, base_rate)

    def judge(self, difference: Interval, counts: Counts) -> Choice:
        """The verdict on a version by its difference to the reference on these outcomes."""
        if verdicts.find_shortage(counts.total, int(counts.positives.sum())) is not None:
            return "not enough evidence"
        margin = self.margin(counts.base_rate)
        return verdicts.choose(difference, margin, lower_is_better=self.lower_is_better)

    def _arguments(self, scores: Array, counts: Counts, threshold: float) -> tuple[Any, ...]:
        return (scores, counts, threshold) if self.at_threshold else (scores, counts)


def has_outcomes(_scores: Array, counts: Counts) -> bool:
    """True if any outcome is known."""
    return counts.total > 0


def has_both_labels(_scores: Array, counts: Counts) -> bool:
    """True if positives and negatives occur, so that there is something to rank."""
    return 0 < int(counts.positives.sum()) < counts.total


def has_positives(_scores: Array, counts: Counts, _threshold: float) -> bool:
    """True if any outcome is positive."""
    return int(counts.positives.sum()) > 0


def has_picks(scores: Array, counts: Counts, threshold: float) -> bool:
    """True if any labelled event has a score of at least the threshold."""
    return int(counts.n[scores >= threshold].sum()) > 0


def above_0(measurement: Measurement, *_arguments: object) -> Interval:
    """The interval of the normal approximation of a value that can't be negative."""
    interval = measurement.cautious.interval()
    return Interval(interval.value, max(0.0, interval.low), interval.high)


def between_0_and_1(measurement: Measurement, _scores: Array, counts: Counts) -> Interval:
    """The interval of the normal approximation of the log odds."""
    return bounded_interval(measurement.cautious, rarer_label(counts))


def above_noise(_measurement: Measurement, scores: Array, counts: Counts) -> Interval:
    """The interval of the calibration error, to which noise alone gives a size."""
    return calibration.ece(scores, counts)


def share_of_picks(
    _measurement: Measurement, scores: Array, counts: Counts, threshold: float
) -> Interval:
    """Wilson's interval of the share of positives among the picked events."""
    picks = scores >= threshold
    return wilson(int(counts.positives[picks].sum()), int(counts.n[picks].sum()))


def share_of_positives(
    _measurement: Measurement, scores: Array, counts: Counts, threshold: float
) -> Interval:
    """Wilson's interval of the share of picked events among the positives."""
    picks = scores >= threshold
    return wilson(int(counts.positives[picks].sum()), int(counts.positives.sum()))


LOG_LOSS = MetricSpec(
    key="log_loss",
    title="Log loss",
    note="lower is better",
    lower_is_better=True,
    is_defined=has_outcomes,
    measure=paired.log_loss,
    make_interval=above_0,
)
AUC = MetricSpec(
    key="auc",
    title="ROC AUC",
    note="higher is better",
    lower_is_better=False,
    is_defined=has_both_labels,
    measure=paired.area,
    make_interval=between_0_and_1,
)
SPECS = (
    LOG_LOSS,
    MetricSpec(
        key="brier",
        title="Brier score",
        note="lower is better",
        lower_is_better=True,
        is_defined=has_outcomes,
        measure=paired.brier,
        make_interval=above_0,
    ),
    AUC,
    MetricSpec(
        key="average_precision",
        title="Average precision",
        note="higher is better",
        lower_is_better=False,
        is_defined=has_both_labels,
        measure=paired.average_precision,
        make_interval=between_0_and_1,
    ),
    MetricSpec(
        key="ece",
        title="Calibration error",
        note="ECE, lower is better",
        lower_is_better=True,
        is_defined=has_outcomes,
        measure=paired.ece,
        make_interval=above_noise,
        has_kinks=True,
    ),
    MetricSpec(
        key="precision",
        title="Precision",
        note="share of {positives} among the picked",
        lower_is_better=False,
        is_defined=has_picks,
        measure=paired.precision,
        make_interval=share_of_picks,
        at_threshold=True,
    ),
    MetricSpec(
        key="recall",
        title="Recall",
        note="share of {positives} found",
        lower_is_better=False,
        is_defined=has_positives,
        measure=paired.recall,
        make_interval=share_of_positives,
        at_threshold=True,
    ),
)
