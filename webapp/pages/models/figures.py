"""The figure of the policy: how near it came to a retrain, check by check."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from webapp.components.figure import ICONS, Figure, figure, moment, note, time_axis, value_axis
from webapp.components.version_key import DASHES
from webapp.services.formatting import past_day
from webapp.services.models.policy_state import CheckSummary
from webapp.timing import DAY_MS, HOUR_MS

POLICY_HEIGHT = 220
_INKS = ("$ink", "$soft")  # of challengers' lines
_ROOM = 1.18  # of the height, for texts above the line at which it fires


def policy(points: Sequence[CheckSummary]) -> Figure | None:
    """The evidence at each check, and the line at which the policy fires.

    Evidence starts at zero with each champion. None if no check has measured any.
    """
    points = sorted(points, key=lambda point: point.at)
    measured_points = _measured(points)
    if not measured_points:
        return None
    last = measured_points[-1]
    threshold = last.needed or 1.0
    data = [
        *_challenger_lines(measured_points),
        *_runs(measured_points),
        _retrains(points, threshold),
        _last_dot(last),
    ]
    top = max(threshold, *(max(0.0, p.value or 0.0) for p in measured_points)) * _ROOM
    wide = {"line": {"color": "$ink", "width": 1.5, "dash": "dash"}, "layer": "below"}
    line = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": threshold, "y1": threshold}
    return figure(
        data,
        POLICY_HEIGHT,
        meta={"y": "Evidence for a retrain"},
        margin={"l": 44, "r": 64, "t": ICONS, "b": 30},
        xaxis=_days(points),
        yaxis=value_axis(range=[0, top], nticks=4, rangemode="tozero"),
        shapes=[line | wide],
        annotations=[
            _threshold_note(threshold),
            *_retrain_note(points, threshold),
            _last_note(last, top),
        ],
    )


def _days(points: Sequence[CheckSummary]) -> Figure:
    """The axis of time; it has hours if all checks are within three days."""
    first, last = points[0].at, points[-1].at
    room = (last - first) * 3 // 100 or HOUR_MS
    ends = [moment(first - room), moment(last + room)]
    if last - first < 3 * DAY_MS:
        return time_axis(range=ends) | {"tickformat": "%-d %b<br>%H:%M", "nticks": 5}
    return time_axis(range=ends)


def _runs(points: Sequence[CheckSummary]) -> list[Figure]:
    """One line per champion and policy, as evidence is never carried over."""
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


def _challenger_lines(points: Sequence[CheckSummary]) -> list[Figure]:
    """Every challenger as a thin line, which also restarts with each champion."""
    return [_challenger_line(points, name, place) for place, name in enumerate(lines(points))]


def _measured(points: Sequence[CheckSummary]) -> list[CheckSummary]:
    return [point for point in points if point.value is not None and point.needed]


def lines(points: Sequence[CheckSummary]) -> list[str]:
    """The challengers that have lines of their own; none where there is only one."""
    names = sorted({c.name for point in _measured(points) for c in point.challengers})
    return names if len(names) > 1 else []


def look(place: int) -> tuple[str, int]:
    """Colour and dash of a challenger's line: no version's, as it isn't one yet."""
    return _INKS[place // len(DASHES) % len(_INKS)], place % len(DASHES)


def _challenger_line(points: Sequence[CheckSummary], name: str, place: int) -> Figure:
    x: list[str] = []
    y: list[float | None] = []
    for _, group in groupby(points, key=lambda point: (point.champion, point.policy)):
        for point in group:
            value = _value_of(point, name)
            x.append(moment(point.at))
            y.append(None if value is None else max(0.0, value))
        x.append(x[-1])
        y.append(None)
    colour, dash = look(place)
    return {
        "type": "scatter",
        "mode": "lines",
        "x": x,
        "y": y,
        "line": {"color": colour, "width": 1.25, "dash": DASHES[dash]},
        "hovertemplate": f"{name}: %{{y:.4~g}}<extra></extra>",
    }


def _value_of(point: CheckSummary, name: str) -> float | None:
    return next((c.value for c in point.challengers if c.name == name), None)


def _retrains(points: Sequence[CheckSummary], threshold: float) -> Figure:
    retrains = [point for point in points if point.decision == "retrain"]
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [moment(point.at) for point in retrains],
        "y": [max(0.0, threshold if p.value is None else p.value) for p in retrains],
        "marker": {"color": "$accent", "symbol": "star", "size": 12, "opacity": 1},
        "customdata": [" ".join(filter(None, (p.version, _outcome(p)))) for p in retrains],
        "hovertemplate": "%{x|%-d %b}: %{customdata}<extra></extra>",
    }


def _outcome(point: CheckSummary) -> str:
    """The cause and the result of a retrain: ``triggered, passed the gate``"""
    cause = "triggered" if _is_automatic(point) else "requested"
    if point.version is None:
        return f"{cause}, failed"
    results = {
        "promote": "passed the gate",
        "ask": "left to a person",
        "keep": "did not pass the gate",
    }
    return f"{cause}, {results.get(point.verdict or '', 'not enough evidence')}"


def _is_automatic(point: CheckSummary) -> bool:
    """True if the policy asked for the retrain, not a person."""
    has_fired = point.value is not None and point.needed is not None and point.value >= point.needed
    return has_fired and not point.rests


def _last_dot(point: CheckSummary) -> Figure:
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [moment(point.at)],
        "y": [max(0.0, point.value or 0.0)],
        "marker": {"color": "$accent", "size": 9, "opacity": 1},
        "hoverinfo": "skip",
    }


def _format_amount(value: float) -> str:
    """``3.1``, ``0.42`` or ``1,240``"""
    return f"{value:,.0f}" if value >= 100 or not value else f"{value:.{1 if value >= 1 else 2}f}"


def _threshold_note(threshold: float) -> Figure:
    return note(
        f"retrains at {_format_amount(threshold)}",
        xref="paper",
        x=0,
        y=threshold,
        xanchor="left",
        yanchor="top",  # what a retrain came to is above the line
        font={"size": 11, "color": "$ink"},
    )


def _retrain_note(points: Sequence[CheckSummary], threshold: float) -> list[Figure]:
    """The date and the result of the last automatic retrain."""
    retrains = [point for point in points if point.decision == "retrain" and _is_automatic(point)]
    if not retrains:
        return []
    last = retrains[-1]
    part = (last.at - points[0].at) / max(points[-1].at - points[0].at, 1)
    return [
        note(
            f"{past_day(last.at)}: {_outcome(last)}",
            x=moment(last.at),
            y=max(threshold, last.value or 0.0),
            xanchor="left" if part < 0.3 else "right" if part > 0.7 else "center",
            yanchor="bottom",
            yshift=12,
            font={"size": 11, "color": "$ink"},
        )
    ]


def _last_note(point: CheckSummary, top: float) -> Figure:
    low = max(0.0, point.value or 0.0) < top / 8  # near the labels of the axis
    return note(
        f"<b>{past_day(point.at)}</b><br>{_format_amount(max(0.0, point.value or 0.0))}",
        x=moment(point.at),
        y=max(0.0, point.value or 0.0),
        xanchor="left",
        yanchor="bottom" if low else "middle",
        xshift=16,
        align="left",
        font={"size": 11, "color": "$ink"},
    )
