"""Performance of scores on labelled events, with intervals: exact sums over the cases."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log, sqrt

import numpy as np
from numpy.typing import NDArray

from webapp.stats import calibration, shares, verdicts
from webapp.stats.bounded import bounded_mean
from webapp.stats.counts import Counts
from webapp.stats.influence import (
    Estimate,
    cells,
    half_event,
    mean,
    mean_loss,
    occurring,
    tail,
    variance,
)
from webapp.stats.margins import entropy
from webapp.stats.metrics import EPSILON, auc
from webapp.stats.rates import Z95, Interval
from webapp.stats.scored_counts import ScoredCounts

Array = NDArray[np.float64]
_LARGEST = 700.0  # whose exponential is a float


@dataclass(frozen=True)
class Performance:
    """Metrics of labelled events; unknown ones are None, and ``statement`` is the reason.

    Log loss is in nats. ``guessing`` is the log loss of always predicting the base rate, and
    ``skill`` is 1 − log loss / guessing.
    """

    n: int
    base_rate: Interval | None = None
    log_loss: Interval | None = None
    brier: Interval | None = None
    auc: Interval | None = None
    ece: Interval | None = None
    slope: Interval | None = None
    intercept: Interval | None = None
    guessing: float | None = None
    skill: Interval | None = None
    statement: str | None = None


@dataclass(frozen=True)
class Expected:
    """Counts that are expected values, not whole numbers: float64[k] each."""

    n: Array
    positives: Array

    @classmethod
    def promised(cls, scores: Array, events: NDArray[np.int64]) -> Expected:
        """Events int64[k] of which as many are positive as their scores say."""
        p = np.clip(scores, EPSILON, 1 - EPSILON)
        return cls(events.astype(np.float64), events * p)

    @classmethod
    def scaled(cls, counts: Counts | Expected, total: float) -> Expected:
        """The same shares of so many events in all. There must be events."""
        factor = total / float(counts.n.sum())
        return cls(
            *(np.asarray(part * factor, np.float64) for part in (counts.n, counts.positives))
        )

    @property
    def base_rate(self) -> float:
        """Expected share of positive labels."""
        return float(self.positives.sum() / self.n.sum())


def measure(scores: Array, counts: Counts) -> Performance:
    """All metrics of scores float64[k] on the labelled counts of the same cases."""
    n, positives = counts.total, int(counts.positives.sum())
    if n == 0:
        return Performance(0, statement="no outcomes are known yet")
    basic = {
        "base_rate": shares.measure(positives, n),
        "log_loss": _interval_of_mean(loss_cells(scores), counts),
        "brier": _interval_of_mean(brier_cells(scores), counts),
        "ece": calibration.ece(scores, counts),
    }
    if positives in (0, n):
        statement = f"all outcomes are {1 if positives else 0}: there is nothing to rank"
        return Performance(n, **basic, guessing=0.0, statement=statement)
    rate = positives / n
    line = calibration.fit(scores, counts)
    return Performance(
        n,
        **basic,
        auc=auc_interval(scores, counts),
        slope=line.slope if line else None,
        intercept=line.intercept if line else None,
        guessing=entropy(rate),
        skill=skill(scores, counts).interval(),
        statement=None if line else "the scores don't vary enough to judge their calibration",
    )


def _interval_of_mean(losses: Array, counts: Counts) -> Interval:
    """The mean of losses float64[k, 2]; its interval is exact where no verdict is given."""
    plain = mean_loss(losses, cells(counts))
    if verdicts.find_shortage(counts.total, int(counts.positives.sum())) is None:
        return plain.interval()
    return bounded_mean(plain.value, counts.total, float(losses.min()), float(losses.max()))


def loss_cells(scores: Array) -> Array:
    """Log loss of one event by case and label: float64[k, 2], in nats."""
    p = np.clip(scores, EPSILON, 1 - EPSILON)
    return -np.stack([np.log1p(-p), np.log(p)], axis=1)


def brier_cells(scores: Array) -> Array:
    """Squared error of one event by case and label: float64[k, 2]."""
    return np.stack([scores**2, (1 - scores) ** 2], axis=1)


def loss(scores: Array, counts: Counts) -> Estimate:
    """The mean log loss with its variance in the sample."""
    return mean(loss_cells(scores), cells(counts))


def loss_interval(scores: Array, counts: Counts, apart: float = 0.0) -> Interval:
    """The mean log loss with its interval, which allows for rare large losses.

    ``apart`` as in ``mean_loss``.
    """
    return mean_loss(loss_cells(scores), cells(counts), apart).interval()


def skill(scores: Array, counts: Counts | Expected) -> Estimate:
    """Skill, 1 − log loss / entropy of the base rate; both labels must occur.

    Loss and base rate come from the same events, so the variance is that of their joint influence.
    """
    events = cells(counts)  # type: ignore[arg-type]
    rate, losses = counts.base_rate, loss_cells(scores)
    level, guess = mean(losses, events).value, entropy(rate)
    slope = log((1 - rate) / rate)  # of the entropy
    influence = -losses / guess + level / guess**2 * slope * np.array([0.0, 1.0])
    extra = half_event(influence[occurring(events)], float(events.sum()))
    extra += tail(losses, events) / guess**2
    return Estimate(1 - level / guess, variance(influence, events) + extra)


def optimism(
    scores: Array, training: Counts | None, out_of_fold: ScoredCounts | None
) -> tuple[float, float] | None:
    """Skill on the events that scores float64[k] were fitted on, and out of fold.

    None where one of them is unknown, or a label doesn't occur.
    """
    if training is None or out_of_fold is None or rarer_label(training) == 0:
        return None
    honest = skill(out_of_fold.scores, out_of_fold.counts)
    return skill(scores, training).value, honest.value


def ranks(scores: Array, counts: Counts) -> tuple[Array, Array]:
    """The shares of negatives scored below each case and of positives above: float64[k] each.

    Ties count half; they are the placement values of DeLong et al. 1988.
    """
    values, group = np.unique(scores, return_inverse=True)
    positives = np.bincount(group, weights=counts.positives, minlength=len(values))
    negatives = np.bincount(group, weights=counts.n - counts.positives, minlength=len(values))
    below = (np.cumsum(negatives) - negatives / 2) / max(negatives.sum(), 1)
    above = 1 - (np.cumsum(positives) - positives / 2) / max(positives.sum(), 1)
    return below[group], above[group]


def auc_estimate(scores: Array, counts: Counts) -> Estimate:
    """Area under the ROC curve with the variance of DeLong et al. 1988; both labels must occur."""
    parts = _auc_parts(scores, counts)
    return Estimate(auc(scores, counts), sum(variance(*part) for part in parts))


def auc_interval(scores: Array, counts: Counts) -> Interval:
    """Area under the ROC curve with its interval; both labels must occur."""
    plain, occurs = auc_estimate(scores, counts), counts.n > 0
    extra = sum(
        half_event(rank[occurs], float(events.sum())) for rank, events in _auc_parts(scores, counts)
    )
    return bounded_interval(Estimate(plain.value, plain.variance + extra), rarer_label(counts))


def _auc_parts(scores: Array, counts: Counts) -> tuple[tuple[Array, NDArray[np.int64]], ...]:
    """Influence and events of positives and of negatives."""
    below, above = ranks(scores, counts)
    return (below, counts.positives), (above, counts.n - counts.positives)


def bounded_interval(estimate: Estimate, n: float) -> Interval:
    """The interval of a value between 0 and 1, by its log odds, so that it stays in that range.

    At 0 and 1 there are no log odds, nor is there variance in the sample: there it is Wilson's of
    ``n`` events of which none, or all, are positive.
    """
    value = estimate.value
    if not 0 < value < 1:
        reach = Z95**2 / (n + Z95**2)
        return Interval(value, 0.0, reach) if value <= 0 else Interval(value, 1 - reach, 1.0)
    half = Z95 * sqrt(estimate.variance) / (value * (1 - value))
    centre = log(value / (1 - value))
    return Interval(value, _expit(centre - half), _expit(centre + half))


def _expit(x: float) -> float:
    """1 / (1 + exp(-x)), also where exp(-x) is too large for a float."""
    return 1 / (1 + exp(-x)) if x > -_LARGEST else 0.0


def rarer_label(counts: Counts) -> int:
    """The number of events of the label that occurs less often."""
    positives = int(counts.positives.sum())
    return min(positives, counts.total - positives)


@dataclass(frozen=True)
class Estimated:
    """Performance without labels, if the scores are calibrated: no evidence that they still are.

    The intervals hold what would be measured in 95 of 100 windows of the same events, if
    behaviour didn't change.
    """

    n: int
    log_loss: Interval | None = None
    auc: Interval | None = None
    assumes: str = "behaviour didn't change"


def estimate(scores: Array, events: NDArray[np.int64]) -> Estimated:
    """Confidence-based estimation (CBPE, as NannyML names it) on events without their labels.

    Each event counts as a positive to the extent of its score. The cases are fixed; only the labels
    are random, independently of each other.
    """
    n = int(events.sum())
    if n == 0:
        return Estimated(0)
    p = np.clip(scores, EPSILON, 1 - EPSILON)
    losses, noise = loss_cells(scores), events * p * (1 - p)
    level = float((events * ((1 - p) * losses[:, 0] + p * losses[:, 1])).sum() / n)
    spread = float((noise * (losses[:, 1] - losses[:, 0]) ** 2).sum()) / n**2
    spread += half_event(losses[events > 0], n)
    return Estimated(n, Estimate(level, spread).interval(), _estimate_auc(p, events))


def _estimate_auc(p: Array, events: NDArray[np.int64]) -> Interval | None:
    """AUC of calibrated scores with the interval that labels at random give it.

    None if all scores tie, or fewer events of a label are to be expected than any verdict needs.
    """
    n, positives = int(events.sum()), float((events * p).sum())
    rarer = min(positives, n - positives)
    if len(np.unique(p[events > 0])) < 2 or rarer < verdicts.FEWEST_OF_EACH:
        return None  # one score ranks nothing
    counts = Expected.promised(p, events)
    below, above = ranks(p, counts)  # type: ignore[arg-type]
    value = auc(p, counts)  # type: ignore[arg-type]
    moves = (below - value) / positives - (above - value) / (n - positives)
    spread = float((events * p * (1 - p) * moves**2).sum())
    spread += half_event(below[events > 0], positives) + half_event(
        above[events > 0], n - positives
    )
    return bounded_interval(Estimate(value, spread), rarer)
