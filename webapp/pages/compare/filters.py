"""The controls of the Compare page."""

from __future__ import annotations

from collections.abc import Sequence

import dash_mantine_components as dmc
from dash import html

from webapp.components import long_page
from webapp.components.filters import POPOVER, SOURCES, select, source, window, with_label
from webapp.services.compare.answer import CompareAnswer, ComparisonReport
from webapp.services.compare.request import MAX_VERSIONS, CompareRequest
from webapp.services.formatting import span

VERSIONS, REFERENCE, CHALLENGER = "compare-versions", "compare-reference", "compare-challenger"
ON = "compare-on"
ROWS = "compare-rows"
DAYS, DATES, SOURCE = "compare-days", "compare-dates", "compare-source"


def filter_line(
    request: CompareRequest, answer: CompareAnswer | None, ready_names: Sequence[str]
) -> html.Div:
    """The controls, or a button with what is chosen. ``ready_names`` can be chosen from."""
    names = [version.name for version in answer.versions] if answer else list(request.versions)
    is_simulated = answer is not None and answer.is_simulated
    reference, *others = names or [""]
    challenger = others[0] if others else ""
    if isinstance(answer, ComparisonReport):
        challenger = answer.close_up.challenger.name
    period = with_label("Window", window(DAYS, DATES, request.since, request.until))
    traffic_source = with_label("Source", source(SOURCE, request.source, is_simulated))
    on_file = request.file is not None
    rows = with_label("Rows", _rows(request.rows))
    rows.hidden = not on_file
    if on_file:  # the controls stay, because callbacks listen to them
        period.hidden = traffic_source.hidden = True
    controls = html.Div(
        [
            with_label("Versions", _versions(names, ready_names)),
            _one_version(REFERENCE, "Reference", names, reference),
            _one_version(CHALLENGER, "Compare with", others, challenger),
            with_label("Evaluate on", _evaluate_on(on_file=on_file)),
            rows,
            period,
            traffic_source,
        ],
        className="ec-filters",
    )
    return long_page.filter_line(_summarize(request, answer, names), controls)


def _summarize(request: CompareRequest, answer: CompareAnswer | None, names: Sequence[str]) -> str:
    """What is chosen, in a line."""
    if answer is None or len(names) < 2:
        return "Choose versions"
    others = names[1] if len(names) == 2 else f"{len(names) - 1} others"
    parts = [f"{names[0]} and {others}"]
    if request.file is not None:
        parts.append("a file")
        parts += ["all rows"] if request.rows == "all" else []
    else:
        chosen_source = request.source or ("demo" if answer.is_simulated else "all")
        parts += [span(request.since, request.until), SOURCES[chosen_source].lower()]
    return " · ".join(parts)


def _rows(rows: str) -> dmc.Select:
    texts = {"unseen": "Unseen in training", "all": "All rows"}
    return select(ROWS, "Rows", texts, rows)


def _versions(names: Sequence[str], ready_names: Sequence[str]) -> dmc.MultiSelect:
    return dmc.MultiSelect(
        id=VERSIONS,
        data=list(dict.fromkeys([*names, *ready_names])),
        value=list(names),
        maxValues=MAX_VERSIONS,
        hidePickedOptions=True,
        comboboxProps=POPOVER,
        **{"aria-label": "Versions"},
    )


def _one_version(id_: str, label: str, names: Sequence[str], value: str) -> html.Div:
    return with_label(label, select(id_, label, {name: name for name in names if name}, value))


def _evaluate_on(*, on_file: bool) -> dmc.SegmentedControl:
    return dmc.SegmentedControl(
        id=ON,
        data=[{"value": "traffic", "label": "Production"}, {"value": "file", "label": "A file"}],
        value="file" if on_file else "traffic",
        size="sm",
        transitionDuration=0,
        **{"aria-label": "Evaluate on"},
    )
