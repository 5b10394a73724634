"""The part of a drift report's traffic that was counted in a lake."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from webapp.db.schema import LENGTHS, Grain
from webapp.services.drift.answer import Scope
from webapp.services.traffic.lake_share import LAKE_ONLY, Parts, join_rows
from webapp.stats.drift import Window
from webapp.stats.series import Series


def count_in_window(scope: Scope, parts: Parts, window: Window) -> int:
    """The window's events that were counted in a lake."""
    if scope.sources == LAKE_ONLY:
        return window.total
    if not parts:
        return 0
    question = scope.question
    rows = join_rows(parts[question.grain], scope.features.cases)
    inside = (rows[:, 0] >= question.since) & (rows[:, 0] < question.until)
    return int(rows[inside, 3].sum())


def count_by_period(
    scope: Scope, parts: Parts, series: Series, every: int
) -> NDArray[np.int64] | None:
    """Events counted in a lake, and those of them with a known outcome: int64[period, 2].

    None where no traffic comes from a lake.
    """
    if scope.sources == LAKE_ONLY:
        return np.stack([series.n, series.labelled], axis=1)
    if not parts:
        return None
    grain: Grain = "hour" if every == LENGTHS["hour"] else "day"
    rows = join_rows(parts[grain], scope.features.cases)
    place = np.searchsorted(series.begins, rows[:, 0], side="right") - 1
    in_period = (place >= 0) & (rows[:, 0] < scope.question.until)
    has_outcome = in_period & (rows[:, 2] >= 0)
    sums = [
        np.bincount(place[mask], weights=rows[mask, 3], minlength=len(series.begins))
        for mask in (in_period, has_outcome)
    ]
    return np.stack(sums, axis=1).astype(np.int64)
