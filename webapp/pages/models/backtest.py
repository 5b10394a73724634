"""The backtest of the policies: what they would have saved on this log's own history."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import html

from webapp.components.markup import static_html
from webapp.components.sections import graph
from webapp.pages.models.figure_backtest import HEIGHT
from webapp.services.formatting import number, short_day
from webapp.services.models.backtest_result import Track, View

FIGURE = "models-backtest"


def head(view: View | None, *, may: bool, busy: bool) -> html.Div:
    """What it shows, and the button that runs it."""
    caption = "Every policy on this log's own history: each block is predicted first, then learnt."
    if view is not None:
        kind = "simulated " if view.simulated else ""
        caption = (
            "Cumulative log loss against never retraining, in nats; lower is better. Dots mark "
            f"retrains. {view.events:,} {kind}events in {view.checks:,} checks, after "
            f"{view.start:,} to begin with; run {short_day(view.ended)}."
        )
    text = "Running…" if busy else "Run again" if view is not None else "Run backtest"
    button = html.Button(
        text,
        type="button",
        className="ec-button ec-small",
        disabled=None if may and not busy else True,
        **{"data-start": "backtest"},
    )
    said = html.Div([html.H2("Backtest of the policies"), html.P(caption, className="ec-caption")])
    return html.Div([said, button], className="ec-card-head")


def body(view: View, in_use: str) -> html.Div:
    """Chart and table."""
    best = view.tracks[0] if view.tracks else None
    text = "The log loss of every policy so far, less that of never retraining. " + (
        f"Lowest in the end: {best.policy}, {number(best.end, 0)}." if best else ""
    )
    table = [
        static_html(_table(view.tracks, in_use)),
        html.P(conclusion(view.tracks), className="ec-soft"),
    ]
    return html.Div(
        [graph(FIGURE, HEIGHT, text), html.Div(table, className="ec-backtest-table")],
        className="ec-backtest",
    )


def _table(tracks: Sequence[Track], in_use: str) -> html.Table:
    names = ("Policy", "Log loss", "AUC", "Retrains")
    rows = [
        html.Tr(
            [
                html.Th([track.policy, *_mark(track, in_use)], scope="row"),
                html.Td(number(track.log_loss, 4)),
                html.Td("–" if track.auc is None else number(track.auc, 3)),
                html.Td(f"{len(track.retrains):,}"),
            ],
            className="ec-in-use" if track.policy == in_use else None,
        )
        for track in tracks
    ]
    return html.Table(
        [html.Thead(html.Tr([html.Th(name, scope="col") for name in names])), html.Tbody(rows)],
        className="ec-table",
    )


def _mark(track: Track, in_use: str) -> list[Any]:
    return [html.Span(" in use", className="ec-soft")] if track.policy == in_use else []


def conclusion(tracks: Sequence[Track]) -> str:
    """The best against the next, and what it cost."""
    if len(tracks) < 2:
        return ""
    best, second = tracks[0], tracks[1]
    lower = number(second.end - best.end, 0 if second.end - best.end >= 10 else 1)
    many, more = len(best.retrains), len(second.retrains)
    return (
        f"{best.policy} ended {lower} nats lower than {second.policy}, with {many:,} "
        f"retrain{'' if many == 1 else 's'} instead of {more:,}."
    )


def empty() -> html.P:
    """Before it was run."""
    return html.P(
        "No backtest yet. It tells what each policy would have cost and saved, and takes from "
        "seconds to minutes. Nothing is registered or promoted by it.",
        className="ec-near-none",
    )
