"""The controls of the Compare page."""

from __future__ import annotations

from collections.abc import Sequence

import dash_mantine_components as dmc
from dash import html

from webapp.components.filters import labelled, select, source, window
from webapp.services.compare import MOST_VERSIONS, Answer, Request

VERSIONS, REFERENCE, CHALLENGER = "compare-versions", "compare-reference", "compare-challenger"
DAYS, DATES, SOURCE = "compare-days", "compare-dates", "compare-source"
PRESETS = (7, 28, 60)


def filters(request: Request, answer: Answer | None, ready: Sequence[str]) -> html.Div:
    """One row on wide screens."""
    chosen = [version.name for version in answer.versions] if answer else list(request.versions)
    simulated = answer is not None and answer.simulated
    close = answer.close.name if answer and answer.close else (chosen[1:] or [""])[0]
    return html.Div(
        [
            labelled("Versions", _versions(chosen, ready)),
            labelled("Reference", _one(REFERENCE, "Reference", chosen, (chosen or [""])[0])),
            labelled("Look closely at", _one(CHALLENGER, "Look closely at", chosen[1:], close)),
            labelled("Period", window(DAYS, DATES, request.since, request.until, PRESETS)),
            labelled("Source", source(SOURCE, request.source, simulated)),
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
