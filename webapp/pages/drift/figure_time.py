"""What the Drift page shows over time: loss and skill, volume and outcomes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from webapp.components.figure import (
    MINUS,
    NBSP,
    Figure,
    band,
    figure,
    note,
    time_axis,
    times,
    value_axis,
)
from webapp.services.plain import plain
from webapp.stats.series import Series

_DAY = "%{x|%-d %b}<br>"
_CORNER = {"x": 0, "xref": "paper", "yref": "paper", "xanchor": "left", "yanchor": "bottom"}


def harm(shown: Series, since: str, until: str, training: float | None) -> Figure:
    """Log loss over time with its band, the estimate, guessing, and skill as bars under it."""
    x, skill = times(shown.begins), plain(shown.skill)
    guess = f"{_DAY}guessing the average %{{y:.3f}}<extra></extra>"
    data = [
        *_losses(shown, x),
        _line(x, plain(shown.guessing), "$ink", "dot", 1.5, guess),
        *_estimates(shown, x),
        _skills(x, skill),
    ]
    notes = [
        note("worth over guessing", y=0.25, **_CORNER),
        note("window", x=since, y=1.02, yref="paper", xanchor="left", yanchor="bottom"),
    ]
    return figure(
        data,
        380,
        xaxis=time_axis(anchor="y2"),
        margin={"l": 48, "r": 16, "t": 28, "b": 32},
        yaxis=value_axis(domain=[0.34, 1], tickformat=".2f", nticks=6),
        yaxis2=value_axis(domain=[0, 0.24], nticks=4, **_percent_axis(skill)),
        shapes=[_span(since, until), *([] if training is None else [_level(training)])],
        annotations=notes,
        bargap=0.25,
    )


def _losses(shown: Series, x: list[str]) -> list[Figure]:
    """Of known outcomes: the band and the line."""
    loss, low, high = (plain(part) for part in shown.loss)
    known = [f"{n:,}" for n in shown.labelled.tolist()]
    hover = (
        f"{_DAY}log loss %{{y:.3f}} [%{{customdata[0]:.3f}}, %{{customdata[1]:.3f}}]"
        "<br>%{customdata[2]} outcomes<extra></extra>"
    )
    told = {"customdata": list(zip(low, high, known, strict=True))}
    line = _line(x, loss, "$accent", "solid", 2, hover)
    return [band(x, low, high, "$accent/0.18"), line | told]


def _estimates(shown: Series, x: list[str]) -> list[Figure]:
    """Of all events, where some outcomes are still open: the band and the line."""
    some_open = [n > known for n, known in zip(shown.n, shown.labelled, strict=True)]
    value, low, high = (_only(some_open, plain(part)) for part in shown.estimated)
    hover = f"{_DAY}estimated %{{y:.3f}}<extra></extra>"
    line = _line(x, value, "$grey", "4px,3px", 1.5, hover)
    points = {"mode": "lines+markers", "marker": {"symbol": "circle-open", "size": 6}}
    return [band(x, low, high, "$grey/0.22"), line | points]


def _skills(x: list[str], skill: list[float | None]) -> Figure:
    colours = ["$accent" if (s or 0) >= 0 else "$higher" for s in skill]
    return {
        "type": "bar",
        "x": x,
        "y": skill,
        "yaxis": "y2",
        "marker": {"color": colours, "line": {"width": 0}},
        "hovertemplate": f"{_DAY}worth over guessing %{{y:.1%}}<extra></extra>",
    }


def volume(shown: Series, since: str, until: str, lake: NDArray[np.int64] | None) -> Figure:
    """Events a period: with a known outcome, and still open; those of a lake at the bottom."""
    x, n, known = times(shown.begins), shown.n, shown.labelled
    parts = []
    if lake is not None:
        parts = _known_and_open(lake[:, 0], lake[:, 1], "$grey", "counted in the lake, ")
        n, known = n - lake[:, 0], known - lake[:, 1]
    parts += _known_and_open(n, known, "$accent", "" if lake is None else "live, ")
    data = [
        {
            "type": "bar",
            "x": x,
            "y": part.tolist(),
            "marker": {"color": colour, "line": {"width": 0}},
            "hovertemplate": f"%{{x|%-d %b}}<br>%{{y:,}} {name}<extra></extra>",
        }
        for part, colour, name in parts
    ]
    return figure(
        data,
        240,
        barmode="stack",
        bargap=0.15,
        xaxis=time_axis(),
        yaxis=value_axis(nticks=5, tickformat=","),
        shapes=[_span(since, until)],
    )


def _known_and_open(
    n: NDArray[np.int64], known: NDArray[np.int64], colour: str, where: str
) -> list[tuple[NDArray[np.int64], str, str]]:
    return [
        (known, colour, f"{where}outcome known"),
        (n - known, f"{colour}/0.35", f"{where}still open"),
    ]


def _percent_axis(values: list[float | None]) -> Figure:
    """Few ticks, 0 among them; what is far below 0 is cut off."""
    known = [v for v in values if v is not None] or [0.0]
    low, high = max(min(*known, 0.0), -0.4), min(max(*known, 0.05), 0.8)
    step = next(s for s in (0.05, 0.1, 0.2, 0.4) if (high - low) / s <= 4)
    ticks = [float(i * step) for i in range(int(np.floor(low / step)), int(high / step) + 2)]
    text = [f"{t * 100:.0f}{NBSP}%".replace("-", MINUS) for t in ticks]
    return {"tickvals": ticks, "ticktext": text, "range": [ticks[0], ticks[-1]]}


def _only(chosen: list[bool], values: list[Any]) -> list[Any]:
    return [v if c else None for c, v in zip(chosen, values, strict=True)]


def _line(x: list[str], y: list[Any], colour: str, dash: str, width: float, hover: str) -> Figure:
    line = {"color": colour, "width": width, "dash": dash}
    return {
        "type": "scatter",
        "mode": "lines",
        "x": x,
        "y": y,
        "line": line,
        "hovertemplate": hover,
    }


def _span(since: str, until: str) -> Figure:
    return {
        "type": "rect",
        "xref": "x",
        "yref": "paper",
        "x0": since,
        "x1": until,
        "y0": 0,
        "y1": 1,
        "fillcolor": "$accent/0.07",
        "line": {"width": 0},
        "layer": "below",
    }


def _level(value: float) -> Figure:
    return {
        "type": "line",
        "xref": "paper",
        "x0": 0,
        "x1": 1,
        "y0": value,
        "y1": value,
        "line": {"color": "$soft", "width": 1.25, "dash": "dash"},
        "layer": "below",
    }
