"""The part of the traffic that was counted in a lake."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from webapp.db.schema import Grain, Source
from webapp.services.traffic.pool import Rows, TrafficPool

Parts = Mapping[Grain, list[Rows]]

LAKE_ONLY: tuple[Source, ...] = ("lake",)


def read(pool: TrafficPool, begins: Mapping[Grain, int], until: int) -> Parts:
    """Read the lake's part of the pool's traffic, by grain; empty if it is none or all of it."""
    if "lake" not in pool.present or pool.sources == LAKE_ONLY:
        return {}
    return {grain: pool.read(grain, since, until, LAKE_ONLY) for grain, since in begins.items()}


def join_rows(parts: list[Rows], cases: int) -> Rows:
    """The counts of all versions as rows (period, case, label, n): int64[rows, 4]."""
    rows = np.concatenate([*parts, np.empty((0, 4), np.int64)])
    return rows[rows[:, 1] < cases]
