"""The maps of the Drift page: pairs of features, and every case."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from webapp.cases import Features
from webapp.figures.base import DIVERGING, Figure, axis, figure
from webapp.figures.drift import signed
from webapp.stats.pairs import Pair

NBSP, MINUS = "\u00a0", "\u2212"
Whole = NDArray[np.int64]
_END = 10.0  # points of share at the ends of the colours


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


def gray(count: int) -> NDArray[np.int64]:
    """Gray code: neighbours differ by one bit."""
    index = np.arange(1 << count)
    return np.asarray(index ^ (index >> 1))


def case_map(features: Features, baseline: Whole, window: Whole) -> Figure:
    """Every case where the Karnaugh map has it: share gained or lost; ○ was not seen before."""
    columns = gray(features.half)
    rows = gray(len(features.names) - features.half) << features.half
    case = rows[:, None] + columns[None, :]
    before, now = baseline / baseline.sum(), window / window.sum()
    change = 100 * (now - before)[case]
    z = np.sign(change) * np.sqrt(np.minimum(np.abs(change), _END) / _END)
    seen = (before + now)[case] > 0
    hover = [
        [
            f"{' + '.join(features.owned(int(c))) or 'none'}<br>{100 * before[c]:.2f}{NBSP}% → "
            f"{100 * now[c]:.2f}{NBSP}% of events<br>{int(window[c]):,} events"
            f"{'' if baseline[c] else '<br>never seen before'}"
            for c in row
        ]
        for row in case
    ]
    new = np.argwhere((baseline[case] == 0) & (window[case] > 0))
    data = [
        {
            "type": "heatmap",
            "z": [
                [v if s else None for v, s in zip(*r, strict=True)]
                for r in zip(z.tolist(), seen.tolist(), strict=True)
            ],
            "hovertext": hover,
            "hovertemplate": "%{hovertext}<extra></extra>",
            "customdata": case.tolist(),
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
                "y": -0.08,
                "yanchor": "top",
                "outlinewidth": 0,
                "tickvals": [-1, -(0.1**0.5), 0, 0.1**0.5, 1],
                "tickangle": 0,
                "ticktext": [f"{MINUS}10", f"{MINUS}1", "0", "+1", "+10"],
                "title": {
                    "text": "points of share, square-root scale",
                    "side": "bottom",
                    "font": {"size": 11},
                },
            },
        },
        {
            "type": "scatter",
            "mode": "markers",
            "x": new[:, 1].tolist(),
            "y": new[:, 0].tolist(),
            "marker": {
                "symbol": "circle-open",
                "size": 7,
                "color": "$ink",
                "line": {"width": 1.25},
            },
            "hoverinfo": "skip",
        },
    ]
    ticks = {"showticklabels": False, "constrain": "domain"}
    return figure(
        data,
        440,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        xaxis=axis(range=[-0.5, len(columns) - 0.5], **ticks),
        yaxis=axis(range=[len(rows) - 0.5, -0.5], **ticks),
    )
