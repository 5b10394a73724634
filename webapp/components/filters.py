"""Controls that pages share. Their state is in the page's address, which they show and change."""

from __future__ import annotations

import dash_mantine_components as dmc
from dash import html

from webapp.grammar import NBSP
from webapp.services.formatting import iso
from webapp.services.traffic import windows
from webapp.timing import DAY_MS

PRESETS = (7, 14, windows.DAYS, 60)  # lengths of windows, in days
# What a control opens comes at once, and stays where it is within a sheet that scrolls
POPOVER = {"transitionProps": {"duration": 0}, "hideDetached": False}
SOURCES = {
    "all": "All real",
    "api": "API",
    "batch": "Batch",
    "form": "Form only",
    "edge": "Functions",
    "stream": "Streams",
    "lake": "Lake",
    "replay": "Replay",
    "demo": "Simulated",
}


def with_label(label: str, control: object) -> html.Div:
    """A control under its label."""
    return html.Div([html.Span(label, className="ec-filter-label"), control], className="ec-filter")


def select(id_: str, label: str, options: dict[str, str], value: str) -> dmc.Select:
    """A drop-down list; ``options`` maps values to texts."""
    data = [{"value": key, "label": text} for key, text in options.items()]
    return dmc.Select(
        id=id_,
        data=data,
        value=value,
        allowDeselect=False,
        comboboxProps=POPOVER,
        **{"aria-label": label},
    )


def preset(since: int, until: int) -> str | None:
    """The window's length in days, if it is among ``PRESETS``; times are ms since 1970."""
    days = (until - since) / DAY_MS
    return str(int(days)) if days in PRESETS else None


def window(days_id: str, dates_id: str, since: int, until: int) -> html.Div:
    """A choice of the window: buttons for lengths in days, and a range of dates."""
    data = [{"value": str(days), "label": f"{days}{NBSP}d"} for days in PRESETS]
    lengths = dmc.SegmentedControl(
        id=days_id,
        data=data,
        value=preset(since, until) or "",
        size="sm",
        transitionDuration=0,
    )
    dates = dmc.DatePickerInput(
        id=dates_id,
        type="range",
        value=[iso(since)[:10], iso(until - 1)[:10]],
        valueFormat="D MMM YYYY",
        weekendDays=[],  # traffic knows none, and red is for what went wrong
        allowSingleDateInRange=True,
        popoverProps=POPOVER,
        **{"aria-label": "From and to"},
    )
    return html.Div([lengths, dates], className="ec-filter-window")


def source(id_: str, choice: str | None, is_simulated: bool) -> dmc.Select:
    """A choice of the traffic's source; without a choice, the source that was used."""
    return select(id_, "Source", SOURCES, choice or ("demo" if is_simulated else "all"))
