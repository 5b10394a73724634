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
