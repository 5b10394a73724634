"""Models: which version answers, who made it so and why, and what comes next.

Reading is for everybody; what changes something is for administrators, and asked of
``/page/models`` by assets/js/76-models.js.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dash import ClientsideFunction, Dash, Input, Output, dcc, html, no_update
from dash.development.base_component import Component
from flask import current_app

from webapp.api import access
from webapp.cases import InputError, shorten
from webapp.components import models_dialog, models_ledger, models_versions
from webapp.components.markup import inert
from webapp.components.models_dialog import Content
from webapp.components.models_work import policy_card
from webapp.events.database import LogUnavailableError
from webapp.events.log import now_ms
from webapp.services import Services, predict, promotion, retrain
from webapp.services.promotion import PROMOTE, ROLL_BACK, Action
from webapp.services.standing import Standing, standing
from webapp.services.wording import NBSP

PATH = "/models"
DATA, DRAWN, ASKED = "models-data", "models-drawn", "models-asked"
SCRIPT = "everycaseModels"
LEDGER = ("all", "promotions")
_NOTHING = {
    "no version": "No version can answer yet.",
    "no traffic": "There is no traffic yet, so nothing says which of them is better.",
    "no events": "Nobody came in the last 30 days, so nothing says which of them is better.",
    "no outcomes": "No outcome of the last 30 days is known yet, so nothing says which is better.",
    "log away": "The event log is away, so nothing says which of them is better.",
}


def add(register_page: Callable[..., Any]) -> None:
    """Enter the page in Dash's registry."""
    register_page(
        "webapp.pages.models",
        path=PATH,
        name="Models",
        order=3,
        title="Models · Everycase",
        description="Which version answers, who made it so and why, and what comes next.",
        layout=layout,
    )


def layout(**query: str) -> html.Div:
    """The page for a link such as ``/models?promote=hgb_games_v1``."""
    services: Services = current_app.extensions["everycase"]
    return draw(services, query, now_ms(), access.current())


def draw(
    services: Services, query: Mapping[str, str], now: int, permissions: access.Access
) -> html.Div:
    """The page at a time, for whoever asks."""
    may = permissions.signed_in()
    shown, problems = _linked(services, query, now)
    stand = standing(services, now)
    best = predict.champion(services)
    champion = best.name if best else None
    shown_policy = policy_card(services, query, now, may=may)
    return html.Div(
        [
            _top(services, champion, stand),
            html.P("", id="models-said", role="status", className="ec-said-done"),
            _problems(problems),
            *([] if may else [_visitor(permissions)]),
            _versions(services, champion, stand, may=may),
            html.Div(
                [
                    shown_policy.card,
                    _ledger(services, champion, query, may=may),
                ],
                className="ec-columns",
            ),
            models_dialog.dialog(shown),
            dcc.Store(id=ASKED),
            dcc.Store(
                id=DATA,
                data={
                    "champion": champion,
                    "asked": _asked(query),
                    "may": may,
                    "running": shown_policy.running,
                    "figures": shown_policy.figures,
                },
            ),
            dcc.Store(id=DRAWN),
        ],
        className="ec-page ec-models",
        **{"data-page": "models"},
    )


def register(app: Dash, services: Services) -> None:
    """Connect the dialog; assets/js/76-models.js has the functions."""

    @app.callback(
        output={
            "title": Output(models_dialog.DIALOG, "title"),
            "opened": Output(models_dialog.DIALOG, "opened"),
            "body": Output(models_dialog.BODY, "data-markup"),
            "confirm": Output(models_dialog.CONFIRM, "children"),
            "override": Output(models_dialog.OVERRIDE, "label"),
            "style": Output(models_dialog.OVERRIDE, "style"),
            "said": Output(models_dialog.PROBLEM, "children"),
        },
        inputs={"asked": Input(ASKED, "data")},
        prevent_initial_call=True,
    )
    def ask(asked: object) -> dict[str, Any]:
        """A button of the page asks for the dialog: what it shows."""
        return asked_dialog(services, asked, now_ms())

    app.clientside_callback(
        ClientsideFunction(SCRIPT, "draw"), Output(DRAWN, "data"), Input(DATA, "data")
    )


def asked_dialog(services: Services, asked: object, now: int) -> dict[str, Any]:
    """What the dialog shows for ``{"version", "action"}``; nothing opens for anything else."""
    asked = asked if isinstance(asked, Mapping) else {}
    name = asked.get("version")
    if not isinstance(name, str):
        return dict.fromkeys(
            ("title", "opened", "body", "confirm", "override", "style", "said"), no_update
        )
    action = _action(asked.get("action"))
    shown, problem = _content(services, name, action, now)
    return {
        "title": shown.title if shown else f"{name} can't be promoted",
        "opened": True,
        "body": shown.body if shown else "",
        "confirm": shown.confirm if shown else "Promote",
        "override": (shown.override if shown else None) or "",
        "style": {} if shown and shown.override else {"display": "none"},
        "said": problem,
    }


def _action(text: object) -> Action:
    return ROLL_BACK if text == ROLL_BACK else PROMOTE


