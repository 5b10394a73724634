"""The maps of the Drift page: pairs of features, and every case."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from webapp.cases import Features
from webapp.components.case_grid import HEIGHT, Whole, gray, lanes, rings
from webapp.components.figure import DIVERGING, MINUS, NBSP, Figure, axis, figure, note
from webapp.services.formatting import signed
from webapp.stats.pairs import Pair

Shares = NDArray[np.float64]
_END = 10.0  # points of share at the ends of the colours
_NAMED, _SPOKEN = 3, 0.02  # cases with words of their own; the share that one must have moved
_SCALE = "points of share, square-root scale"


def pair_map(names: tuple[str, ...], pairs: list[Pair]) -> Figure:
    """Changes of the log odds ratio; those that did not drift are left without a number."""
    size = len(names)
    z: list[list[float | None]] = [[None] * size for _ in names]
    text, hover = [[""] * size for _ in names], [[""] * size for _ in names]
    for pair in pairs:
        column, row = (names.index(name) for name in pair.names)
        value, change = pair.change.value, pair.change
        z[row][column] = value if pair.verdict == "drifted" else 0.0
        text[row][column] = signed(value, 1) if pair.verdict == "drifted" else ""
        hover[row][column] = (
            f"{pair.names[0]} and {pair.names[1]}: {pair.verdict}<br>odds ratio "
            f"{pair.baseline:.2f} → {pair.window:.2f}<br>log odds {signed(value, 2)} "
            f"[{signed(change.low, 2)}, {signed(change.high, 2)}]<br>{pair.both:,} have both"
        )
    data = [
        {
            "type": "heatmap",
            "x": list(names),
            "y": list(names),
            "z": z,
            "text": text,
            "texttemplate": "%{text}",
            "textfont": {"size": 10},
            "hovertext": hover,
            "hovertemplate": "%{hovertext}<extra></extra>",
            "colorscale": DIVERGING,
            "zmin": -3,
            "zmax": 3,
            "xgap": 3,
            "ygap": 3,
            "showscale": False,
            "hoverongaps": False,
        }
    ]
    return figure(
        data,
        360,
        xaxis=axis(side="bottom"),
        yaxis=axis(autorange="reversed"),
        margin={"l": 36, "r": 8, "t": 8, "b": 28},
    )


def case_map(features: Features, baseline: Whole, window: Whole) -> Figure:
    """Every case where the Karnaugh map has it: share gained or lost; ○ was not seen before."""
    columns = gray(features.half)
    rows = gray(len(features.names) - features.half)
    case = (rows << features.half)[:, None] + columns[None, :]
    before, now = baseline / baseline.sum(), window / window.sum()
    new = np.argwhere((baseline[case] == 0) & (window[case] > 0))
    data = [_cells(case, before, now) | _words(features, case, before, now, window), rings(new)]
    drawn, names = lanes(features, columns, rows)
    ticks = {"showticklabels": False}
    return figure(
        [*data, drawn],
        HEIGHT,
        margin={"l": 4, "r": 4, "t": 28, "b": 8},
        xaxis=axis(range=[-1.5 - len(names) + features.half, len(columns) + 1.5], **ticks),
        yaxis=axis(range=[len(rows) + 1.6, -1.5 - features.half], **ticks),
        annotations=[*names, *_largest(features, case, before, now)],
    )


def _cells(case: Whole, before: Shares, now: Shares) -> Figure:
    """Points of share on a square-root scale; cases without events are left blank."""
    change = 100 * (now - before)[case]
    z = np.sign(change) * np.sqrt(np.minimum(np.abs(change), _END) / _END)
    seen = (before + now)[case] > 0
    tenth = 0.1**0.5
    return {
        "type": "heatmap",
        "z": [
            [value if is_seen else None for value, is_seen in zip(*row, strict=True)]
            for row in zip(z.tolist(), seen.tolist(), strict=True)
        ],
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
            "tickvals": [-1, -tenth, 0, tenth, 1],
            "tickangle": 0,
            "ticktext": [f"{MINUS}10", f"{MINUS}1", "0", "+1", "+10"],
            "title": {"text": _SCALE, "side": "bottom", "font": {"size": 11}},
        },
    }


def _words(features: Features, case: Whole, before: Shares, now: Shares, window: Whole) -> Figure:
    """What is said of a case under the pointer."""
    hover = [
        [
            f"{' + '.join(features.owned(int(c))) or 'none'}<br>{100 * before[c]:.2f}{NBSP}% → "
            f"{100 * now[c]:.2f}{NBSP}% of events<br>{int(window[c]):,} events"
            f"{'' if before[c] else '<br>never seen before'}"
            for c in row
        ]
        for row in case
    ]
    told = "%{hovertext}<extra></extra>"
    return {"hovertext": hover, "hovertemplate": told, "customdata": case.tolist()}


def _largest(features: Features, case: Whole, before: Shares, now: Shares) -> list[Figure]:
    """What the cases are that changed most, if that is enough to speak of."""
    change = np.abs(now - before)
    top = [int(c) for c in np.argsort(-change)[:_NAMED] if change[c] >= _SPOKEN]
    made = []
    for rank, c in enumerate(top):
        ((y, x),) = np.argwhere(case == c)
        owned = " + ".join(features.owned(c)) or "none"
        left = x > case.shape[1] / 2  # so that the words stay in the picture
        made.append(
            note(
                f"<b>{owned}</b> {100 * before[c]:.0f} → {100 * now[c]:.0f}{NBSP}%",
                x=int(x),
                y=int(y),
                ax=-60 if left else 60,
                ay=24 + 26 * rank,
                showarrow=True,
                arrowhead=0,
                arrowwidth=1,
                arrowcolor="$soft",
                bgcolor="$card",
                borderpad=2,
                font={"size": 11, "color": "$ink"},
            )
        )
    return made
