"""Charts of the Drift page over time: loss and skill, volume and outcomes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from webapp.components.figure import Figure, band, figure, note, time_axis, times, value_axis
from webapp.grammar import MINUS, NBSP, quantity
from webapp.services.drift.words import AVERAGE, SKILL
from webapp.services.plain import plain
from webapp.stats.series import Series

_DAY = "%{x|%-d %b}<br>"
_CORNER = {"x": 0, "xref": "paper", "yref": "paper", "xanchor": "left", "yanchor": "bottom"}


def harm(series: Series, since: str, until: str, training: float | None) -> Figure:
    """Log loss with its band, the estimate, the base rate's log loss, and skill as bars below."""
    x, skill = times(series.begins), plain(series.skill)
    guess = f"{_DAY}{AVERAGE} %{{y:.3f}}<extra></extra>"
    data = [
        *_losses(series, x),
        _line(x, plain(series.guessing), "$ink", "dot", 1.5, guess),
        *_estimates(series, x),
        _skills(x, skill),
    ]
    notes = [
        note(
            SKILL.lower() + ("" if series.labelled.any() else ": no outcomes yet"),
            y=0.25,
            **_CORNER,
        ),
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


def _losses(series: Series, x: list[str]) -> list[Figure]:
    """The measured log loss of known outcomes: band and line."""
    loss, low, high = (plain(part) for part in series.loss)
    outcomes = [quantity(n, "outcome") for n in series.labelled.tolist()]
    hover = (
        f"{_DAY}log loss %{{y:.3f}} [%{{customdata[0]:.3f}}, %{{customdata[1]:.3f}}]"
        "<br>%{customdata[2]}<extra></extra>"
    )
    details = {"customdata": list(zip(low, high, outcomes, strict=True))}
    line = _line(x, loss, "$accent", "solid", 2, hover)
    return [band(x, low, high, "$accent/0.18"), line | details]


def _estimates(series: Series, x: list[str]) -> list[Figure]:
    """The estimated log loss of all events, where some outcomes are open: band and line."""
    has_open = (series.n > series.labelled).tolist()
    value, low, high = (_mask(has_open, plain(part)) for part in series.estimated)
    hover = f"{_DAY}estimated %{{y:.3f}}, if behaviour didn't change<extra></extra>"
    line = _line(x, value, "$soft", "4px,3px", 1.5, hover)
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
        "hovertemplate": f"{_DAY}{SKILL.lower()} %{{y:.1%}}<extra></extra>",
    }


def volume(series: Series, since: str, until: str, lake: NDArray[np.int64] | None) -> Figure:
    """Events per period, with a known outcome and still open; those of a lake at the bottom."""
    x, n, with_outcome = times(series.begins), series.n, series.labelled
    parts = []
    if lake is not None:
        parts = _split_by_outcome(lake[:, 0], lake[:, 1], "$grey", "counted in the lake, ")
        n, with_outcome = n - lake[:, 0], with_outcome - lake[:, 1]
    parts += _split_by_outcome(n, with_outcome, "$accent", "" if lake is None else "live, ")
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


def _split_by_outcome(
    n: NDArray[np.int64], with_outcome: NDArray[np.int64], colour: str, where: str
) -> list[tuple[NDArray[np.int64], str, str]]:
    return [
        (with_outcome, colour, f"{where}outcome known"),
        (n - with_outcome, f"{colour}/0.35", f"{where}still open"),
    ]


def _percent_axis(values: list[float | None]) -> Figure:
    """An axis with few ticks, 0 among them; it ends at −40 %."""
    numbers = [v for v in values if v is not None] or [0.0]
    low, high = max(min(*numbers, 0.0), -0.4), min(max(*numbers, 0.05), 0.8)
    step = next(s for s in (0.05, 0.1, 0.2, 0.4) if (high - low) / s <= 4)
    ticks = [float(i * step) for i in range(int(np.floor(low / step)), int(high / step) + 2)]
    text = [f"{t * 100:.0f}{NBSP}%".replace("-", MINUS) for t in ticks]
    return {"tickvals": ticks, "ticktext": text, "range": [ticks[0], ticks[-1]]}


def _mask(keep: list[bool], values: list[Any]) -> list[Any]:
    """The values, with gaps where ``keep`` is False."""
    return [v if k else None for k, v in zip(keep, values, strict=True)]


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
