"""The figures of the Models page: how near the policy came to firing, and what policies saved."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from webapp.components.figure import Figure, figure, moment, note, time_axis, value_axis
from webapp.services.formatting import short_day
from webapp.services.models.policy_state import Point
from webapp.timing import DAY_MS, HOUR_MS

POLICY_HEIGHT = 220
_ROOM = 1.18  # above the line at which it fires, for words


def policy(points: Sequence[Point]) -> Figure | None:
    """What had come together at each check, of what is needed; it begins anew with a champion.

    None without any check that measured something.
    """
    points = sorted(points, key=lambda point: point.at)
    known = [point for point in points if point.value is not None and point.needed]
    if not known:
        return None
    needed = known[-1].needed or 1.0
    data = [*_others(known), *_runs(known), _fired(points, needed), _last(known[-1])]
    top = max(needed, *(max(0.0, p.value or 0.0) for p in known)) * _ROOM
    wide = {"line": {"color": "$higher", "width": 1.5, "dash": "dash"}, "layer": "below"}
    line = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": needed, "y1": needed}
    return figure(
        data,
        POLICY_HEIGHT,
        margin={"l": 44, "r": 64, "t": 10, "b": 30},
        xaxis=_days(points),
        yaxis=value_axis(range=[0, top], nticks=4, rangemode="tozero"),
        shapes=[line | wide],
        annotations=[_fires(needed), *_said(points, needed), _today(known[-1], top)],
    )


def _days(points: Sequence[Point]) -> Figure:
    """The time of the checks with room around it; hours where they are all of one day or two."""
    first, last = points[0].at, points[-1].at
    room = (last - first) * 3 // 100 or HOUR_MS
    ends = [moment(first - room), moment(last + room)]
    if last - first < 3 * DAY_MS:
        return time_axis(range=ends) | {"tickformat": "%-d %b<br>%H:%M", "nticks": 5}
    return time_axis(range=ends)


def _runs(points: Sequence[Point]) -> list[Figure]:
    """One line for each champion and policy: evidence is never carried over."""
    traces = []
    for _, group in groupby(points, key=lambda point: (point.champion, point.policy)):
        run = list(group)
        traces.append(
            {
                "type": "scatter",
                "mode": "lines" if len(run) > 1 else "markers",
                "x": [moment(point.at) for point in run],
                "y": [max(0.0, point.value or 0.0) for point in run],
                "fill": "tozeroy",
                "fillcolor": "$accent/0.14",
                "line": {"color": "$accent", "width": 2},
                "marker": {"color": "$accent", "size": 5},
                "customdata": [[point.needed, point.champion] for point in run],
                "hovertemplate": "%{x|%-d %b}: %{y:.4~g} of %{customdata[0]:.4~g} needed"
                "<br>against %{customdata[1]}<extra></extra>",
            }
        )
    return traces


def _others(points: Sequence[Point]) -> list[Figure]:
    """The challengers beside the nearest, thin and grey; they begin anew, too."""
    names = sorted({challenger.name for point in points for challenger in point.challengers})
    return [_other(points, name) for name in names] if len(names) > 1 else []


def _other(points: Sequence[Point], name: str) -> Figure:
    x: list[str] = []
    y: list[float | None] = []
    for _, group in groupby(points, key=lambda point: (point.champion, point.policy)):
        for point in group:
            value = _of(point, name)
            x.append(moment(point.at))
            y.append(None if value is None else max(0.0, value))
        x.append(x[-1])
        y.append(None)
    return {
        "type": "scatter",
        "mode": "lines",
        "x": x,
        "y": y,
        "line": {"color": "$grey", "width": 1},
        "hovertemplate": f"{name}: %{{y:.4~g}}<extra></extra>",
    }


def _of(point: Point, name: str) -> float | None:
    return next((c.value for c in point.challengers if c.name == name), None)


def _fired(points: Sequence[Point], needed: float) -> Figure:
    fired = [point for point in points if point.decision == "retrain"]
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [moment(point.at) for point in fired],
        "y": [max(0.0, needed if p.value is None else p.value) for p in fired],
        "marker": {"color": "$accent", "symbol": "star", "size": 12, "opacity": 1},
        "customdata": [" ".join(filter(None, (p.version, _outcome(p)))) for p in fired],
        "hovertemplate": "%{x|%-d %b}: %{customdata}<extra></extra>",
    }


def _outcome(point: Point) -> str:
    """``fired, passed the gate``"""
    begun = "fired" if _by_itself(point) else "asked for"
    if point.version is None:
        return f"{begun}, nothing came of it"
    known = {"promote": "passed the gate", "keep": "did not pass the gate"}
    return f"{begun}, {known.get(point.verdict or '', 'not enough evidence')}"


def _by_itself(point: Point) -> bool:
    """Did the policy ask for the retrain, not a person?"""
    there = point.value is not None and point.needed is not None and point.value >= point.needed
    return there and not point.rests


def _last(point: Point) -> Figure:
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [moment(point.at)],
        "y": [max(0.0, point.value or 0.0)],
        "marker": {"color": "$accent", "size": 9, "opacity": 1},
        "hoverinfo": "skip",
    }


def _short(value: float) -> str:
    """``3.1``, ``0.42`` or ``1,240``"""
    return f"{value:,.0f}" if value >= 100 or not value else f"{value:.{1 if value >= 1 else 2}f}"


def _fires(needed: float) -> Figure:
    return note(
        f"fires here: {_short(needed)}",
        xref="paper",
        x=0,
        y=needed,
        xanchor="left",
        yanchor="bottom",
        font={"size": 11, "color": "$higher-text"},
    )


def _said(points: Sequence[Point], needed: float) -> list[Figure]:
    """The last time that it fired by itself, in words."""
    fired = [point for point in points if point.decision == "retrain" and _by_itself(point)]
    if not fired:
        return []
    last = fired[-1]
    part = (last.at - points[0].at) / max(points[-1].at - points[0].at, 1)
    return [
        note(
            f"{short_day(last.at)}: {_outcome(last)}",
            x=moment(last.at),
            y=max(needed, last.value or 0.0),
            xanchor="left" if part < 0.3 else "right" if part > 0.7 else "center",
            yanchor="bottom",
            yshift=12,
            font={"size": 11, "color": "$ink"},
        )
    ]


def _today(point: Point, top: float) -> Figure:
    low = max(0.0, point.value or 0.0) < top / 8  # where the days are written
    return note(
        f"<b>{short_day(point.at)}</b><br>{_short(max(0.0, point.value or 0.0))}",
        x=moment(point.at),
        y=max(0.0, point.value or 0.0),
        xanchor="left",
        yanchor="bottom" if low else "middle",
        xshift=10,
        align="left",
        font={"size": 11, "color": "$ink"},
    )
