"""May labelled rows of a file be judged, given how many of their labels are missing?

Where the rows of one class lost their labels, what is left is one-sided: it favours the version
with the higher scores, or the lower ones, whatever they are worth.
"""

from __future__ import annotations

from webapp.grammar import pluralize, quantity
from webapp.stats.counts import Counts

# Of the rows of the rarer class: so many unreadable labels could change what is said of it.
_UNREADABLE = 0.05
# A rarer class of less than this share that is also outnumbered by blanks may be hidden in them.
_RARE = 0.01


def find_gap(counts: Counts, unreadable: int, unknown: int) -> str | None:
    """Why these rows can't be judged, as a clause; None if they can.

    ``counts`` are the rows with a label; ``unreadable`` rows were left out because of their label
    alone, and ``unknown`` ones have none.
    """
    positives = int(counts.positives.sum())
    rarer = min(positives, counts.total - positives)
    rarer_label = 1 if positives <= counts.total - positives else 0
    if unreadable > _UNREADABLE * rarer:
        return (
            f"the {pluralize(unreadable, 'label')} of {quantity(unreadable, 'row')} can't be read, "
            f"and only {quantity(rarer, 'row')} of those left {pluralize(rarer, 'has', 'have')} "
            f"label {rarer_label}: what is left may be one-sided"
        )
    if unknown > rarer and rarer < _RARE * counts.total:
        return (
            f"{quantity(unknown, 'row')} {pluralize(unknown, 'has', 'have')} no label, and only "
            f"{rarer:,} of {counts.total:,} {pluralize(rarer, 'has', 'have')} label {rarer_label}: "
            "if blank stands for one of the classes, write it as 0 or 1"
        )
    return None
