"""The cards of the Models page that tell of versions and of the ledger."""

from __future__ import annotations

from collections.abc import Mapping

from dash import dcc, html
from dash.development.base_component import Component

from webapp.components.markup import static_html
from webapp.db.database import LogUnavailableError
from webapp.pages.models import ledger as models_ledger
from webapp.pages.models import versions as models_versions
from webapp.services.context import Services
from webapp.services.formatting import NBSP
from webapp.services.models import ledger as retrain_ledger
from webapp.services.models.leaderboard import Standing
from webapp.services.predict import version_choice
from webapp.timing import DAY_MS

_NOTHING = {
    "no version": "No version can answer yet.",
    "no traffic": "There is no traffic yet, so nothing says which of them is better.",
    "no events": "Nobody came in the last 30 days, so nothing says which of them is better.",
    "no outcomes": "No outcome of the last 30 days is known yet, so nothing says which is better.",
    "log away": "The event log is unavailable, so nothing says which of them is better.",
}


def top(services: Services, champion: str | None, stand: Standing) -> html.Div:
    """How many versions there are, and which of them answers."""
    versions = services.catalog.versions()
    able = sum(version.prepared is not None for version in versions)
    told = f"{able} version{' answers' if able == 1 else 's answer'}"
    told += f", {champion} by default." if champion else "."
    off = len(versions) - able
    if off:
        told += f" {off} folder{'' if off == 1 else 's'} can't be served."
    badge = html.Span("simulated traffic", className="ec-simulated") if stand.simulated else None
    return html.Div(
        [
            html.Div([html.H1("Models"), badge], className="ec-drift-title"),
            html.P(told, className="ec-subtitle"),
        ],
        className="ec-models-top",
    )


def versions(
    services: Services, champion: str | None, stand: Standing, *, may: bool
) -> html.Section:
    """The table, or what to do where there is nothing to put into it."""
    found = version_choice.picker_order(services)
    if not found:
        text = "Put an MLflow model into the models folder: it appears here within seconds."
        parts = [html.H2("No versions yet"), html.P(text)]
        return html.Section(parts, className="ec-card ec-empty", id="models-empty")
    last = services.ledger.champion()
    since = last.at if last is not None and last.version == champion else None
    able = sum(version.prepared is not None for version in found)
    days = (stand.until - stand.since) // DAY_MS
    compare = dcc.Link("Compare all", href=f"/compare?days={days}") if able > 1 else None
    said = html.Div([html.H2("Versions"), html.P(_same(stand, champion), className="ec-caption")])
    return html.Section(
        [
            html.Div(
                [said, html.Div(compare, className="ec-card-actions")], className="ec-card-head"
            ),
            static_html(models_versions.table(found, champion, since, stand, may=may)),
        ],
        className="ec-card",
        **{"aria-label": "Versions"},
    )


def _same(stand: Standing, champion: str | None) -> str:
    """Which events the figures are of, and what the dashed line is."""
    if stand.nothing is not None:
        return _NOTHING[stand.nothing]
    best = stand.judged.get(champion or "")
    if best is None or best.log_loss is None:
        dashed = ""
    elif best.trained:
        dashed = f" No line to compare with: {champion} was trained on some of them."
    else:
        dashed = " Dashed line: the champion."
    kind = "simulated" if stand.simulated else "matured"
    return (
        "Log loss and AUC on the same events for all: the last "
        f"30{NBSP}days, {stand.matured:,} {kind}.{dashed}"
    )


def ledger(
    services: Services, champion: str | None, query: Mapping[str, str], *, may: bool
) -> html.Section:
    """Every change of champion, and every check that made none."""
    only = query.get("ledger") == "promotions"
    choice = None
    try:
        entries = retrain_ledger.ledger(services, models_ledger.SHOWN)
    except LogUnavailableError as error:
        body: Component = html.P(f"The event log is unavailable: {error}.", className="ec-soft")
    else:
        able = {v.name for v in services.catalog.versions() if v.prepared is not None}
        shown = models_ledger.lines(entries, champion, able)
        body = static_html(models_ledger.timeline(shown, may=may))
        if not shown:
            body = html.P("No version has been champion yet.", className="ec-soft")
        if not all(line.changed for line in shown):
            choice = static_html(models_ledger.choice(only=only))
    note = html.P("Append-only; every change of champion and why.", className="ec-caption")
    head = html.Div([html.H2("Promotion ledger"), note])
    return html.Section(
        [html.Div([head, choice], className="ec-card-head"), body],
        className="ec-card" + (" ec-only-promotions" if only else ""),
        id="models-ledger-card",
        **{"aria-label": "Promotion ledger"},
    )
