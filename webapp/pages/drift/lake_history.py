"""The part of the Drift page's traffic that was counted in a lake, and the lake's datasets."""

from __future__ import annotations

from collections.abc import Sequence

from dash import html

from webapp.components.sections import card, scroll
from webapp.events.lake.counts import Dataset
from webapp.grammar import NBSP, pluralize, quantity
from webapp.services.drift.answer import TrafficReport
from webapp.services.formatting import iso, share, span
from webapp.timing import DAY_MS, HOUR_MS

_MINUTE_MS = 60_000
_MOST_ROWS = 50  # datasets in the table


def legend(report: TrafficReport) -> html.Ul | None:
    """The colours of the volume chart; None where traffic can't come from a lake."""
    lake, series = report.timeline.lake, report.timeline.series
    if lake is None:
        return None
    names = {"lake": "counted in the lake"} if lake.any() else {}
    if (series.n > lake[:, 0]).any():
        names["live"] = "live traffic"
    lines = [html.Li(name, className=f"ec-bar-{key}") for key, name in names.items()]
    return html.Ul(lines, className="ec-chart-legend")


def describe_share(report: TrafficReport) -> str:
    """A sentence on how much of the window came from a lake; empty where none can have."""
    total, in_lake = report.window.total, report.in_lake
    if report.timeline.lake is None:
        return ""
    if not in_lake:
        none = pluralize(total, "This event wasn't", "None of these events were")
        return f"{none} counted in the lake."
    if in_lake == total:
        return (
            f"{pluralize(total, 'This event was', 'All of these events were')} counted in the lake."
        )
    verb = pluralize(in_lake, "was", "were")
    of_all = share(in_lake / total)
    return f"Of these, {quantity(in_lake, 'event')} ({of_all}) {verb} counted in the lake."


def datasets(rows: Sequence[Dataset], now: int) -> html.Div | None:
    """The datasets of all lakes, whatever the window."""
    if not rows:
        return None
    events, counted_at = sum(d.events for d in rows), max(d.counted_at for d in rows)
    text = (
        f"{quantity(len(rows), 'dataset')} with {quantity(events, 'event')}, "
        f"last counted {_ago(now - counted_at)}."
    )
    if len(rows) > _MOST_ROWS:
        text += f" The table shows the first {_MOST_ROWS}."
    head = ("Dataset", "Days", "From and to", "Events", "Outcomes known", "Counted (UTC)")
    body = [html.Thead(html.Tr([html.Th(name, scope="col") for name in head]))]
    body.append(html.Tbody([_row(dataset) for dataset in rows[:_MOST_ROWS]]))
    table = html.Table(body, className="ec-table ec-report-table", id="drift-datasets")
    content = card(
        html.P(text, className="ec-caption", id="drift-lake"),
        scroll("Datasets counted in the lake", table),
        title="Lake history",
    )
    return html.Div(content, className="ec-lake")


def _row(dataset: Dataset) -> html.Tr:
    outcomes = share(dataset.labelled / dataset.events) if dataset.events else "–"
    cells = (
        f"{dataset.days:,}",
        span(dataset.first, dataset.last + DAY_MS),
        f"{dataset.events:,}",
        outcomes,
        iso(dataset.counted_at)[:16].replace("T", NBSP),
    )
    return html.Tr([html.Th(dataset.name, scope="row"), *map(html.Td, cells)])


def _ago(ms: int) -> str:
    """``2 h ago``."""
    for length, unit in ((DAY_MS, "d"), (HOUR_MS, "h"), (_MINUTE_MS, "min")):
        if ms >= length:
            return f"{ms // length:,}{NBSP}{unit} ago"
    return "just now"
