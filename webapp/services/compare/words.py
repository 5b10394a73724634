"""Texts about a comparison that the page, the report, the API and the command have in common."""

from __future__ import annotations

from webapp.grammar import quantity
from webapp.stats.verdicts import Choice

VERDICTS: dict[Choice, str] = {
    "better": "Better",
    "worse": "Worse",
    "no difference that matters": "No difference that matters",
    "not enough evidence": "Inconclusive",
}
AT_MARGIN = "the difference sits at the margin, so more data won't settle it"


def more_outcomes(further: int | None) -> str:
    """The number of further outcomes that would settle an open verdict; None: none would."""
    if further is None:
        return AT_MARGIN
    return f"about {quantity(_round(further), 'more outcome')} would decide it at this difference"


def _round(count: int) -> int:
    """The count to two significant figures, as it is a guess."""
    step = int(10 ** max(0, len(str(count)) - 2))
    return max(step, round(count / step) * step)


def describe_reach(versions: int) -> str:
    """A sentence on the intervals of so many versions; empty for one, which stands alone."""
    if versions < 2:
        return ""
    return (
        f"The intervals of all {versions} versions hold at once: in 95 of 100 samples none of a "
        "metric is wrong (max-t)."
    )


def describe_group_tests(comparisons: int) -> str:
    """A sentence on the verdicts on groups, of so many comparisons in all; empty for none."""
    if not comparisons:
        return ""
    among = f"among {comparisons} comparisons" if comparisons > 1 else "in this comparison"
    return f"At most a 5 % chance of any false better or worse {among} (Holm)."