def _content(services: Services, name: str, action: Action, now: int) -> tuple[Content | None, str]:
    """The dialog's content, or why there is none."""
    try:
        return models_dialog.content(promotion.gather(services, name, now), action), ""
    except (predict.UnknownVersionError, predict.VersionNotReadyError, InputError) as error:
        return None, f"{str(error)[:1].upper()}{str(error)[1:]}."
    except LogUnavailableError as error:
        return None, f"The event log is away: {error}."


def _asked(query: Mapping[str, str]) -> dict[str, str] | None:
    """The dialog that a link opens."""
    for name, action in (("promote", PROMOTE), ("back", ROLL_BACK)):
        if query.get(name):
            return {"version": query[name], "action": action}
    return None


def _linked(
    services: Services, query: Mapping[str, str], now: int
) -> tuple[Content | None, list[str]]:
    """The dialog that a link opens, and what of the link can't be used."""
    problems = []
    if query.get("ledger", "all") not in LEDGER:
        told = f"ledger is {shorten(query['ledger'])}: send one of {', '.join(LEDGER)}"
        problems.append(f"In this link, {told}. It is ignored.")
    asked = _asked(query)
    if asked is None:
        return None, problems
    action = _action(asked["action"])
    shown, problem = _content(services, asked["version"], action, now)
    return shown, problems + ([problem] if problem else [])


def _problems(problems: list[str]) -> html.Div:
    return html.Div(
        [html.P(text) for text in problems],
        id="models-problems",
        role="status",
        className="ec-notice ec-warn" if problems else None,
    )


def _top(services: Services, champion: str | None, stand: Standing) -> html.Div:
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


def _visitor(permissions: access.Access) -> html.P:
    """What enables the buttons that are disabled."""
    said: list[Any] = ["Promoting and retraining are off: set ", html.Code("ADMIN_TOKEN"), "."]
    if permissions.admin_token:
        link = html.A("Sign in", href="/sign-in", className="ec-link")
        said = [link, " as administrator to promote, roll back and retrain."]
    elif permissions.links:
        said = [
            "To promote, roll back and retrain, open the link that the server printed at its "
            "start, or set ",
            html.Code("ADMIN_TOKEN"),
            ".",
        ]
    return html.P(said, className="ec-caption ec-visitor", id="models-visitor")


def _versions(
    services: Services, champion: str | None, stand: Standing, *, may: bool
) -> html.Section:
    last = services.ledger.champion()
    since = last.at if last is not None and last.version == champion else None
    versions = predict.picker_order(services)
    if not versions:
        text = "Put an MLflow model into the models folder: it appears here within seconds."
        parts = [html.H2("No versions yet"), html.P(text)]
        return html.Section(parts, className="ec-card ec-empty", id="models-empty")
    table = models_versions.table(versions, champion, since, stand, may=may)
    able = sum(version.prepared is not None for version in versions)
    compare = (
        dcc.Link("Compare all", href=f"/compare?days={(stand.until - stand.since) // 86_400_000}")
        if able > 1
        else None
    )
    return html.Section(
        [
            html.Div(
                [
                    html.Div([html.H2("Versions"), html.P(_same(stand), className="ec-caption")]),
                    html.Div(compare, className="ec-card-actions"),
                ],
                className="ec-card-head",
            ),
            inert(table),
        ],
        className="ec-card",
        **{"aria-label": "Versions"},
    )


def _same(stand: Standing) -> str:
    if stand.nothing is not None:
        return _NOTHING[stand.nothing]
    dashed = (
        "" if not any(j.log_loss for j in stand.judged.values()) else " Dashed line: the champion."
    )
    kind = "simulated" if stand.simulated else "matured"
    return (
        "Log loss and AUC on the same events for all: the last "
        f"30{NBSP}days, {stand.matured:,} {kind}.{dashed}"
    )


def _ledger(
    services: Services, champion: str | None, query: Mapping[str, str], *, may: bool
) -> html.Section:
    head = [
        html.H2("Promotion ledger"),
        html.P("Append-only; every change of champion and why.", className="ec-caption"),
    ]
    only = query.get("ledger") == "promotions"
    try:
        entries = retrain.ledger(services, models_ledger.SHOWN)
    except LogUnavailableError as error:
        body: Component = html.P(f"The event log is away: {error}.", className="ec-soft")
        return html.Section([html.Div(head), body], className="ec-card")
    able = {v.name for v in services.catalog.versions() if v.prepared is not None}
    shown = models_ledger.lines(entries, champion, able)
    body = inert(models_ledger.timeline(shown, may=may))
    if not shown:
        body = html.P("No version has been champion yet.", className="ec-soft")
    mixed = any(not line.changed for line in shown)
    choice = inert(models_ledger.choice(only=only)) if mixed else None
    return html.Section(
        [html.Div([html.Div(head), choice], className="ec-card-head"), body],
        className="ec-card" + (" ec-only-promotions" if only else ""),
        id="models-ledger-card",
        **{"aria-label": "Promotion ledger"},
    )
