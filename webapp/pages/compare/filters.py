"""The controls of the Compare page."""

from __future__ import annotations

from collections.abc import Sequence

import dash_mantine_components as dmc
from dash import html

from webapp.components.filters import labelled, select, source, window
from webapp.services.compare.answer import Answer
from webapp.services.compare.request import MOST_VERSIONS, Request

VERSIONS, REFERENCE, CHALLENGER = "compare-versions", "compare-reference", "compare-challenger"
ON = "compare-on"
DAYS, DATES, SOURCE = "compare-days", "compare-dates", "compare-source"
PRESETS = (7, 28, 60)


def filters(request: Request, answer: Answer | None, ready: Sequence[str]) -> html.Div:
    """One row on wide screens."""
    chosen = [version.name for version in answer.versions] if answer else list(request.versions)
    simulated = answer is not None and answer.simulated
    close = answer.close.name if answer and answer.close else (chosen[1:] or [""])[0]
    dates = labelled("Period", window(DAYS, DATES, request.since, request.until, PRESETS))
    source_ = labelled("Source", source(SOURCE, request.source, simulated))
    on_file = request.file is not None
    if on_file:  # the controls stay, because callbacks listen to them
        dates.hidden = source_.hidden = True
    return html.Div(
        [
            labelled("Versions", _versions(chosen, ready)),
            labelled("Reference", _one(REFERENCE, "Reference", chosen, (chosen or [""])[0])),
            labelled("Look closely at", _one(CHALLENGER, "Look closely at", chosen[1:], close)),
            labelled("Evaluate on", _on(on_file=on_file)),
            dates,
            source_,
        ],
        className="ec-filters",
    )


def _versions(chosen: Sequence[str], ready: Sequence[str]) -> dmc.MultiSelect:
    return dmc.MultiSelect(
        id=VERSIONS,
        data=list(dict.fromkeys([*chosen, *ready])),
        value=list(chosen),
        maxValues=MOST_VERSIONS,
        hidePickedOptions=True,
        comboboxProps={"transitionProps": {"duration": 0}},
        **{"aria-label": "Versions"},
    )


def _one(id_: str, label: str, names: Sequence[str], value: str) -> dmc.Select:
    return select(id_, label, {name: name for name in names if name}, value)


def _on(*, on_file: bool) -> dmc.SegmentedControl:
    return dmc.SegmentedControl(
        id=ON,
        data=[{"value": "traffic", "label": "Production"}, {"value": "file", "label": "A file"}],
        value="file" if on_file else "traffic",
        size="sm",
        transitionDuration=0,
        **{"aria-label": "Evaluate on"},
    )
