"""Which of the traffic that the Drift page shows was counted in a lake."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from webapp.db.schema import LENGTHS, Grain
from webapp.services.drift.answer import Answer
from webapp.services.traffic.lake_share import _LAKE, Parts, _events


def told(answer: Answer, parts: Parts) -> Answer:
    """With the lake's share of the window and of every point."""
    if answer.sources == _LAKE and answer.window is not None:
        points = answer.shown
        whole = np.stack([points.n, points.labelled], axis=1) if points is not None else None
        return replace(answer, in_lake=answer.window.total, lake=whole)
    if not parts:
        return answer
    asked, inputs = answer.question, answer.features.cases
    counted = _events(parts[asked.grain], inputs)
    inside = (counted[:, 0] >= asked.since) & (counted[:, 0] < asked.until)
    answer = replace(answer, in_lake=int(counted[inside, 3].sum()))
    if answer.shown is None:
        return answer
    fine: Grain = "hour" if answer.every == LENGTHS["hour"] else "day"
    begins, rows = answer.shown.begins, _events(parts[fine], inputs)
    place = np.searchsorted(begins, rows[:, 0], side="right") - 1
    shown = (place >= 0) & (rows[:, 0] < asked.until)
    known = shown & (rows[:, 2] >= 0)
    sums = [
        np.bincount(place[chosen], weights=rows[chosen, 3], minlength=len(begins))
        for chosen in (shown, known)
    ]
    return replace(answer, lake=np.stack(sums, axis=1).astype(np.int64))
