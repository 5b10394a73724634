"""Charts of the Drift page over time: loss and skill, volume and outcomes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from webapp.components.figure import (
    ICONS,
    Figure,
    band,
    figure,
    moment,
    note,
    time_axis,
    times,
    value_axis,
)
from webapp.grammar import MINUS, NBSP, quantity
from webapp.services.drift.words import AVERAGE, IMMATURE, SKILL
from webapp.services.plain import plain
from webapp.stats.series import Series
from webapp.timing import DAY_MS

_DAY = "%{x|%-d %b}<br>"
_FEW_DAYS = 3  # on an axis that names hours
_LONGEST_STEP = 1.5  # periods between two that a line joins
_LONG = 1_000_000  # events of a period from which an axis abbreviates
_FEW = 5  # events of a period below which an axis names each number
_CORNER = {"x": 0, "xref": "paper", "yref": "paper", "xanchor": "left", "yanchor": "bottom"}


@dataclass(frozen=True)
class Span:
    """The times of a chart: the periods of a series, ms each, and the window; all ms since 1970."""

    begins: NDArray[np.int64]
    every: int
    since: int
    until: int

    @property
    def _gaps(self) -> list[int]:
        """The places of the periods after which some are missing."""
        steps = np.diff(self.begins)
        return (np.flatnonzero(steps > _LONGEST_STEP * self.every) + 1).tolist()

    @property
    def x(self) -> list[str]:
        """The periods as Plotly reads them, with one more in each gap."""
        return times(np.insert(self.begins, self._gaps, self.begins[self._gaps] - self.every))

    def broken(self, values: list[Any]) -> list[Any]:
        """Values of the periods, with None in each gap, so that no line joins its ends."""
        longer = list(values)
        for place in reversed(self._gaps):
            longer.insert(place, None)
        return longer

    def axis(self, **more: Any) -> Figure:
        """An axis that ends where the periods do, also with one of them."""
        first, last = int(self.begins[0]) - self.every // 2, int(self.begins[-1]) + self.every // 2
        ends = {"range": [moment(first), moment(last)]}
        if last - first < _FEW_DAYS * DAY_MS:
            hours = {"tickformat": "%-d %b<br>%H:%M", "nticks": 5, "ticks": "outside"}
            # Room to the label of the other axis, as the first hour may stand right under it.
            return time_axis(**ends, **more) | hours | {"ticklen": 6, "tickcolor": "$border"}
        return time_axis(**ends, **more)

    def window(self) -> tuple[str, str]:
        """The part of the window that is in the chart."""
        half = self.every // 2
        first, last = int(self.begins[0]) - half, int(self.begins[-1]) + half
        since, until = self.since - half, self.until - half  # a period is drawn at its beginning
        return moment(min(max(since, first), last)), moment(max(min(until, last), first))


def harm(series: Series, span: Span, training: float | None) -> Figure:
    """Log loss with its band, the estimate, the base rate's log loss, and skill as bars below."""
    skill = plain(series.skill)
    since, until = span.window()
    guess = f"{_DAY}{AVERAGE} %{{y:.3f}}<extra></extra>"
    data = [
        *_losses(series, span),
        _line(span.x, span.broken(plain(series.guessing)), "$ink", "dot", 1.5, guess),
        *_estimates(series, span),
        _skills(times(series.begins), skill, span.every, series.immature()),
    ]
    tail = _tail(series, span)
    notes = [
        *tail.notes,
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
        meta={"y": f"Log loss, nats; {SKILL.lower()} below"},
        xaxis=span.axis(anchor="y2"),
        margin={"l": 48, "r": 16, "t": ICONS, "b": 32},
        yaxis=value_axis(
            domain=[0.34, 1], tickformat="~f", nticks=6, range=_extent(series, training)
        ),
        yaxis2=value_axis(domain=[0, 0.24], nticks=4, **_percent_axis(skill)),
        shapes=[
            _span(since, until),
            *([] if training is None else [_level(training)]),
            *tail.shapes,
        ],
        annotations=notes,
    )


def _losses(series: Series, span: Span) -> list[Figure]:
    """The measured log loss of known outcomes: band and line."""
    x, (loss, low, high) = span.x, (span.broken(plain(part)) for part in series.loss)
    outcomes = span.broken([quantity(n, "outcome") for n in series.labelled.tolist()])
    hover = (
        f"{_DAY}log loss %{{y:.3f}} [%{{customdata[0]:.3f}}, %{{customdata[1]:.3f}}]"
        "<br>%{customdata[2]}<extra></extra>"
    )
    details = {"customdata": list(zip(low, high, outcomes, strict=True))}
    line = _line(x, loss, "$accent", "solid", 2, hover)
    return [band(x, low, high, "$accent/0.18"), line | details]


