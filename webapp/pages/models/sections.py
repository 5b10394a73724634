"""The head of the Models page, and its cards of versions and of the ledger."""

from __future__ import annotations

from collections.abc import Mapping

from dash import dcc, html
from dash.development.base_component import Component

from webapp.components import report_page, ways
from webapp.components.empty_state import empty_state
from webapp.components.markup import static_html
from webapp.components.simulated_line import simulated_line
from webapp.components.terms import explain
from webapp.db.database import LogUnavailableError
from webapp.grammar import NBSP, pluralize, quantity
from webapp.pages.models import ledger as ledger_view
from webapp.pages.models import texts
from webapp.pages.models import versions as models_versions
from webapp.services.context import Services
from webapp.services.models import ledger as models_ledger
from webapp.services.models.leaderboard import EmptyReason, Leaderboard
from webapp.services.models.shown_traffic import find_reference
from webapp.services.predict import version_choice
from webapp.services.traffic import store_command, windows
from webapp.services.traffic.source_choice import name_source
from webapp.services.version_looks import place_versions

SUMMARY, VERSIONS = "models-summary", "models-versions"  # redrawn by assets/js/80-versions.js

_DAYS = f"{windows.DAYS}{NBSP}days"
_EMPTY: dict[EmptyReason, str] = {
    "no version": "No version is ready yet.",
    "no events": f"There are no events in the last {_DAYS}, {texts.NO_COMPARISON}.",
    "no outcomes": f"There are no outcomes in the last {_DAYS} yet, {texts.NO_COMPARISON}.",
    "busy": f"The server is busy with other questions, {texts.NO_COMPARISON}. Reload in a moment.",
    "log unavailable": f"The event log is unavailable, {texts.NO_COMPARISON}.",
}
_QUESTION = "Which version answers, how good is each, and is it time to retrain?"


def top(services: Services, champion: str | None, leaderboard: Leaderboard) -> html.Div:
    """The title, what the page answers, and the number of versions that can answer."""
    badge = simulated_line(
        "models-simulated",
        leaderboard.not_shown,
        lambda source: f"/models?source={source}",
        is_simulated=leaderboard.is_simulated,
    )
    return html.Div(
        [
            html.Div([html.H1("Models"), badge], className="ec-report-title"),
            html.P(_QUESTION, className="ec-subtitle"),
            html.P(summarize(services, champion), className="ec-caption", id=SUMMARY),
        ],
        className="ec-models-top",
    )


def summarize(services: Services, champion: str | None) -> str:
    """A sentence on the versions that the catalog has now."""
    versions = services.catalog.versions()
    able = sum(version.prepared is not None for version in versions)
    preparing = sum(version.status == "preparing" for version in versions)
    waiting = sum(version.status == "needs a choice" for version in versions)
    return describe_versions(
        able, preparing, len(versions) - able - preparing - waiting, champion, waiting
    )


def describe_versions(
    able: int, preparing: int, others: int, champion: str | None, waiting: int = 0
) -> str:
    """A sentence on the number of versions that can answer, by default or not, and that can't."""
    text = f"{quantity(able, 'version')} {pluralize(able, 'answers', 'answer')}"
    if not able:
        text = "No version can answer yet"
    text += f", {champion} by default." if able and champion else "."
    if preparing:
        text += (
            f" {quantity(preparing, 'version')} {pluralize(preparing, 'is', 'are')} being prepared."
        )
    if waiting:
        text += f" {quantity(waiting, 'version')} {pluralize(waiting, 'needs', 'need')} a choice."
    return f"{text} {quantity(others, 'folder')} can't be served." if others else text


def versions(
    services: Services,
    champion: str | None,
    leaderboard: Leaderboard,
    *,
    can_admin: bool,
    has_token: bool = False,
) -> html.Div:
    """The card of versions, in the place where the browser redraws it."""
    card = _versions(services, champion, leaderboard, can_admin=can_admin, has_token=has_token)
    place = static_html(card)
    place.id = VERSIONS
    return place


