"""The distribution of scores in the window and in the baseline."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from webapp.components.figure import Figure, axis, figure, value_axis
from webapp.grammar import NBSP

Array = NDArray[np.float64]
Whole = NDArray[np.int64]
_SCORE_BIN = 0.02


def score_bars(scores: Array, baseline: Whole, window: Whole) -> Figure:
    """Two histograms: the window as bars, the baseline as a line."""
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
