"""The figure of the backtest: the loss so far of every policy against never retraining."""

from __future__ import annotations

from collections.abc import Sequence

from webapp.components.figure import (
    ICONS,
    Figure,
    axis,
    figure,
    moment,
    note,
    time_axis,
    value_axis,
)
from webapp.services.formatting import signed
from webapp.services.models.backtest_result import BacktestView, PolicyTrack
from webapp.timing import DAY_MS

HEIGHT = 300
_LOOKS = {  # colour, dash
    "never": ("$grey", "dash"),
    "periodic": ("$soft", "solid"),
    "on_error": ("$ink", "dot"),
    "on_gain": ("$ink", "dashdot"),
}
_FEW_DAYS = 4
_APART = 0.075  # share of the height between the names at the ends of lines
_WRAP = 60  # characters of an explanation in a line


def backtest(view: BacktestView, in_use: str) -> Figure:
    """One line per policy, with dots at its retrains and its name at the end."""
    ends = [value for track in view.tracks for value in track.difference] or [0.0]
    low, high = min(0.0, *ends), max(0.0, *ends)
    room = (high - low or 1.0) * 0.06
    data: list[Figure] = []
    for track in reversed(view.tracks):  # the best on top
        data += [_line(view, track, in_use), _dots(view, track, in_use)]
    names = _names(view.tracks, in_use, (high - low or 1.0) * _APART)
    days = view.unit == "day"
    x = {"title": {"text": "row of the file, in order of time", "font": {"size": 11}}}
    return figure(
        data,
        HEIGHT,
        meta={"y": "Log loss against never retraining, nats"},
        margin={"l": 48, "r": 124, "t": ICONS, "b": 30 if days else 44},
        xaxis=time_axis(**_days(view)) if days else axis(tickformat=",d", nticks=6, **x),
        yaxis=value_axis(range=[low - room, high + room], nticks=6, tickformat="~g"),
        annotations=names,
    )


def _days(view: BacktestView) -> Figure:
    """One tick a day where there are few of them: none is named twice."""
    times = [at for track in view.tracks for at in track.at]
    is_short = bool(times) and max(times) - min(times) <= _FEW_DAYS * DAY_MS
    return {"dtick": DAY_MS} if is_short else {}


def _look(track: PolicyTrack, in_use: str) -> tuple[str, str]:
    return ("$accent", "solid") if track.policy == in_use else _LOOKS.get(track.policy, _OTHER)


_OTHER = ("$soft", "dashdot")


def _at(view: BacktestView, at: int) -> str | int:
    return moment(at) if view.unit == "day" else at


def _line(view: BacktestView, track: PolicyTrack, in_use: str) -> Figure:
    colour, dash = _look(track, in_use)
    return {
        "type": "scatter",
        "mode": "lines",
        "name": track.policy,
        "x": [_at(view, at) for at in track.at],
        "y": [round(value, 3) for value in track.difference],
        "line": {"color": colour, "width": 2.25 if track.policy == in_use else 1.5, "dash": dash},
        "hovertemplate": f"{track.policy}: %{{y:+.1f}}<extra></extra>",
    }


def _dots(view: BacktestView, track: PolicyTrack, in_use: str) -> Figure:
    colour, _ = _look(track, in_use)
    return {
        "type": "scatter",
        "mode": "markers",
        "name": track.policy,
        "x": [_at(view, one.at) for one in track.retrains],
        "y": [round(one.difference, 3) for one in track.retrains],
        "marker": {
            "color": "$card",
            "size": 7,
            "opacity": 1,
            "line": {"color": colour, "width": 1.75},
        },
        "customdata": [_wrap(one.explanation) for one in track.retrains],
        "hovertemplate": f"<b>{track.policy} retrained</b><br>%{{customdata}}<extra></extra>",
    }


def _wrap(text: str) -> str:
    lines = [""]
    for word in text.replace("<", "&lt;").split():
        if lines[-1] and len(lines[-1]) + len(word) >= _WRAP:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "<br>".join(lines)


def _names(tracks: Sequence[PolicyTrack], in_use: str, apart: float) -> list[Figure]:
    """The names at the ends of the lines, moved apart if they would overlap."""
    notes = []
    last: float | None = None
    for track in sorted(tracks, key=lambda track: -track.end):
        at = track.end if last is None else min(track.end, last - apart)
        last = at
        colour = _look(track, in_use)[0]
        text = f"<b>{track.policy}</b>  {signed(track.end, 0)}"
        ink = "$ink" if colour in ("$grey", "$soft") else colour
        notes.append(
            note(
                text,
                xref="paper",
                x=1.01,
                y=at,
                xanchor="left",
                yanchor="middle",
                font={"size": 11.5, "color": ink},
            )
        )
    return notes
