"""The one rule of verdicts: the whole interval must lie on one side of the margin."""

from __future__ import annotations

from math import ceil
from typing import Literal

from webapp.stats.rates import Interval

Verdict = Literal["drifted", "stable", "cannot tell"]
Harm = Literal["worse", "better", "no difference that matters", "unknown"]

MARGIN = 0.03  # of shares: three points
SKILL_MARGIN = AUC_MARGIN = 0.01
PAIR_MARGIN = 0.2231435513142098  # ln 1.25: the odds ratio changed by a quarter


def drift(difference: Interval, margin: float = MARGIN) -> Verdict:
    """``drifted`` beyond the margin, ``stable`` within it, or ``cannot tell``."""
    if difference.low > margin or difference.high < -margin:
        return "drifted"
    return "stable" if -margin < difference.low and difference.high < margin else "cannot tell"


def harm(difference: Interval, margin: float, tolerance: float | None = None) -> Harm:
    """The verdict on a change of something of which more is better.

    ``tolerance`` is a loss that must not go unnoticed: an interval that excludes it and doesn't
    show a loss is enough to say that none matters, though smaller ones remain possible.
    """
    if difference.high < -margin:
        return "worse"
    if difference.low > margin:
        return "better"
    is_inside = -margin < difference.low and difference.high < margin
    is_ruled_out = tolerance is not None and difference.low > -tolerance and difference.high >= 0
    return "no difference that matters" if is_inside or is_ruled_out else "unknown"


Choice = Literal["better", "worse", "no difference that matters", "not enough evidence"]


def choose(difference: Interval, margin: float, *, lower_is_better: bool) -> Choice:
    """The verdict on a version by the interval of its difference to the reference."""
    below, above = difference.high < -margin, difference.low > margin
    if below or above:
        return "better" if below == lower_is_better else "worse"
    inside = -margin < difference.low and difference.high < margin
    return "no difference that matters" if inside else "not enough evidence"


def further(difference: Interval, margin: float, n: int) -> int | None:
    """The number of further events that would settle a verdict at this difference.

    The interval narrows with √n until it lies on one side of the nearer edge of the margin. None
    where the difference equals the margin to within a thousandth of it: no number would settle it.
    """
    distance = abs(abs(difference.value) - margin)
    if distance < margin / 1000:
        return None
    return max(0, ceil(n * (difference.half / distance) ** 2 * (1 + 1e-9)) - n)
