"""The one rule of verdicts: a whole interval on one side of the margin that matters."""

from __future__ import annotations

from typing import Literal

from webapp.stats.rates import Interval

Verdict = Literal["drifted", "stable", "cannot tell"]
Harm = Literal["worse", "better", "no difference that matters", "cannot tell"]

MARGIN = 0.03  # of shares: three points
SKILL_MARGIN = 0.01
PAIR_MARGIN = 0.2231435513142098  # ln 1.25: the odds ratio changed by a quarter


def drift(difference: Interval, margin: float = MARGIN) -> Verdict:
    """``drifted`` beyond the margin, ``stable`` within it, or ``cannot tell``."""
    if difference.low > margin or difference.high < -margin:
        return "drifted"
    return "stable" if -margin < difference.low and difference.high < margin else "cannot tell"


def harm(difference: Interval, margin: float) -> Harm:
    """The same of something of which more is better."""
    if difference.high < -margin:
        return "worse"
    if difference.low > margin:
        return "better"
    inside = -margin < difference.low and difference.high < margin
    return "no difference that matters" if inside else "cannot tell"
