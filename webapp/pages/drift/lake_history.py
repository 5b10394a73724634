"""What of the Drift page's traffic was counted in a lake, and which datasets there are."""

from __future__ import annotations

from collections.abc import Sequence

from dash import html

from webapp.components.sections import card, scroll
from webapp.events.lake.counts import Dataset
from webapp.services.drift.answer import Answer
from webapp.services.formatting import NBSP, iso, share, span
from webapp.timing import DAY_MS

_MINUTE, _HOUR = 60_000, 3_600_000
_MOST = 50  # datasets in the table


def legend(answer: Answer) -> html.Ul | None:
    """What the colours of the volume chart are, where they tell sources apart."""
    if answer.lake is None or answer.shown is None:
        return None
    names = {"lake": "counted in the lake"} if answer.lake.any() else {}
    if (answer.shown.n > answer.lake[:, 0]).any():
        names["live"] = "live traffic"
    lines = [html.Li(name, className=f"ec-bar-{key}") for key, name in names.items()]
    return html.Ul(lines, className="ec-chart-legend")


def part(answer: Answer) -> str:
    """How much of the window came from a lake; empty where none can have."""
    assert answer.window is not None
    if answer.lake is None or not answer.window.total:
        return ""
    if not answer.in_lake:
        return "None of these events were counted in the lake."
    if answer.in_lake == answer.window.total:
        return "All of these events were counted in the lake."
    of_all = share(answer.in_lake / answer.window.total)
    return f"Of these, {answer.in_lake:,} events ({of_all}) were counted in the lake."


def datasets(found: Sequence[Dataset], now: int) -> html.Div | None:
    """The datasets of all lakes, whatever the window."""
    if not found:
        return None
    events, at = sum(d.events for d in found), max(d.counted_at for d in found)
    many = f"{len(found):,} dataset{'s' if len(found) > 1 else ''}"
    told = f"{many} with {events:,} events, last counted {_ago(now - at)}."
    if len(found) > _MOST:
        told += f" The first {_MOST} of them are shown."
    head = ("Dataset", "Days", "From and to", "Events", "Outcomes known", "Counted (UTC)")
    body = [html.Thead(html.Tr([html.Th(name, scope="col") for name in head]))]
    body.append(html.Tbody([_row(dataset) for dataset in found[:_MOST]]))
    table = html.Table(body, className="ec-table ec-report-table", id="drift-datasets")
    shown = card(
        html.P(told, className="ec-caption", id="drift-lake"),
        scroll("Datasets counted in the lake", table),
        title="Lake history",
    )
    return html.Div(shown, className="ec-lake")


def _row(dataset: Dataset) -> html.Tr:
    known = share(dataset.labelled / dataset.events) if dataset.events else "–"
    cells = (
        f"{dataset.days:,}",
        span(dataset.first, dataset.last + DAY_MS),
        f"{dataset.events:,}",
        known,
        iso(dataset.counted_at)[:16].replace("T", NBSP),
    )
    return html.Tr([html.Th(dataset.name, scope="row"), *map(html.Td, cells)])


def _ago(ms: int) -> str:
    """``2 h ago``."""
    for length, unit in ((DAY_MS, "d"), (_HOUR, "h"), (_MINUTE, "min")):
        if ms >= length:
            return f"{ms // length:,}{NBSP}{unit} ago"
    return "just now"
