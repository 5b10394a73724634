"""The grid of all cases in Gray code order, for the maps of several pages."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from webapp.cases import Features
from webapp.components.figure import Figure, note

Whole = NDArray[np.int64]

HEIGHT = 560
_MAX_LETTERS = 6  # of a feature's name beside the map; hovering a case shows all of it


def gray(count: int) -> NDArray[np.int64]:
    """Gray code int64[2**count]: neighbours differ in one bit."""
    index = np.arange(1 << count)
    return np.asarray(index ^ (index >> 1))


def rings(places: Whole, symbol: str = "circle-open") -> Figure:
    """Marks on cells, a trace for Plotly; ``places[n, 2]`` has their rows and columns."""
    line = {"width": 1.25}
    return {
        "type": "scatter",
        "mode": "markers",
        "x": places[:, 1].tolist(),
        "y": places[:, 0].tolist(),
        "marker": {"symbol": symbol, "size": 7, "color": "$ink", "line": line},
        "hoverinfo": "skip",
    }


def lanes(features: Features, columns: Whole, rows: Whole) -> tuple[Figure, list[Figure]]:
    """Lines beside the rows and columns in which a feature is 1, and the features' names.

    ``columns`` and ``rows`` are the Gray codes along both sides.
    """
    xs: list[float | None] = []
    ys: list[float | None] = []
    names = []
    for i, name in enumerate(features.names):
        across = i < features.half
        codes, bit = (columns, i) if across else (rows, i - features.half)
        lane = -1.3 - bit
        for first, last in _runs((codes >> bit & 1).astype(bool)):
            along, at = [first - 0.4, last + 0.4, None], [lane, lane, None]
            xs += along if across else at
            ys += at if across else along
        place = {"x": len(columns) - 0.3, "y": lane, "xanchor": "left", "yanchor": "middle"}
        if not across:
            place = {"x": lane, "y": len(rows) - 0.3, "xanchor": "center", "yanchor": "top"}
        angle = 0 if across else -90
        short = name if len(name) <= _MAX_LETTERS else name[: _MAX_LETTERS - 1] + "…"
        names.append(note(short, **place, font={"size": 9, "color": "$soft"}, textangle=angle))
    line = {"color": "$grey", "width": 1.5}
    trace = {"type": "scatter", "mode": "lines", "x": xs, "y": ys, "line": line}
    return trace | {"hoverinfo": "skip"}, names


def _runs(mask: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """First and last index of every run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return [(int(a), int(b) - 1) for a, b in edges.reshape(-1, 2)]
