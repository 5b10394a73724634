"""The rules of verdicts: enough events, and the whole interval on one side of the margin.

The intervals are those of the normal approximation, or close to it. With few events, or few of one
label, it is not to be trusted, so there is no verdict below a floor (``find_shortage``), whatever
the interval says.
"""

from __future__ import annotations

from math import ceil
from typing import Literal

from webapp.grammar import pluralize, quantity
from webapp.stats.rates import Interval

Verdict = Literal["drifted", "stable", "cannot tell"]
Harm = Literal["worse", "better", "no difference that matters", "unknown"]

# Below these there is no verdict; simulations in the tests hold its errors there and above.
FEWEST = 200  # events, for a verdict on shares
FEWEST_OUTCOMES, FEWEST_OF_EACH = 50, 10  # outcomes, and those of either label

MARGIN = 0.03  # of shares: three points
SKILL_MARGIN = AUC_MARGIN = 0.01
PAIR_MARGIN = 0.2231435513142098  # ln 1.25: the odds ratio changed by a quarter


def find_shortage(n: int, positives: int) -> str | None:
    """Why ``n`` outcomes, some of them positive, are too few for any verdict; None if they aren't.

    A clause such as "only 20 outcomes are known, and a verdict needs 50".
    """
    if n < FEWEST_OUTCOMES:
        return (
            f"only {quantity(n, 'outcome')} {_be(n)} known, and a verdict needs {FEWEST_OUTCOMES}"
        )
    for label, count in ((1, positives), (0, n - positives)):
        if count < FEWEST_OF_EACH:
            number = f"only {count:,}" if count else "none"
            return (
                f"{number} of {n:,} outcomes {_be(count)} {label}, and a verdict needs "
                f"{FEWEST_OF_EACH} of each kind"
            )
    return None


def _be(number: int) -> str:
    return pluralize(number, "is", "are")


def missing(n: int, positives: int) -> int:
    """The number of further outcomes that would end a shortage, at the shares known so far."""
    rarer = min(positives, n - positives)
    if rarer >= FEWEST_OF_EACH or not n:
        return max(0, FEWEST_OUTCOMES - n)
    enough = ceil(n * FEWEST_OF_EACH / max(rarer, 1)) - n
    return max(enough, FEWEST_OUTCOMES - n)


def drift(difference: Interval, margin: float = MARGIN, n: int = FEWEST) -> Verdict:
    """``drifted`` beyond the margin, ``stable`` within it, or ``cannot tell``.

    ``n`` is the number of events on the smaller side.
    """
    if n < FEWEST:
        return "cannot tell"
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
