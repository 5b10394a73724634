"""The controls of the Drift page. The address holds their state; they only show and change it."""

from __future__ import annotations

from collections.abc import Sequence

import dash_mantine_components as dmc
from dash import html

from webapp.events.schema import DAY_MS
from webapp.services import windows
from webapp.services.drift import Answer
from webapp.services.windows import Question
from webapp.services.wording import NBSP, iso

BASELINE, DAYS, DATES = "drift-baseline", "drift-days", "drift-dates"
SOURCE, EVERY, MARGIN = "drift-source", "drift-every", "drift-margin"
PRESETS = (7, 14, 30, 60)
_SOURCES = {
    "all": "All real",
    "api": "API",
    "batch": "Batch",
    "form": "Form",
    "replay": "Replay",
    "demo": "Simulated",
}
_EVERY = {"auto": "Automatic", "hour": "Hour", "day": "Day", "week": "Week"}
_MARGINS = (0.01, 0.02, 0.03, 0.05, 0.1)


def filters(question: Question, answer: Answer | None, versions: Sequence[str]) -> html.Div:
    """One row on wide screens."""
    simulated = answer is not None and answer.simulated and question.source is None
    source = "demo" if simulated else question.source or "all"
    return html.Div(
        [
            _labelled("Compared with", _select(BASELINE, _baselines(versions), question.baseline)),
            _labelled(
                "Window",
                html.Div([_presets(question), _dates(question)], className="ec-filter-window"),
            ),
            _labelled("Source", _select(SOURCE, _SOURCES, source)),
            _labelled("Point every", _select(EVERY, _EVERY, question.every)),
            _labelled("Margin that matters", _margin(question.margin)),
        ],
        className="ec-filters",
    )


def preset(question: Question) -> str | None:
    """The length in days that the window has, if there is a button for it."""
    days = (question.until - question.since) / DAY_MS
    return str(int(days)) if days in PRESETS else None


def _labelled(label: str, control: object) -> html.Div:
    return html.Div([html.Span(label, className="ec-filter-label"), control], className="ec-filter")


def _select(id_: str, options: dict[str, str], value: str) -> dmc.Select:
    names = {
        "drift-baseline": "Compared with",
        "drift-source": "Source",
        "drift-every": "Point every",
        "drift-margin": "Margin that matters",
    }
    data = [{"value": key, "label": label} for key, label in options.items()]
    return dmc.Select(
        id=id_,
        data=data,
        value=value,
        allowDeselect=False,
        comboboxProps={"transitionProps": {"duration": 0}},
        **{"aria-label": names[id_]},
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
    return _select(MARGIN, options, f"{value:g}")


def _presets(question: Question) -> dmc.SegmentedControl:
    data = [{"value": str(days), "label": f"{days}{NBSP}d"} for days in PRESETS]
    return dmc.SegmentedControl(
        id=DAYS, data=data, value=preset(question) or "", size="sm", transitionDuration=0
    )


def _dates(question: Question) -> dmc.DatePickerInput:
    first, last = iso(question.since)[:10], iso(question.until - 1)[:10]
    return dmc.DatePickerInput(
        id=DATES,
        type="range",
        value=[first, last],
        valueFormat="D MMM YYYY",
        allowSingleDateInRange=True,
        popoverProps={"transitionProps": {"duration": 0}},
        **{"aria-label": "From and to"},
    )
