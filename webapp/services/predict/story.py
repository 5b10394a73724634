"""The case that a visitor sees first: one in which training backs what the version says.

The same rule, and the examples that go on from there, are in assets/js/45-side.js.
"""

from __future__ import annotations

import numpy as np

from webapp.catalog.prepared import Prepared
from webapp.stats.rates import wilson

BACKED = 20  # training rows from which on a case tells something


def opening_case(prepared: Prepared) -> int:
    """The case with a score within its observed interval that says most; 0 if there is none.

    That is the one with the most training rows, times its distance from the base rate.
    """
    counts = prepared.baseline
    if counts is None or not counts.total:
        return 0
    best, weight = 0, 0.0
    for case in map(int, np.flatnonzero(counts.n >= BACKED)):
        score, n = float(prepared.scores[case]), int(counts.n[case])
        interval = wilson(int(counts.positives[case]), n)
        backs = interval.low <= score <= interval.high
        if backs and n * abs(score - counts.base_rate) > weight:
            best, weight = case, n * abs(score - counts.base_rate)
    return best
