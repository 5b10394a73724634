"""Why a mean changed, as a waterfall chart from the baseline to the window."""

from __future__ import annotations

from webapp.components.figure import ICONS, Figure, axis, figure, note
from webapp.grammar import NBSP
from webapp.services.drift.words import BEHAVIOUR, MIX, UNSEEN
from webapp.services.formatting import signed
from webapp.stats.rates import Interval
from webapp.stats.split import Split

_LAST = 4  # the position of "This window"


def bridge(split: Split, before: str, *, share: bool) -> Figure:
    """From before to now by traffic mix and behaviour; grey where an interval includes 0."""
    steps = {
        MIX: split.seen,
        UNSEEN: split.unseen,
        BEHAVIOUR: split.behaviour,
    }
    names = [before, *(name.replace(" ", "<br>") for name in steps), "This<br>window"]
    ends = ((0, split.before.value), (_LAST, split.after.value))
    shapes = [_thick_line(place, value) for place, value in ends]
    notes = [_end_note(place, value, share=share) for place, value in ends]
    levels, edges = [split.before.value], [split.before.value, split.after.value]
    for place, step in enumerate(steps.values(), start=1):
        shapes.append(_bar(place, levels[-1], step))
        notes.append(_step_note(place, levels[-1], step, share=share))
        edges += [levels[-1] + step.low, levels[-1] + step.high]
        levels.append(levels[-1] + step.value)
    low, high = min(edges), max(edges)
    pad = (high - low) * 0.16 or 0.01
    ticks = {"tickvals": [*range(_LAST + 1)], "ticktext": names, "range": [-0.5, _LAST + 0.5]}
    return figure(
        [_whiskers(levels[1:], [*steps.values()])],
        300,
        xaxis=axis(**ticks, tickangle=0),
        shapes=shapes,
        annotations=notes,
        yaxis=axis(range=[low - pad, high + pad], showticklabels=False),
        margin={"l": 8, "r": 8, "t": ICONS, "b": 44},
    )


def _is_sure(step: Interval) -> bool:
    return step.low > 0 or step.high < 0


def _bar(place: int, level: float, step: Interval) -> Figure:
    colour = "$higher" if step.value > 0 else "$lower"
    return {
        "type": "rect",
        "xref": "x",
        "yref": "y",
        "x0": place - 0.3,
        "x1": place + 0.3,
        "y0": level,
        "y1": level + step.value,
        "line": {"width": 0},
        "layer": "below",
        "fillcolor": colour if _is_sure(step) else "$grey/0.5",
    }


def _step_note(place: int, level: float, step: Interval, *, share: bool) -> Figure:
    size = signed(step.value * 100, 1) if share else signed(step.value, 3)
    top = max(level, level + step.high, level + step.value)
    font = {"size": 12, "color": "$ink" if _is_sure(step) else "$soft"}
    return note(f"<b>{size}</b>", x=place, y=top, yshift=12, font=font)


def _end_note(place: int, value: float, *, share: bool) -> Figure:
    text = f"{value * 100:.1f}{NBSP}%" if share else f"{value:.3f}"
    font = {"size": 13, "color": "$ink"}
    return note(f"<b>{text}</b>", x=place, y=value, yshift=12, font=font)


def _whiskers(levels: list[float], steps: list[Interval]) -> Figure:
    """The interval of each step, at its end."""
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [*range(1, len(steps) + 1)],
        "y": levels,
        "marker": {"size": 5, "color": "$ink"},
        "error_y": {
            "type": "data",
            "array": [step.half for step in steps],
            "color": "$ink",
            "thickness": 1.25,
            "width": 4,
        },
        "customdata": [[signed(end, 3) for end in (s.value, s.low, s.high)] for s in steps],
        "hovertemplate": "%{customdata[0]} [%{customdata[1]}, %{customdata[2]}]<extra></extra>",
    }


def _thick_line(at: float, value: float) -> Figure:
    return {
        "type": "line",
        "x0": at - 0.35,
        "x1": at + 0.35,
        "y0": value,
        "y1": value,
        "line": {"color": "$ink", "width": 3},
    }
