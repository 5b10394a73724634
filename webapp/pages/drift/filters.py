"""The controls of the Drift page."""

from __future__ import annotations

from collections.abc import Sequence

import dash_mantine_components as dmc
from dash import html

from webapp.components import long_page
from webapp.components.filters import SOURCES, select, source, window, with_label
from webapp.services.drift.answer import Scope
from webapp.services.drift.words import format_margin
from webapp.services.formatting import span
from webapp.services.traffic import windows
from webapp.services.traffic.windows import Question

BASELINE, DAYS, DATES = "drift-baseline", "drift-days", "drift-dates"
SOURCE, EVERY, MARGIN = "drift-source", "drift-every", "drift-margin"
_EVERY = {"auto": "Automatic", "hour": "Hour", "day": "Day", "week": "Week"}
_MARGINS = (0.01, 0.02, 0.03, 0.05, 0.1)
_COMPARE, _GRANULARITY, _MARGIN = "Compare with", "Granularity", "Ignore changes below"


def filter_line(
    question: Question, scope: Scope | None, versions: Sequence[str], *, is_simulated: bool
) -> html.Div:
    """One row, or a button. ``versions`` are those whose training can be the baseline."""
    baseline = question.baseline or (windows.TRAINING if scope is None else scope.baseline_name)
    baselines = _baselines(scope, baseline) | {
        name: f"Training data of {name}" for name in versions
    }
    chosen_values = (
        span(question.since, question.until),
        f"against {baselines.get(baseline, baseline).lower()}",
        SOURCES[question.source or ("demo" if is_simulated else "all")].lower(),
    )
    controls = html.Div(
        [
            with_label(_COMPARE, select(BASELINE, _COMPARE, baselines, baseline)),
            with_label("Window", window(DAYS, DATES, question.since, question.until)),
            with_label("Source", source(SOURCE, question.source, is_simulated)),
            with_label(_GRANULARITY, select(EVERY, _GRANULARITY, _EVERY, question.every)),
            with_label(_MARGIN, _margin(question.margin)),
        ],
        className="ec-filters",
    )
    return long_page.filter_line(" · ".join(chosen_values), controls)


def _baselines(scope: Scope | None, baseline: str) -> dict[str, str]:
    """The baselines that the version has, and the one that is chosen."""
    absent = set()
    if scope is not None and scope.is_without_counts:
        absent.add(windows.TRAINING)
    if scope is None or scope.evaluation is None:
        absent.add(windows.EVALUATION)
    names = {
        windows.TRAINING: "Training data",
        windows.EVALUATION: "Rows it was evaluated on",
        windows.PREVIOUS: "Previous period",
        windows.WEEK_BEFORE: "A week before",
    }
    return {key: name for key, name in names.items() if key == baseline or key not in absent}


def _margin(margin: float) -> dmc.Select:
    options = {f"{m:g}": format_margin(m) for m in sorted({*_MARGINS, margin})}
    return select(MARGIN, _MARGIN, options, f"{margin:g}")