def _versions(
    services: Services,
    champion: str | None,
    leaderboard: Leaderboard,
    *,
    can_admin: bool,
    has_token: bool,
) -> html.Section:
    """The table of versions, or how to add the first one."""
    rows = version_choice.picker_order(services)
    if not rows:
        text = (
            "Here you see which versions answer, how well each does, and which is champion. Add "
            "an MLflow model to the models folder, or train one on a file: it appears here within "
            "seconds."
        )
        return empty_state("models-empty", "No versions yet", text, ways.to_versions())
    last = services.ledger.champion()
    is_promoted = last is not None and last.version == champion and not last.is_default
    since = last.at if last is not None and is_promoted else None
    able = sum(version.prepared is not None for version in rows)
    looks = place_versions(services, [version.name for version in rows])
    compare = dcc.Link("Compare all", href="/compare") if able > 1 else None
    caption = html.P(_scope(leaderboard, champion), className="ec-caption")
    head = html.Div([html.H2(explain(texts.VERSIONS_CARD)), caption])
    return html.Section(
        [
            html.Div(
                [head, html.Div(compare, className="ec-card-actions")], className="ec-card-head"
            ),
            _way(services, leaderboard, has_token=has_token),
            models_versions.table(
                *(rows, champion, since, leaderboard, looks),
                can_admin=can_admin,
                rows_by_build=store_command.stored_rows(services),
            ),
        ],
        className="ec-card",
        **{"aria-label": texts.VERSIONS_CARD},
    )


def _way(services: Services, leaderboard: Leaderboard, *, has_token: bool) -> Component | None:
    """What brings what the metrics lack."""
    if leaderboard.empty == "no outcomes":
        return ways.to_outcomes(has_token=has_token)
    reference = find_reference(services)
    if leaderboard.empty == "no traffic" and reference is not None:
        return ways.to_traffic(leaderboard.source, reference.features, has_token=has_token)
    return None


def _scope(leaderboard: Leaderboard, champion: str | None) -> str:
    """Caption: which events the metrics cover and what the dashed line marks."""
    if leaderboard.empty == "no traffic":
        return f"There is no {name_source(leaderboard.source)} yet, {texts.NO_COMPARISON}."
    if leaderboard.empty is not None:
        return _EMPTY[leaderboard.empty]
    best = leaderboard.scores.get(champion or "")
    if best is None or best.log_loss is None:
        line = ""
    elif best.trained:
        line = f" No reference line: {champion} was trained on some of these events."
    else:
        line = " Dashed line: the champion."
    noun = "simulated outcome" if leaderboard.is_simulated else "outcome"
    outcomes = quantity(leaderboard.matured, noun)
    return f"All versions on the same events: {outcomes} from the last {_DAYS}.{line}"


def ledger(
    services: Services, champion: str | None, query: Mapping[str, str], *, can_admin: bool
) -> html.Section:
    """Every change of champion, and every retrain that left it."""
    only = query.get("ledger") == "promotions"
    choice = None
    try:
        entries = models_ledger.ledger(services, ledger_view.SHOWN)
    except LogUnavailableError as error:
        body: Component = html.P(report_page.log_unavailable_message(error), className="ec-soft")
    else:
        able = {v.name for v in services.catalog.versions() if v.prepared is not None}
        lines = ledger_view.lines(entries, champion, able)
        body = static_html(ledger_view.timeline(lines, can_admin=can_admin))
        if not lines:
            body = html.P("No version has been champion yet.", className="ec-soft")
        if not all(line.changed for line in lines):
            choice = static_html(ledger_view.choice(only=only))
    note = html.P("Append-only record of every change of champion.", className="ec-caption")
    head = html.Div([html.H2(explain(texts.LEDGER_CARD)), note])
    return html.Section(
        [html.Div([head, choice], className="ec-card-head"), body],
        className="ec-card" + (" ec-only-promotions" if only else ""),
        id="models-ledger-card",
        **{"aria-label": texts.LEDGER_CARD},
    )
