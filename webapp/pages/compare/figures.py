"""The figures of the Compare page: curves, calibration, the map of differences."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from webapp.cases import Features
from webapp.components.case_grid import case_numbers, cells, compress, grid_figure, has_texts, rings
from webapp.components.figure import ICONS, Figure, axis, figure, value_axis
from webapp.components.version_key import colour, dash_of
from webapp.grammar import NBSP
from webapp.stats.curves import Bin, Curve
from webapp.vocabulary import Vocabulary

Array = NDArray[np.float64]
_POINTS = 4_000  # of a curve
_END = 40  # points of score at the ends of the map's colours
_FIRST_RECALL = 0.02  # precision of fewer is noise


def _step(name: str, look: int, x: Array, y: Array, hover: str, **more: object) -> Figure:
    if len(x) > _POINTS:  # more can't be told apart
        some = np.unique(np.linspace(0, len(x) - 1, _POINTS).round().astype(np.int64))
        x, y = x[some], y[some]
    line = {"color": colour(look), "width": 2, "dash": dash_of(look)} | more
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": x.round(5).tolist(),
        "y": y.round(5).tolist(),
        "line": line,
        "hovertemplate": f"{name}<br>{hover}<extra></extra>",
    }


def roc(curves: Sequence[tuple[str, int, Curve]], words: Vocabulary) -> Figure:
    """Share of positives picked against share of negatives picked; dashed: random."""
    hover = f"finds %{{y:.1%}} of {words.positives}<br>and picks %{{x:.1%}} of {words.negatives}"
    data = [
        _step(
            name,
            look,
            np.concatenate([[0.0], curve.false_positive_rate]),
            np.concatenate([[0.0], curve.true_positive_rate]),
            hover,
        )
        for name, look, curve in curves
    ]
    axes = {"x": f"Share of {words.negatives} picked", "y": f"Share of {words.positives} found"}
    return _square(data, [_diagonal()], axes)


def precision_recall(
    curves: Sequence[tuple[str, int, Curve]], base_rate: float, words: Vocabulary
) -> Figure:
    """Precision against recall; dashed: picking at random."""
    hover = (
        f"%{{y:.1%}} of the picked {words.were_positive}<br>%{{x:.1%}} of {words.positives} found"
    )
    data = []
    for name, look, curve in curves:
        steady = curve.true_positive_rate >= _FIRST_RECALL
        x, y = curve.true_positive_rate[steady], curve.precision[steady]
        data.append(_step(name, look, x, y, hover, shape="vh"))
    level = {"type": "line", "x0": 0, "x1": 1, "y0": base_rate, "y1": base_rate}
    highest = max((max(trace["y"], default=0.0) for trace in data), default=1.0)
    top = min(1.0, max(highest, base_rate) * 1.1)
    axes = {"x": f"Share of {words.positives} found", "y": "Precision"}
    return _square(data, [level | {"line": _chance()}], axes, top)


def calibration(bins: Sequence[tuple[int, str, list[Bin]]], words: Vocabulary) -> Figure:
    """Observed rate against predicted score; a calibrated version is on the diagonal.

    ``bins`` has one entry per version: its look, its name, its bins.
    """
    data = []
    for look, name, rows in bins:
        sizes = np.sqrt([b.n for b in rows]) / np.sqrt(max((b.n for b in rows), default=1))
        data.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": name,
                "x": [round(b.score, 5) for b in rows],
                "y": [round(b.rate.value, 5) for b in rows],
                "error_y": {
                    "type": "data",
                    "symmetric": False,
                    "array": [b.rate.high - b.rate.value for b in rows],
                    "arrayminus": [b.rate.value - b.rate.low for b in rows],
                    "color": colour(look),
                    "thickness": 1.25,
                    "width": 3,
                },
                "marker": {
                    "color": colour(look),
                    "size": (6 + 10 * sizes).tolist(),
                    "opacity": 1,
                },
                "customdata": [[f"{b.n:,}", b.rate.low, b.rate.high] for b in rows],
                "hovertemplate": f"{name} predicts %{{x:.1%}}<br>%{{y:.1%}} "
                "[%{customdata[1]:.1%}, %{customdata[2]:.1%}] "
                f"{words.were_positive}<br>%{{customdata[0]}} events<extra></extra>",
            }
        )
    ends = [end for _, _, rows in bins for b in rows for end in (b.rate.high, b.score)]
    top = min(1.0, max(ends, default=1.0) * 1.05)
    axes = {"x": "Predicted score", "y": "Observed rate"}
    return _square(data, [_diagonal(top)], axes, top, top)


def _square(
    data: list[Figure],
    shapes: list[Figure],
    axes: dict[str, str],
    top: float = 1.0,
    right: float = 1.0,
) -> Figure:
    return figure(
        data,
        300,
        meta=axes,
        xaxis=axis(range=[0, right], tickformat="~%", nticks=6),
        yaxis=value_axis(range=[0, top * 1.02], tickformat="~%", nticks=6),
        shapes=[shape | {"layer": "below"} for shape in shapes],
        margin={"l": 40, "r": 12, "t": ICONS, "b": 28},
    )


def _chance() -> Figure:
    return {"color": "$soft", "width": 1.25, "dash": "dash"}


def _diagonal(end: float = 1.0) -> Figure:
    return {"type": "line", "x0": 0, "x1": end, "y0": 0, "y1": end, "line": _chance()}


def difference_map(
    features: Features,
    reference: Array,
    challenger: Array,
    events: NDArray[np.int64],
    threshold: float,
    words: Vocabulary,
) -> Figure:
    """Challenger minus reference in every case; pale without events, ◇ where the decision flips."""
    case = case_numbers(features)
    z = compress(100 * (challenger - reference)[case], _END)
    pale = np.where(events[case] > 0, z, z * 0.2).round(4).tolist()
    flips = ((reference >= threshold) != (challenger >= threshold))[case] & (events[case] > 0)
    hover = [
        [
            f"{_name(features, int(c), words)}<br>{100 * reference[c]:.1f} → "
            f"{100 * challenger[c]:.1f}{NBSP}%<br>{int(events[c]):,} events"
            for c in row
        ]
        for row in (case if has_texts(case) else ())
    ]
    heat = cells(case, pale, hover, _END, 10, "score")
    return grid_figure(features, [heat, rings(np.argwhere(flips), "diamond-open")])


def _name(features: Features, case: int, words: Vocabulary) -> str:
    return " + ".join(words.label(name) for name in features.owned(case)) or words.no_inputs
