"""The figures of the Drift page."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from webapp.figures.base import (
    Figure,
    axis,
    band,
    figure,
    note,
    time_axis,
    times,
    value_axis,
)
from webapp.services.drift_form import plain
from webapp.stats.series import Series
from webapp.stats.split import Split

NBSP, MINUS = "\u00a0", "\u2212"
Array = NDArray[np.float64]
Whole = NDArray[np.int64]
_SCORE_BIN = 0.02


def signed(value: float, decimals: int = 3) -> str:
    text = f"{value:+.{decimals}f}"
    return text[1:] if float(text) == 0 else text.replace("-", MINUS)


def harm(shown: Series, since: str, until: str, training: float | None) -> Figure:
    """Log loss over time with its band, the estimate, guessing, and skill as bars under it."""
    x = times(shown.begins)
    loss, low, high = (plain(part) for part in shown.loss)
    about, about_low, about_high = (plain(part) for part in shown.estimated)
    open_ = [n > known for n, known in zip(shown.n, shown.labelled, strict=True)]
    guess, skill = plain(shown.guessing), plain(shown.skill)
    known = [f"{n:,}" for n in shown.labelled.tolist()]
    hover = "%{x|%-d %b}<br>log loss %{y:.3f} [%{customdata[0]:.3f}, %{customdata[1]:.3f}]"
    data = [
        band(x, low, high, "$accent/0.18"),
        band(x, _only(open_, about_low)[0], _only(open_, about_high)[0], "$grey/0.22"),
        _line(x, guess, "$ink", "dot", 1.5, "guessing the average %{y:.3f}<extra></extra>"),
        _line(
            x, loss, "$accent", "solid", 2, f"{hover}<br>%{{customdata[2]}} outcomes<extra></extra>"
        )
        | {"customdata": list(zip(low, high, known, strict=True))},
        _line(
            x,
            _only(open_, about)[0],
            "$grey",
            "4px,3px",
            1.5,
            "%{x|%-d %b}<br>estimated %{y:.3f}<extra></extra>",
        )
        | {"mode": "lines+markers", "marker": {"symbol": "circle-open", "size": 6}},
        {
            "type": "bar",
            "x": x,
            "y": skill,
            "yaxis": "y2",
            "marker": {
                "color": ["$accent" if (s or 0) >= 0 else "$higher" for s in skill],
                "line": {"width": 0},
            },
            "hovertemplate": "%{x|%-d %b}<br>worth over guessing %{y:.1%}<extra></extra>",
        },
    ]
    shapes = [_span(since, until)]
    notes = [
        note(
            "worth over guessing",
            x=0,
            y=0.25,
            xref="paper",
            yref="paper",
            xanchor="left",
            yanchor="bottom",
        ),
        note("window", x=since, y=1.02, yref="paper", xanchor="left", yanchor="bottom"),
    ]
    if training is not None:
        shapes.append(_level(training))
    return figure(
        data,
        380,
        xaxis=time_axis(anchor="y2"),
        margin={"l": 48, "r": 16, "t": 28, "b": 32},
        yaxis=value_axis(domain=[0.34, 1], tickformat=".2f", nticks=6),
        yaxis2=value_axis(domain=[0, 0.24], nticks=4, **_percent_axis(skill)),
        shapes=shapes,
        annotations=notes,
        bargap=0.25,
    )


def _percent_axis(values: list[float | None]) -> Figure:
    """Few ticks, 0 among them; what is far below 0 is cut off."""
    known = [v for v in values if v is not None] or [0.0]
    low, high = max(min(*known, 0.0), -0.4), min(max(*known, 0.05), 0.8)
    step = next(s for s in (0.05, 0.1, 0.2, 0.4) if (high - low) / s <= 4)
    ticks = [float(i * step) for i in range(int(np.floor(low / step)), int(high / step) + 2)]
    text = [f"{t * 100:.0f}{NBSP}%".replace("-", MINUS) for t in ticks]
    return {"tickvals": ticks, "ticktext": text, "range": [ticks[0], ticks[-1]]}


def _only(chosen: list[bool], *columns: list[Any]) -> list[list[Any]]:
    return [[v if c else None for c, v in zip(chosen, col, strict=True)] for col in columns]


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


def bridge(split: Split, before: str, *, share: bool) -> Figure:
    """From before to now, by who came and what they did; grey: its interval spans no change."""
    steps = [
        ("Who<br>came", split.seen),
        ("Unseen<br>cases", split.unseen),
        ("What<br>they did", split.behaviour),
    ]
    names = [before, *(name for name, _ in steps), "This<br>window"]
    level, shapes, notes, whiskers = split.before.value, [], [], []
    shapes += [_thick(0, level), _thick(4, split.after.value)]
    ends = [split.before.value, split.after.value]
    for i, (_, step) in enumerate(steps, start=1):
        sure = step.low > 0 or step.high < 0
        colour = ("$higher" if step.value > 0 else "$lower") if sure else "$grey"
        top = level + step.value
        shapes.append(
            {
                "type": "rect",
                "xref": "x",
                "yref": "y",
                "x0": i - 0.3,
                "x1": i + 0.3,
                "y0": level,
                "y1": top,
                "line": {"width": 0},
                "layer": "below",
                "fillcolor": colour if sure else "$grey/0.5",
            }
        )
        whiskers.append((i, top, step))
        ends += [level + step.low, level + step.high]
        size = signed(step.value * 100, 1) if share else signed(step.value)
        notes.append(
            note(
                f"<b>{size}</b>",
                x=i,
                y=max(level, level + step.high, top),
                yshift=12,
                font={"size": 12, "color": "$ink" if sure else "$soft"},
            )
        )
        level = top
    notes += [
        note(
            f"<b>{_level_text(v, share=share)}</b>",
            x=i,
            y=v,
            yshift=12,
            font={"size": 13, "color": "$ink"},
        )
        for i, v in ((0, split.before.value), (4, split.after.value))
    ]
    low, high = min(ends), max(ends)
    pad = (high - low) * 0.16 or 0.01
    data = [
        {
            "type": "scatter",
            "mode": "markers",
            "x": [i for i, _, _ in whiskers],
            "y": [top for _, top, _ in whiskers],
            "marker": {"size": 5, "color": "$ink"},
            "error_y": {
                "type": "data",
                "array": [s.half for _, _, s in whiskers],
                "color": "$ink",
                "thickness": 1.25,
                "width": 4,
            },
            "customdata": [
                [signed(s.value), signed(s.low), signed(s.high)] for _, _, s in whiskers
            ],
            "hovertemplate": "%{customdata[0]} [%{customdata[1]}, %{customdata[2]}]<extra></extra>",
        }
    ]
    ticks = {"tickvals": list(range(5)), "ticktext": names, "range": [-0.5, 4.5], "tickangle": 0}
    return figure(
        data,
        300,
        xaxis=axis(**ticks),
        shapes=shapes,
        annotations=notes,
        yaxis=axis(range=[low - pad, high + pad], showticklabels=False),
        margin={"l": 8, "r": 8, "t": 8, "b": 44},
    )


def _level_text(value: float, *, share: bool) -> str:
    return f"{value * 100:.1f}{NBSP}%" if share else f"{value:.3f}"


def _thick(at: float, value: float) -> Figure:
    return {
        "type": "line",
        "x0": at - 0.35,
        "x1": at + 0.35,
        "y0": value,
        "y1": value,
        "line": {"color": "$ink", "width": 3},
    }


def score_bars(scores: Array, baseline: Whole, window: Whole) -> Figure:
    """Histograms over each other: the window as bars, the baseline as a line."""
    bins = max(int(np.ceil(scores.max() / _SCORE_BIN)), 1)
    place = np.minimum((scores / _SCORE_BIN).astype(int), bins - 1)
    now, before = (
        np.bincount(place, weights=side, minlength=bins) / side.sum() for side in (window, baseline)
    )
    x = ((np.arange(bins) + 0.5) * _SCORE_BIN).tolist()
    label = [f"{i * 2}–{i * 2 + 2}{NBSP}%" for i in range(bins)]
    hover = "score %{customdata}<br>%{y:.1%} of events<extra></extra>"
    data = [
        {
            "type": "bar",
            "x": x,
            "y": now.tolist(),
            "width": _SCORE_BIN * 0.85,
            "customdata": label,
            "marker": {"color": "$accent", "line": {"width": 0}},
            "hovertemplate": hover,
        },
        {
            "type": "scatter",
            "mode": "lines",
            "x": x,
            "y": before.tolist(),
            "customdata": label,
            "line": {"shape": "hvh", "color": "$ink", "width": 1.5, "dash": "dot"},
            "hovertemplate": hover.replace("<extra>", " before<extra>"),
        },
    ]
    return figure(
        data,
        240,
        xaxis=axis(tickformat=".0%", nticks=7),
        yaxis=value_axis(tickformat=".0%", nticks=5),
    )


def volume(shown: Series, since: str, until: str) -> Figure:
    """Events a period: with a known outcome, and still open."""
    x, known = times(shown.begins), shown.labelled
    parts = ((known, "$accent", "outcome known"), (shown.n - known, "$accent/0.35", "still open"))
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
