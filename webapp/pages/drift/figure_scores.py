"""The distribution of scores in the window and in the baseline."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from webapp.components.figure import Figure, axis, figure, value_axis
from webapp.grammar import NBSP

Array = NDArray[np.float64]
Whole = NDArray[np.int64]
_BINS = (0.02, 0.01, 0.005, 0.002, 0.001, 0.0005, 0.0002, 0.0001, 0.00005)  # of scores


def score_bars(scores: Array, baseline: Whole, window: Whole) -> Figure:
    """Two histograms: the window as bars, the baseline as a line."""
    size = _bin_size(float(scores.max()))
    bins = max(int(np.ceil(scores.max() / size)), 1)
    place = np.minimum((scores / size).astype(int), bins - 1)
    now, before = (
        np.bincount(place, weights=side, minlength=bins) / side.sum() for side in (window, baseline)
    )
    x = ((np.arange(bins) + 0.5) * size).tolist()
    label = [f"{i * size * 100:.4g}–{(i + 1) * size * 100:.4g}{NBSP}%" for i in range(bins)]
    hover = "score %{customdata}<br>%{y:.1%} of events<extra></extra>"
    data = [
        {
            "type": "bar",
            "x": x,
            "y": now.tolist(),
            "width": size * 0.85,
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
        meta={"x": "Score", "y": "Share of events"},
        xaxis=axis(tickformat="~%", nticks=7, range=[-size / 2, (bins + 0.5) * size]),
        yaxis=value_axis(tickformat="~%", nticks=5, rangemode="tozero"),
    )


def _bin_size(highest: float) -> float:
    """The width of a bin: 2 points, less where no score is as high as ten of them."""
    return next((size for size in _BINS if highest >= 10 * size), _BINS[-1])
