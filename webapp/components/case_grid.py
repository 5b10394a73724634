"""The grid of all cases in Gray code order, for the maps of several pages."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from dash import html
from numpy.typing import NDArray

from webapp.cases import Features
from webapp.components.figure import DIVERGING, ICONS, Figure, axis, figure, note
from webapp.components.sections import graph
from webapp.grammar import MINUS

Whole = NDArray[np.int64]
Points = NDArray[np.float64]

HEIGHT = 560
_MAX_LETTERS = 6  # of a feature's name beside the map; hovering a case shows all of it
_LANES = 32  # that the side of a map has room for
_FIRST_LANE = 1.0  # beside the map
_MOST_TEXTS = 1 << 14  # of a map: with more inputs they are megabytes


def gray(count: int) -> NDArray[np.int64]:
    """Gray code int64[2**count]: neighbours differ in one bit."""
    index = np.arange(1 << count)
    return np.asarray(index ^ (index >> 1))


def case_numbers(features: Features) -> Whole:
    """The case at each place of the grid, int64[rows, columns]."""
    columns, rows = _codes(features)
    return (rows << features.half)[:, None] + columns[None, :]


def has_texts(case: Whole) -> bool:
    """False for maps of so many cases that each has only its number under the pointer."""
    return case.size <= _MOST_TEXTS


def compress(points: Points, end: int) -> Points:
    """Points on a square-root scale that ends at ``-end`` and ``end``, as -1 to 1."""
    return np.sign(points) * np.sqrt(np.minimum(np.abs(points), end) / end)


def cells(
    case: Whole,
    values: list[list[float | None]],
    hover: list[list[str]],
    end: int,
    middle: int,
    of: str,
) -> Figure:
    """The coloured cells, a trace for Plotly: ``values`` as by ``compress``, None is blank.

    ``end`` and ``middle`` are the points that the legend names, ``of`` says points of what.
    """
    place = (middle / end) ** 0.5
    texts: Figure = {"hovertemplate": "case %{customdata}<extra></extra>"}
    if has_texts(case):
        texts = {"hovertext": hover, "hovertemplate": "%{hovertext}<extra></extra>"}
    return {
        "type": "heatmap",
        "z": values,
        **texts,
        "customdata": case.tolist(),
        "colorscale": DIVERGING,
        "zmin": -1,
        "zmax": 1,
        "xgap": 1,
        "ygap": 1,
        "hoverongaps": False,
        "colorbar": {
            "orientation": "h",
            "thickness": 8,
            "len": 0.7,
            "y": -0.01,
            "yanchor": "top",
            "outlinewidth": 0,
            "tickvals": [-1, -place, 0, place, 1],
            "tickangle": 0,
            "ticktext": [f"{MINUS}{end}", f"{MINUS}{middle}", "0", f"+{middle}", f"+{end}"],
            "title": {
                "text": f"points of {of}, square-root scale",
                "side": "bottom",
                "font": {"size": 11},
            },
        },
    }


def grid_figure(
    features: Features, traces: Sequence[Figure], notes: Sequence[Figure] = ()
) -> Figure:
    """A map of all cases: the traces, and beside them where each input is 1."""
    columns, rows = _codes(features)
    lines, names = lanes(features, columns, rows)
    ticks = {"showticklabels": False}
    across, down = _lane(columns), _lane(rows)
    beside = _FIRST_LANE + len(features.names) - features.half
    above = _FIRST_LANE + features.half
    return figure(
        [*traces, lines],
        HEIGHT,
        margin={"l": 4, "r": 44, "t": ICONS, "b": 8},
        xaxis=axis(range=[-0.5 - beside * across, len(columns) - 0.5], **ticks),
        yaxis=axis(range=[len(rows) - 0.5 + 2.8 * down, -0.5 - above * down], **ticks),
        annotations=[*names, *notes],
    )


def case_map(name: str, text: str) -> html.Div:
    """The element that the browser draws the map ``name`` in; ``text`` describes it.

    Arrow keys move over its cells, and Enter does what a click does (assets/js/71-map-keys.js).
    """
    keys = "Arrow keys move over the cases, Enter opens one."
    return html.Div(
        [
            graph(name, HEIGHT, text),
            html.Div(className="ec-map-cursor", hidden=True),
            html.Div(className="ec-sr", role="status"),
        ],
        className="ec-case-map",
        role="application",
        tabIndex=0,
        **{"aria-label": f"Map of all cases. {keys}", "data-map": ""},
    )


def _codes(features: Features) -> tuple[Whole, Whole]:
    """The Gray codes along the columns and the rows."""
    return gray(features.half), gray(len(features.names) - features.half)


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
        lane = -0.5 - (_FIRST_LANE - 0.2 + bit) * _lane(rows if across else columns)
        for first, last in _runs((codes >> bit & 1).astype(bool)):
            along, at = [first - 0.4, last + 0.4, None], [lane, lane, None]
            xs += along if across else at
            ys += at if across else along
        end = len(columns) - 0.5
        place = {"x": end, "y": lane, "xanchor": "left", "yanchor": "middle", "xshift": 4}
        if not across:
            end = len(rows) - 0.5 + 0.2 * _lane(rows)
            place = {"x": lane, "y": end, "xanchor": "center", "yanchor": "top"}
        angle = 0 if across else -90
        short = name if len(name) <= _MAX_LETTERS else name[: _MAX_LETTERS - 1] + "…"
        names.append(note(short, **place, font={"size": 9, "color": "$soft"}, textangle=angle))
    line = {"color": "$grey", "width": 1.5}
    trace = {"type": "scatter", "mode": "lines", "x": xs, "y": ys, "line": line}
    return trace | {"hoverinfo": "skip"}, names


def _lane(codes: Whole) -> float:
    """The room of a line beside the map, in cells: the same part of any map's side."""
    return len(codes) / _LANES


def _runs(mask: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """First and last index of every run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return [(int(a), int(b) - 1) for a, b in edges.reshape(-1, 2)]
