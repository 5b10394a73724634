"""Which part of the traffic was counted in a lake."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from webapp.db.schema import Grain, Source
from webapp.services.traffic.pool import Pool, Rows

Parts = Mapping[Grain, list[Rows]]


_LAKE: tuple[Source, ...] = ("lake",)


def read(pool: Pool, begins: Mapping[Grain, int], until: int) -> Parts:
    """The lake's part of what the pool reads; nothing where it has none, or is all of it."""
    if "lake" not in pool.present or pool.sources == _LAKE:
        return {}
    return {grain: pool.read(grain, since, until, _LAKE) for grain, since in begins.items()}


def _events(parts: list[Rows], cases: int) -> Rows:
    rows = np.concatenate([*parts, np.empty((0, 4), np.int64)])
    return rows[rows[:, 1] < cases]
