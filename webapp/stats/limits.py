"""What keeps a verdict open: events of the window or of the baseline, or known outcomes.

Numbers are planned as those of harm are: to rule out what matters in 80 % of the samples in which
nothing changed; where there are that many and it is still open, by the present estimate. The
variance of a difference is taken to fall as a / n + b / m, for n events now and m before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Literal

import numpy as np

from webapp.stats.harm import Judgement, distance
from webapp.stats.inputs import Feature
from webapp.stats.performance import Performance
from webapp.stats.rates import Z80, Z95
from webapp.stats.verdicts import FEWEST, FEWEST_OF_EACH, FEWEST_OUTCOMES

Side = Literal["window events", "baseline events", "window outcomes", "baseline outcomes"]
_MOST = 10**9  # more would say nothing
_PLANNED = Z95 / (Z95 + Z80)  # of the margin: half of an interval that rules it out in 80 %
_LEAST_VARIANCE = 1e-4  # of a share: that of 0.01 %


@dataclass(frozen=True)
class Limit:
    """What there is too little of, how many there are, and how many more would do.

    Two limits of the same kind are meant together. ``more`` is None where no number is sure to do.
    """

    of: Side
    have: int
    more: int | None


def limits_of_inputs(rows: Sequence[Feature], n: int, m: int, margin: float) -> tuple[Limit, ...]:
    """What keeps verdicts on inputs open, with n events in the window and m in the baseline.

    Empty if none is open. One side is named if more of it alone would do; the one that takes less.
    """
    if min(n, m) < FEWEST:
        sides: list[tuple[Side, int]] = [("window events", n), ("baseline events", m)]
        return tuple(Limit(of, have, FEWEST - have) for of, have in sides if have < FEWEST)
    rows = [row for row in rows if row.verdict == "cannot tell"]
    if not rows:
        return ()
    parts = np.array([_variances(row, n, m) for row in rows])
    room = np.array([_target(row, margin) for row in rows]) ** 2
    return _plan(parts, room, (n, m), ("window events", "baseline events"))


def _variances(row: Feature, n: int, m: int) -> tuple[float, float]:
    """What both sides add to the squared half width of the difference's interval."""
    now, before = (
        max(side.value * (1 - side.value), _LEAST_VARIANCE) / size
        for side, size in ((row.window, n), (row.baseline, m))
    )
    scale = row.difference.half**2 / (now + before)
    return now * scale, before * scale


def _target(row: Feature, margin: float) -> float:
    """Half of the width at which an input's interval is planned to be conclusive."""
    if row.difference.half > margin * _PLANNED:
        return margin * _PLANNED
    return abs(abs(row.difference.value) - margin)


def limits_of_harm(judgement: Judgement) -> tuple[Limit, ...]:
    """What keeps the verdict on harm open; empty if it isn't, or where nothing is compared."""
    before, now = judgement.baseline, judgement.window
    if judgement.verdict != "unknown" or judgement.reference is None:
        return ()
    if judgement.outcomes_needed is not None:
        more = max(judgement.outcomes_needed - now.n, 1)
        return (Limit("window outcomes", now.n, more),)
    if judgement.tolerance is None or before.skill is None:
        return (Limit("baseline outcomes", before.n, _fewest(before)),)
    variance = before.skill.half**2
    has_both = now.skill is not None and judgement.skill is not None
    own = now.skill.half**2 if now.skill is not None else variance * before.n / max(now.n, 1)
    target = judgement.tolerance * _PLANNED
    if judgement.skill is not None and has_both and variance + own <= target**2:
        target = distance(judgement.skill, judgement.tolerance)
    parts, room = np.array([[own, variance]]), np.array([target**2])
    sides: tuple[Side, Side] = ("window outcomes", "baseline outcomes")
    return _plan(parts, room, (max(now.n, 1), before.n), sides, is_last=True)


def _fewest(performance: Performance) -> int:
    """How many more outcomes are needed for any verdict, at the rate of now."""
    n, rate = performance.n, performance.base_rate
    rarer = 0.0 if rate is None else n * min(rate.value, 1 - rate.value)
    enough = n * FEWEST_OF_EACH / max(rarer, 1.0) if n else 0.0
    return max(FEWEST_OUTCOMES - n, ceil(enough - n - 1e-9), 1)


def _plan(
    parts: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
    room: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
    sizes: tuple[int, int],
    sides: tuple[Side, Side],
    *,
    is_last: bool = False,
) -> tuple[Limit, ...]:
    """The side, or both, of which more make all squared half widths at most ``room`` float64[r].

    ``parts`` float64[r, 2] is what both sides add to each now. ``is_last``: more of the first side
    alone are known not to do.
    """
    alone: list[int | None] = []
    for side in (0, 1):
        rest = room - parts[:, 1 - side]
        factor = parts[:, side] / np.where(rest > 0, rest, np.nan)
        alone.append(_further(float(factor.max()), sizes[side]) if (rest > 0).all() else None)
    if is_last:
        alone[0] = None
    pairs = [(more, side) for side, more in enumerate(alone) if more is not None]
    if pairs:
        more, side = min(pairs)
        return (Limit(sides[side], sizes[side], more),)
    factors = (2 * parts / np.maximum(room, 1e-18)[:, None]).max(axis=0)
    both = [_further(float(factors[side]), sizes[side]) for side in (0, 1)]
    return tuple(Limit(sides[i], sizes[i], both[i]) for i in (0, 1))


def _further(factor: float, size: int) -> int | None:
    return max(ceil(size * factor) - size, 1) if factor * size < _MOST else None