def _estimates(series: Series, span: Span) -> list[Figure]:
    """The estimated log loss of all events, where some outcomes are open: band and line."""
    has_open = (series.n > series.labelled).tolist()
    parts = (span.broken(_mask(has_open, plain(part))) for part in series.estimated)
    x, (value, low, high) = span.x, parts
    hover = f"{_DAY}estimated %{{y:.3f}}, if behaviour didn't change<extra></extra>"
    line = _line(x, value, "$soft", "4px,3px", 1.5, hover)
    points = {"mode": "lines+markers", "marker": {"symbol": "circle-open", "size": 6}}
    return [band(x, low, high, "$grey/0.22"), line | points]


@dataclass(frozen=True)
class _Tail:
    """A veil over the periods whose outcomes are still coming in, and what it means."""

    shapes: list[Figure]
    notes: list[Figure]


def _tail(series: Series, span: Span) -> _Tail:
    count = series.immature()
    if not count:
        return _Tail([], [])
    half = span.every // 2
    first, last = moment(int(span.begins[-count]) - half), moment(int(span.begins[-1]) + half)
    veil = _span(first, last) | {"fillcolor": "$card/0.62", "layer": "above"}
    edge = {"type": "line", "yref": "paper", "x0": first, "x1": first, "y0": 0, "y1": 1}
    line = {"line": {"color": "$soft", "width": 1, "dash": "dot"}}
    beside = {"xanchor": "right", "yanchor": "bottom", "xshift": -ICONS}  # of the chart's button
    text = note(IMMATURE, x=last, y=1.02, yref="paper", **beside)
    return _Tail([veil, edge | line], [text])


def _extent(series: Series, training: float | None) -> list[float] | None:
    """The ends of the axis of losses: the last few outcomes with their wide bands don't set them.

    None where all of the series is one of those, or has no value.
    """
    mature = slice(0, len(series.begins) - series.immature())
    parts = (*series.loss, series.guessing, *series.estimated)
    every = np.concatenate([np.asarray(part, float)[mature] for part in parts])
    values = [*every[np.isfinite(every)].tolist(), *([] if training is None else [training])]
    if len(values) < 2:
        return None
    room = (max(values) - min(values)) * 0.06 or 0.05
    return [max(0.0, min(values) - room), max(values) + room]


def _skills(x: list[str], skill: list[float | None], every: int, immature: int) -> Figure:
    colours = ["$accent" if (s or 0) >= 0 else "$bad" for s in skill]
    return {
        "type": "bar",
        "x": x,
        "y": skill,
        "yaxis": "y2",
        "width": every * 0.75,
        "marker": {
            "color": colours,
            "line": {"width": 0},
            "pattern": {"shape": [*[""] * (len(x) - immature), *["/"] * immature]},
        },
        "hovertemplate": f"{_DAY}{SKILL.lower()} %{{y:.1%}}<extra></extra>",
    }


def volume(series: Series, span: Span, lake: NDArray[np.int64] | None) -> Figure:
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
            "width": span.every * 0.85,
            "marker": {"color": colour, "line": {"width": 0}},
            "hovertemplate": f"%{{x|%-d %b}}<br>%{{y:,}} {name}<extra></extra>",
        }
        for part, colour, name in parts
    ]
    return figure(
        data,
        240,
        meta={"y": "Events"},
        barmode="stack",
        xaxis=span.axis(),
        yaxis=value_axis(**_count_axis(series.n)),
        shapes=[_span(*span.window())],
    )


def _count_axis(n: NDArray[np.int64]) -> Figure:
    """Whole numbers, and millions as ``5M``: an axis of 100,000,000 has no room for a chart."""
    most = int(n.max(initial=0))
    ticks = {"nticks": 5} if most >= _FEW else {"dtick": 1}  # none between two whole numbers
    return {"tickformat": "~s" if most >= _LONG else ",d", "rangemode": "tozero", **ticks}


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
    around = [None, *y, None]
    alone = [around[i] is around[i + 2] is None for i in range(len(y))]  # a line of no length
    return {
        "type": "scatter",
        "mode": "lines+markers" if any(alone) else "lines",
        "x": x,
        "y": y,
        "line": line,
        "marker": {"color": colour, "size": [6 if one else 0 for one in alone]},
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
