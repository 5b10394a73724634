"""May a challenger replace the champion? Judged on events that it was not trained on.

Both meet the same events, so the difference of their losses is paired. A challenger passes when
the whole interval of that difference lies beyond the margin that matters, and when it does not turn
too many decisions over: a model that is better on average and moves half of them needs a person.

A policy that fired may bring evidence of its own (``sure``): a bound on the gain that challengers
of this make had on events before they were fitted to them. It decides where the held-out events
alone, which are few, decide nothing; it never outweighs a challenger that is worse on them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from webapp.stats import metric_specs, paired, verdicts
from webapp.stats.counts import Counts
from webapp.stats.rates import Interval, wilson
from webapp.stats.verdicts import Choice

Array = NDArray[np.float64]
Verdict = Literal["promote", "keep", "not enough evidence"]

CHURN = 0.05  # share of the traffic that may change side
THRESHOLD = 0.2  # at which sides are taken; the same as on Compare
_UNDECIDED: Choice = "not enough evidence"
FEWEST = 200  # events below which the interval of a difference is not what it says


@dataclass(frozen=True)
class Rules:
    """What a challenger has to pass."""

    margin: float = metric_specs.LOG_LOSS.margin
    churn: float = CHURN
    threshold: float = THRESHOLD


@dataclass(frozen=True)
class Gate:
    """The verdict with its reasons. Differences are challenger − champion, with 95 % intervals.

    ``more`` is how many more events would settle ``not enough evidence``; None: nobody knows.
    """

    verdict: Verdict
    n: int
    champion_loss: float | None
    challenger_loss: float | None
    log_loss: Interval | None  # None without events
    loss_verdict: Choice
    auc: Interval | None  # None where one label is missing
    churn: Interval | None
    unseen: int | None  # of the events, how many are of cases that it was never trained on
    more: int | None
    rules: Rules
    sure: float | None = None  # what the policy's own evidence says the gain is at least, in nats

    @property
    def within_cap(self) -> bool:
        """Do few enough change side?"""
        return self.churn is None or self.churn.value <= self.rules.churn


def judge(
    champion: Array,
    challenger: Array,
    held_out: Counts,
    traffic: NDArray[np.int64],
    rules: Rules | None = None,
    trained: NDArray[np.int64] | None = None,
    sure: float | None = None,
) -> Gate:
    """Score tables of both; outcomes that the challenger was not trained on; who comes at all.

    ``traffic`` decides how many change side, ``trained`` holds the challenger's training events by
    case.
    """
    rules = rules or Rules()
    losses = [paired.log_loss(s, held_out) for s in (champion, challenger) if held_out.total]
    difference = (losses[1] - losses[0]).estimate.interval() if losses else None
    found = _choice(difference, held_out.total, rules, sure)
    churn = _churn(champion, challenger, traffic, rules.threshold)
    return Gate(
        _verdict(found, churn, rules),
        held_out.total,
        losses[0].value if losses else None,
        losses[1].value if losses else None,
        difference,
        found,
        _auc(champion, challenger, held_out),
        churn,
        None if trained is None else int(held_out.n[trained == 0].sum()),
        _more(difference, found, rules, held_out.total),
        rules,
        sure,
    )


def _choice(difference: Interval | None, n: int, rules: Rules, sure: float | None) -> Choice:
    if difference is None:
        return _UNDECIDED
    enough = n >= FEWEST
    found = (
        verdicts.choose(difference, rules.margin, lower_is_better=True) if enough else _UNDECIDED
    )
    return "better" if found == _UNDECIDED and sure is not None and sure > 0 else found


def _verdict(found: Choice, churn: Interval | None, rules: Rules) -> Verdict:
    if found == "not enough evidence":
        return "not enough evidence"
    moves_too_many = churn is not None and churn.value > rules.churn
    return "promote" if found == "better" and not moves_too_many else "keep"


def _churn(
    champion: Array, challenger: Array, traffic: NDArray[np.int64], threshold: float
) -> Interval | None:
    n = int(traffic.sum())
    changed = (champion >= threshold) != (challenger >= threshold)
    return wilson(int(traffic[changed].sum()), n) if n else None


def _auc(champion: Array, challenger: Array, held_out: Counts) -> Interval | None:
    positives = int(held_out.positives.sum())
    if not 0 < positives < held_out.total:
        return None
    areas = [paired.area(scores, held_out) for scores in (champion, challenger)]
    return (areas[1] - areas[0]).estimate.interval()


def _more(difference: Interval | None, found: Choice, rules: Rules, n: int) -> int | None:
    if difference is None or found != "not enough evidence":
        return None
    return max(verdicts.further(difference, rules.margin, n) or 0, FEWEST - n) or None
