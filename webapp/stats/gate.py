"""The gate: may a challenger replace the champion? It is judged on events outside its training.

Both predict the same events, so the difference of their losses is paired. A challenger passes if
the whole interval of that difference lies beyond the margin that matters, and if it doesn't change
too many decisions: a model that is better on average but changes half of them needs a person.

A policy that fired may add evidence of its own (``sure``): a lower bound of the gain that the
challenger's estimator and window had on events before it was fitted on them. It decides if the
held-out events, which are few, are not enough. A challenger that is worse on them never passes.
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
from webapp.stats.rates import Interval, wilson
from webapp.stats.verdicts import Choice

Array = NDArray[np.float64]
GateVerdict = Literal["promote", "keep", "not enough evidence"]

CHURN = 0.05  # share of the traffic whose decision may change
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

    Losses are in nats. ``more`` is the number of further events that would decide ``not enough
    evidence``; None if it is unknown.
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
    sure: float | None = None  # lower bound of the gain in the policy's own evidence, in nats

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
) -> Gate:
    """Judge the challenger's score table against the champion's, on ``held_out`` events.

    All arrays have one entry per case. ``traffic`` weights the decisions that change, and
    ``training_events`` counts the challenger's training events.
    """
    margin = margin_for("log_loss", held_out.base_rate)
    rules = replace(rules or GateRules(), margin=margin)
    losses = [paired.log_loss(s, held_out) for s in (champion, challenger) if held_out.total]
    difference = (losses[1] - losses[0]).cautious.interval() if losses else None
    choice = _choice(difference, held_out, rules, sure)
    churn = _churn(champion, challenger, traffic, rules.threshold)
    return Gate(
        _verdict(choice, churn, rules),
        held_out.total,
        losses[0].value if losses else None,
        losses[1].value if losses else None,
        difference,
        choice,
        _auc(champion, challenger, held_out),
        churn,
        None if training_events is None else int(held_out.n[training_events == 0].sum()),
        _more(difference, choice, rules, held_out),
        rules,
        sure,
    )


def _choice(
    difference: Interval | None, held_out: Counts, rules: GateRules, sure: float | None
) -> Choice:
    if difference is None:
        return _UNDECIDED
    positives = int(held_out.positives.sum())
    enough = verdicts.find_shortage(held_out.total, positives) is None
    choice = (
        verdicts.choose(difference, rules.margin, lower_is_better=True) if enough else _UNDECIDED
    )
    return "better" if choice == _UNDECIDED and sure is not None and sure > 0 else choice


def _verdict(choice: Choice, churn: Interval | None, rules: GateRules) -> GateVerdict:
    if choice == "not enough evidence":
        return "not enough evidence"
    moves_too_many = churn is not None and churn.value > rules.churn
    return "promote" if choice == "better" and not moves_too_many else "keep"


def _churn(
    champion: Array, challenger: Array, traffic: NDArray[np.int64], threshold: float
) -> Interval | None:
    n = int(traffic.sum())
    is_flipped = (champion >= threshold) != (challenger >= threshold)
    return wilson(int(traffic[is_flipped].sum()), n) if n else None


def _auc(champion: Array, challenger: Array, held_out: Counts) -> Interval | None:
    positives = int(held_out.positives.sum())
    if not 0 < positives < held_out.total:
        return None
    areas = [paired.area(scores, held_out) for scores in (champion, challenger)]
    return (areas[1] - areas[0]).cautious.interval()


def _more(
    difference: Interval | None, choice: Choice, rules: GateRules, held_out: Counts
) -> int | None:
    if difference is None or choice != "not enough evidence":
        return None
    least = verdicts.missing(held_out.total, int(held_out.positives.sum()))
    return max(verdicts.further(difference, rules.margin, held_out.total) or 0, least) or None
