"""The gate: may a challenger replace the champion? It is judged on events outside its training.

Both predict the same events, so the difference of their losses is paired. The rule, in this order:

1. Held-out events that all have the same label are no evidence, whatever else is known: outcomes
   of one kind may simply come sooner.
2. The whole interval of the difference lies beyond the margin that matters: the challenger is
   promoted, however many decisions change. A gain that was seen on held-out events is sure.
3. It is worse, or the difference doesn't matter: the champion stays, whatever a policy believes.
4. The interval decides nothing, but a policy that fired counts on a gain (``sure``): the lower
   bound of that which the challenger's estimator and window had on events before it was fitted on
   them, or what twice the data are expected to gain. It is promoted if the held-out events bear
   that out, their own estimate being beyond the margin, or if it changes no more decisions than the
   cap. Else a person decides: the recipe is better for sure, and nothing shows that this model of
   it is.
5. Otherwise there is not enough evidence.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import nan
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from webapp.stats import paired, verdicts
from webapp.stats.counts import Counts
from webapp.stats.margins import margin_for
from webapp.stats.metric_specs import AUC
from webapp.stats.rates import Interval, wilson
from webapp.stats.simultaneous import ALONE, Reach
from webapp.stats.verdicts import Choice

Array = NDArray[np.float64]
GateVerdict = Literal["promote", "ask", "keep", "not enough evidence"]  # ask: a person decides

# Share of the traffic whose decision may change without a sure gain on held-out events
CHURN = 0.05
THRESHOLD = 0.2  # of decisions; the same as on Compare
_UNDECIDED: Choice = "not enough evidence"


@dataclass(frozen=True)
class GateRules:
    """The thresholds that a challenger must pass."""

    margin: float = margin_for("log_loss", nan)  # by the base rate, once there are events
    churn: float = CHURN
    threshold: float = THRESHOLD


@dataclass(frozen=True)
class Gate:
    """The verdict with its reasons. Differences are challenger − champion, with 95 % intervals.

    The intervals hold for all of so many ``versions`` at once. Losses are in nats. ``more`` is the
    number of further events that would decide ``not enough evidence``; None if it is unknown.
    """

    verdict: GateVerdict
    n: int
    champion_loss: float | None
    challenger_loss: float | None
    log_loss: Interval | None  # None without events
    loss_verdict: Choice
    auc: Interval | None  # None if all labels are the same
    churn: Interval | None
    unseen: int | None  # events in cases that the challenger was never trained on
    more: int | None
    rules: GateRules
    sure: float | None = None  # the gain that the policy counts on, in nats
    is_one_sided: bool = False  # True if there are events, and all have the same label
    auc_verdict: Choice | None = None  # None if the AUC is unknown
    versions: int = 1  # that are judged against the champion

    @property
    def exceeds_cap(self) -> bool:
        """True if it is promoted although more decisions change than the cap."""
        return self.verdict == "promote" and not self.within_cap

    @property
    def within_cap(self) -> bool:
        """True if few enough decisions change."""
        return self.churn is None or self.churn.value <= self.rules.churn


def judge(
    champion: Array,
    challenger: Array,
    held_out: Counts,
    traffic: NDArray[np.int64],
    rules: GateRules | None = None,
    training_events: NDArray[np.int64] | None = None,
    sure: float | None = None,
    served_scores: Array | None = None,
    reach: Reach = ALONE,
) -> Gate:
    """Judge the challenger's score table against the champion's, on ``held_out`` events.

    All arrays have one entry per case. ``traffic`` weights the decisions that change, and
    ``training_events`` counts the challenger's training events. ``served_scores`` is the table that
    would answer in the challenger's place, if it was fitted again: its decisions are counted.
    ``reach`` is that of the intervals, if the challenger is one of several.
    """
    margin = margin_for("log_loss", held_out.base_rate)
    rules = replace(rules or GateRules(), margin=margin)
    losses = [paired.log_loss(s, held_out) for s in (champion, challenger) if held_out.total]
    estimate = (losses[1] - losses[0]).cautious if losses else None
    difference = None if estimate is None else estimate.interval(reach.log_loss)
    own_choice = _choice(difference, held_out, rules)
    rests_on_policy = (
        own_choice == _UNDECIDED and _has_both_labels(held_out) and sure is not None and sure > 0
    )
    choice: Choice = "better" if rests_on_policy else own_choice
    table = challenger if served_scores is None else served_scores
    churn = _churn(champion, table, traffic, rules.threshold)
    is_free = not rests_on_policy or _bears_out(difference, held_out, rules)
    area = _auc(champion, challenger, held_out, reach)
    return Gate(
        _verdict(choice, may_change=is_free or churn is None or churn.value <= rules.churn),
        held_out.total,
        losses[0].value if losses else None,
        losses[1].value if losses else None,
        difference,
        choice,
        area,
        churn,
        None if training_events is None else int(held_out.n[training_events == 0].sum()),
        _more(difference, choice, rules, held_out),
        rules,
        sure,
        held_out.total > 0 and not _has_both_labels(held_out),
        None if area is None else AUC.judge(area, held_out),
        reach.versions,
    )


def _choice(difference: Interval | None, held_out: Counts, rules: GateRules) -> Choice:
    """What the held-out events alone say."""
    if difference is None or not _is_enough(held_out):
        return _UNDECIDED
    return verdicts.choose(difference, rules.margin, lower_is_better=True)


def _is_enough(held_out: Counts) -> bool:
    return verdicts.find_shortage(held_out.total, int(held_out.positives.sum())) is None


def _has_both_labels(held_out: Counts) -> bool:
    return 0 < int(held_out.positives.sum()) < held_out.total


def _bears_out(difference: Interval | None, held_out: Counts, rules: GateRules) -> bool:
    """True if the estimate on enough held-out events is a gain beyond the margin."""
    enough = _is_enough(held_out)
    return difference is not None and enough and difference.value < -rules.margin


def _verdict(choice: Choice, *, may_change: bool) -> GateVerdict:
    if choice == "not enough evidence":
        return "not enough evidence"
    if choice == "better":
        return "promote" if may_change else "ask"
    return "keep"


def _churn(
    champion: Array, challenger: Array, traffic: NDArray[np.int64], threshold: float
) -> Interval | None:
    n = int(traffic.sum())
    is_flipped = (champion >= threshold) != (challenger >= threshold)
    return wilson(int(traffic[is_flipped].sum()), n) if n else None


def _auc(champion: Array, challenger: Array, held_out: Counts, reach: Reach) -> Interval | None:
    if not _has_both_labels(held_out):
        return None
    areas = [paired.area(scores, held_out) for scores in (champion, challenger)]
    return (areas[1] - areas[0]).cautious.interval(reach.auc)


def _more(
    difference: Interval | None, choice: Choice, rules: GateRules, held_out: Counts
) -> int | None:
    if difference is None or choice != "not enough evidence" or not _has_both_labels(held_out):
        return None
    least = verdicts.missing(held_out.total, int(held_out.positives.sum()))
    return max(verdicts.further(difference, rules.margin, held_out.total) or 0, least) or None
