"""The controls of the Drift page."""

from __future__ import annotations

from collections.abc import Sequence

import dash_mantine_components as dmc
from dash import html

from webapp.components.filters import labelled, select, source, window
from webapp.services.drift.answer import Answer
from webapp.services.formatting import NBSP
from webapp.services.traffic import windows
from webapp.services.traffic.windows import Question

BASELINE, DAYS, DATES = "drift-baseline", "drift-days", "drift-dates"
SOURCE, EVERY, MARGIN = "drift-source", "drift-every", "drift-margin"
PRESETS = (7, 14, 30, 60)
_EVERY = {"auto": "Automatic", "hour": "Hour", "day": "Day", "week": "Week"}
_MARGINS = (0.01, 0.02, 0.03, 0.05, 0.1)


def filters(question: Question, answer: Answer | None, versions: Sequence[str]) -> html.Div:
    """One row on wide screens."""
    simulated = answer is not None and answer.simulated
    compared = _baselines(versions)
    return html.Div(
        [
            labelled(
                "Compared with", select(BASELINE, "Compared with", compared, question.baseline)
            ),
            labelled("Window", window(DAYS, DATES, question.since, question.until, PRESETS)),
            labelled("Source", source(SOURCE, question.source, simulated)),
            labelled("Point every", select(EVERY, "Point every", _EVERY, question.every)),
            labelled("Margin that matters", _margin(question.margin)),
        ],
        className="ec-filters",
    )


def _baselines(versions: Sequence[str]) -> dict[str, str]:
    return {
        windows.TRAINING: "Its training",
        windows.PREVIOUS: "Previous period",
        windows.WEEK_BEFORE: "A week before",
    } | {name: f"Training of {name}" for name in versions}


def _margin(value: float) -> dmc.Select:
    known = sorted({*_MARGINS, value})
    options = {f"{m:g}": f"{m * 100:g}{NBSP}point{'' if m == 0.01 else 's'}" for m in known}
    return select(MARGIN, "Margin that matters", options, f"{value:g}")
