"""Figures: plain dicts for Plotly, in one layout.

Colours are tokens such as ``$accent`` or ``$accent/0.16``, which the browser replaces by those of
its theme (assets/js/70-figures.js), so a figure follows light and dark without the server. Their
values are with all other colours in assets/css/everycase.css.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from numpy.typing import NDArray

Figure = dict[str, Any]
ICONS = 30  # pixels over a chart, where its buttons are: they cover no data
DIVERGING = [[i / 6, f"$diverging{i}"] for i in range(7)]


def say_of(figures: Mapping[str, Figure], about: str) -> None:
    """Give all figures what they are of, for pictures: versions, events, window."""
    for one in figures.values():
        one["layout"]["meta"] = {**one["layout"].get("meta", {}), "about": about}


def times(begins: NDArray[Any]) -> list[str]:
    """Times (ms since 1970) as Plotly reads them."""
    return [moment(int(ms)) for ms in begins]


def moment(ms: int) -> str:
    """A time (ms since 1970) as Plotly reads it."""
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M")


def figure(data: list[Figure], height: int, **layout: Any) -> Figure:
    """A figure in the house style."""
    base: Figure = {
        "height": height,
        "margin": {"l": 44, "r": 16, "t": ICONS, "b": 32},
        "paper_bgcolor": "$card",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": "$font", "size": 12, "color": "$soft"},
        "hoverlabel": {"bgcolor": "$card", "bordercolor": "$border", "font": {"color": "$ink"}},
        "showlegend": False,
        "hovermode": "closest",
        "dragmode": False,
        "template": {},
    }
    return {"data": data, "layout": base | layout}


def axis(**more: Any) -> Figure:
    """An axis without grid or line."""
    base: Figure = {
        "showgrid": False,
        "zeroline": False,
        "fixedrange": True,
        "ticks": "",
        "automargin": True,
        "tickfont": {"size": 11, "color": "$soft"},
    }
    return base | more


def value_axis(**more: Any) -> Figure:
    """An axis with grid lines, to read values from."""
    return axis(showgrid=True, gridcolor="$border", gridwidth=1, **more)


def time_axis(**more: Any) -> Figure:
    """An axis of days, without the year in every label."""
    return axis(type="date", tickformat="%-d %b", nticks=8, tickangle=0, **more)


def note(text: str, **place: Any) -> Figure:
    """A text in a figure."""
    base: Figure = {"text": text, "showarrow": False, "font": {"size": 11, "color": "$soft"}}
    return base | place


def band(x: list[Any], low: list[Any], high: list[Any], colour: str, **more: Any) -> Figure:
    """The area between two lines, closed; a gap (None) ends it, and another one begins after."""
    xs: list[Any] = []
    ys: list[Any] = []
    points = zip(x, low, high, strict=True)
    for is_known, run in groupby(points, key=lambda point: point[1] is not None):
        part = list(run) if is_known else []
        if part:
            along = [a for a, _, _ in part]
            xs += [*along, *along[::-1], None]
            ys += [*(c for _, _, c in part), *(b for _, b, _ in part[::-1]), None]
    return {
        "type": "scatter",
        "mode": "lines",
        "x": xs[:-1],
        "y": ys[:-1],
        "fill": "toself",
        "fillcolor": colour,
        "line": {"width": 0},
        "hoverinfo": "skip",
    } | more
