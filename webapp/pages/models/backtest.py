"""The backtest of the policies: what each would have gained on this log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import html

from webapp.components.markup import static_html
from webapp.components.sections import graph
from webapp.components.terms import explain
from webapp.grammar import quantity
from webapp.pages.models import texts
from webapp.pages.models.figure_backtest import HEIGHT
from webapp.services.formatting import number, past_day
from webapp.services.models.backtest_result import BacktestView, PolicyTrack

FIGURE = "models-backtest"
UNCAPPED = "without the cap on changed decisions"


def head(view: BacktestView | None, *, can_admin: bool, busy: bool) -> html.Div:
    """The title with a caption, and the button that runs it."""
    caption = "Each policy replayed on this log: predict a block, then learn from it."
    if view is not None:
        noun = "simulated event" if view.simulated else "event"
        caption = (
            "Cumulative log loss against never retraining, in nats; lower is better. Dots are "
            f"retrains. {quantity(view.events, noun)} in {quantity(view.checks, 'check')}, after "
            f"{view.start:,} to start with. Run on {past_day(view.ended)}."
        )
    label = "Running…" if busy else "Run again" if view is not None else "Run backtest"
    button = html.Button(
        label,
        type="button",
        className="ec-button ec-small",
        disabled=None if can_admin and not busy else True,
        **{"data-start": "backtest"},
    )
    title = html.Div(
        [html.H2(explain(texts.BACKTEST_CARD)), html.P(caption, className="ec-caption")]
    )
    return html.Div([title, button], className="ec-card-head")


def body(view: BacktestView, in_use: str) -> html.Div:
    """The chart and the table; ``in_use`` is the policy of the settings."""
    best = view.tracks[0] if view.tracks else None
    text = "The log loss of every policy so far, less that of never retraining. " + (
        f"Lowest at the end: {best.policy}, {number(best.end, 0)}." if best else ""
    )
    table = [
        static_html(_table(view.tracks, in_use)),
        html.P(conclusion(view.tracks), className="ec-soft"),
    ]
    return html.Div(
        [graph(FIGURE, HEIGHT, text), html.Div(table, className="ec-backtest-table")],
        className="ec-backtest",
    )


def _table(tracks: Sequence[PolicyTrack], in_use: str) -> html.Table:
    names = ("Policy", "Log loss", "AUC", "Retrains")
    rows = [row for track in tracks for row in _rows(track, in_use)]
    return html.Table(
        [
            html.Thead(html.Tr([html.Th(explain(name), scope="col") for name in names])),
            html.Tbody(rows),
        ],
        className="ec-table",
    )


def _rows(track: PolicyTrack, in_use: str) -> list[html.Tr]:
    """The policy's row, and one without the cap on changed decisions if that held it back."""
    name = [track.policy, *_mark(track, in_use)]
    mark = "ec-in-use" if track.policy == in_use else None
    rows = [_row(name, (track.log_loss, track.auc, len(track.retrains)), mark)]
    if track.uncapped is not None:
        free = track.uncapped
        name = [html.Span(UNCAPPED, className="ec-soft")]
        rows.append(_row(name, (free.log_loss, free.auc, free.retrains), mark))
    return rows


def _row(name: Sequence[Any], values: tuple[float, float | None, int], mark: str | None) -> html.Tr:
    loss, auc, retrains = values
    return html.Tr(
        [
            html.Th(list(name), scope="row"),
            html.Td(number(loss, 4)),
            html.Td("–" if auc is None else number(auc, 3)),
            html.Td(f"{retrains:,}"),
        ],
        className=mark,
    )


def _mark(track: PolicyTrack, in_use: str) -> list[Any]:
    return [html.Span(" in use", className="ec-soft")] if track.policy == in_use else []


def conclusion(tracks: Sequence[PolicyTrack]) -> str:
    """The best policy against the next, and the price of it in retrains."""
    if len(tracks) < 2:
        return ""
    best, second = tracks[0], tracks[1]
    gain = second.end - best.end
    return (
        f"{best.policy} ended {number(gain, 0 if gain >= 10 else 1)} nats lower than "
        f"{second.policy}, with {quantity(len(best.retrains), 'retrain')} against "
        f"{len(second.retrains):,}."
    )


def empty() -> html.P:
    """The text before the first backtest."""
    return html.P(
        "No backtest yet. It shows what each policy would have gained on this log, and takes "
        "seconds to minutes. It registers and promotes nothing.",
        className="ec-near-none",
    )
