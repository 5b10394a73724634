"""The maps of the Drift page: pairs of inputs, and all cases."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from webapp.components.case_grid import (
    Whole,
    case_numbers,
    cells,
    compress,
    grid_figure,
    has_texts,
    rings,
)
from webapp.components.figure import DIVERGING, ICONS, Figure, axis, figure, note
from webapp.grammar import NBSP, quantity
from webapp.pages.drift.tables import name_case
from webapp.services.drift.answer import Scope
from webapp.services.drift.words import VERDICTS
from webapp.services.formatting import signed
from webapp.stats.case_shifts import find_shifts
from webapp.stats.pairs import Pair

Shares = NDArray[np.float64]
_END = 10  # points of share at the ends of the colours
_MOST_NOTES, _LEAST_NOTED = 3, 0.02  # cases with a note; the share that one must have moved


def pair_map(scope: Scope, pairs: list[Pair]) -> Figure:
    """Changes of the log odds ratio; pairs that did not drift have no number."""
    names = scope.features.names
    labels = [scope.vocabulary.label(name) for name in names]
    size = len(names)
    z: list[list[float | None]] = [[None] * size for _ in names]
    text, hover = [[""] * size for _ in names], [[""] * size for _ in names]
    for pair in pairs:
        column, row = (names.index(name) for name in pair.names)
        has_drifted = pair.verdict == "drifted"
        z[row][column] = pair.change.value if has_drifted else 0.0
        text[row][column] = signed(pair.change.value, 1) if has_drifted else ""
        hover[row][column] = _pair_hover(pair, labels[column], labels[row])
    data = [
        {
            "type": "heatmap",
            "x": labels,
            "y": labels,
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
        margin={"l": 36, "r": 8, "t": ICONS, "b": 28},
    )


def _pair_hover(pair: Pair, first: str, second: str) -> str:
    """The text of the pair under the pointer."""
    low, value, high = (
        signed(v, 2) for v in (pair.change.low, pair.change.value, pair.change.high)
    )
    return (
        f"{first} and {second}: {VERDICTS[pair.verdict].lower()}<br>"
        f"odds ratio {pair.baseline:.2f} → {pair.window:.2f}<br>"
        f"log odds {value} [{low}, {high}]<br>{quantity(pair.both, 'event')} with both"
    )


def case_map(scope: Scope, baseline: Whole, window: Whole) -> Figure:
    """Share gained or lost by every case, on the Karnaugh map; ○ marks unseen cases.

    Changes that chance explains have no colour and no note.
    """
    case, has_moved = case_numbers(scope.features), find_shifts(baseline, window)
    before, now = baseline / baseline.sum(), window / window.sum()
    new = np.argwhere((baseline[case] == 0) & (window[case] > 0))
    hover = _hover(scope, case, before, now, window) if has_texts(case) else []
    heat = cells(case, _changes(case, before, now, has_moved), hover, _END, 1, "share")
    notes = _notes(scope, case, before, np.where(has_moved, now, before))
    return grid_figure(scope.features, [heat, rings(new)], notes)


def _changes(
    case: Whole, before: Shares, now: Shares, has_moved: NDArray[np.bool_]
) -> list[list[float | None]]:
    """Points of share on a square-root scale; None for cases without events."""
    z = compress(100 * np.where(has_moved, now - before, 0.0)[case], _END)
    occurs = (before + now)[case] > 0
    return [
        [value if has_events else None for value, has_events in zip(*row, strict=True)]
        for row in zip(z.tolist(), occurs.tolist(), strict=True)
    ]


def _hover(
    scope: Scope, case: Whole, before: Shares, now: Shares, window: Whole
) -> list[list[str]]:
    """The text of the case under the pointer."""
    return [
        [
            f"{name_case(scope, int(c))}<br>{100 * before[c]:.2f}{NBSP}% → "
            f"{100 * now[c]:.2f}{NBSP}% of events<br>{quantity(int(window[c]), 'event')}"
            f"{'' if before[c] else '<br>unseen in the baseline'}"
            for c in row
        ]
        for row in case
    ]


def _notes(scope: Scope, case: Whole, before: Shares, now: Shares) -> list[Figure]:
    """Names of the cases that changed most, if the change is worth a note."""
    change = np.abs(now - before)
    top = [int(c) for c in np.argsort(-change)[:_MOST_NOTES] if change[c] >= _LEAST_NOTED]
    notes = []
    for rank, c in enumerate(top):
        ((y, x),) = np.argwhere(case == c)
        is_right = x > case.shape[1] / 2  # the note goes left of it, to stay in the figure
        notes.append(
            note(
                f"<b>{name_case(scope, c)}</b> {100 * before[c]:.0f} → {100 * now[c]:.0f}{NBSP}%",
                x=int(x),
                y=int(y),
                ax=-60 if is_right else 60,
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
    return notes
