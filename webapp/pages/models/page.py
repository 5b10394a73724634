"""Models: which version answers, who made it so and why, and what comes next.

Reading is for everybody; what changes something is for administrators, and asked of
``/page/models`` by assets/js/76-models.js.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dash import ClientsideFunction, Dash, Input, Output, dcc, html, no_update
from flask import current_app

from webapp.api import auth
from webapp.cases import InputError, shorten
from webapp.db.database import LogUnavailableError
from webapp.pages.models import dialog, endpoints, sections
from webapp.pages.models.cards import Card, backtest_card, policy_card, preparing
from webapp.pages.models.dialog import Content
from webapp.services.context import Services
from webapp.services.models import promotion
from webapp.services.models.leaderboard import standing
from webapp.services.models.promotion import PROMOTE, ROLL_BACK, Action
from webapp.services.predict import version_choice
from webapp.timing import now_ms

PATH = "/models"
DATA, DRAWN, ASKED = "models-data", "models-drawn", "models-asked"
SCRIPT = "everycaseModels"
VISITOR = "This is the evidence. Only a signed-in administrator can act on it."
LEDGER = ("all", "promotions")


def add(register_page: Callable[..., Any]) -> None:
    """Enter the page in Dash's registry."""
    register_page(
        "webapp.pages.models.page",
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
    return draw(services, query, now_ms(), auth.current())


def draw(
    services: Services, query: Mapping[str, str], now: int, permissions: auth.Access
) -> html.Div:
    """The page at a time, for whoever asks."""
    may = permissions.signed_in()
    shown, problems = _linked(services, query, now)
    stand, best = standing(services, now), version_choice.champion(services)
    champion = best.name if best else None
    policy = policy_card(services, query, now, may=may)
    backtest = backtest_card(services, now, may=may)
    return html.Div(
        [
            sections.top(services, champion, stand),
            html.P("", id="models-said", role="status", tabIndex=-1, className="ec-said-done"),
            _problems(problems),
            *([] if may else [_visitor(permissions)]),
            sections.versions(services, champion, stand, may=may),
            html.Div(
                [policy.card, sections.ledger(services, champion, query, may=may)],
                className="ec-columns",
            ),
            backtest.card,
            dialog.dialog(shown, "" if may else VISITOR),
            dcc.Store(id=ASKED),
            dcc.Store(id=DATA, data=_data(services, champion, query, policy, backtest, may=may)),
            dcc.Store(id=DRAWN),
        ],
        className="ec-page ec-models",
        **{"data-page": "models"},
    )


def _data(
    services: Services, champion: str | None, query: Mapping[str, str], *cards: Card, may: bool
) -> dict[str, Any]:
    """What the browser knows of the page, and draws. What changes by itself is asked about."""
    return {
        "champion": champion,
        "asked": _asked(query),
        "may": may,
        "running": bool(preparing(services)) or any(card.running for card in cards),
        "figures": {name: figure for card in cards for name, figure in card.figures.items()},
    }


def register(app: Dash, services: Services) -> None:
    """Connect the dialog; assets/js/76-models.js has the functions."""
    endpoints.register(app.server, services)

    @app.callback(
        output={
            "title": Output(dialog.DIALOG, "title"),
            "opened": Output(dialog.DIALOG, "opened"),
            "body": Output(dialog.BODY, "data-markup"),
            "confirm": Output(dialog.CONFIRM, "children"),
            "override": Output(dialog.OVERRIDE, "label"),
            "style": Output(dialog.OVERRIDE, "style"),
            "said": Output(dialog.PROBLEM, "children"),
        },
        inputs={"asked": Input(ASKED, "data")},
        prevent_initial_call=True,
    )
    def ask(asked: object) -> dict[str, Any]:
        """A button of the page asks for the dialog: what it shows."""
        return asked_dialog(services, asked, now_ms(), may=auth.current().signed_in())

    app.clientside_callback(
        ClientsideFunction(SCRIPT, "draw"), Output(DRAWN, "data"), Input(DATA, "data")
    )


def asked_dialog(services: Services, asked: object, now: int, *, may: bool) -> dict[str, Any]:
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
        "said": problem or ("" if may else VISITOR),
    }


def _action(text: object) -> Action:
    return ROLL_BACK if text == ROLL_BACK else PROMOTE


def _content(services: Services, name: str, action: Action, now: int) -> tuple[Content | None, str]:
    """The dialog's content, or why there is none."""
    try:
        return dialog.content(promotion.gather(services, name, now), action), ""
    except (
        version_choice.UnknownVersionError,
        version_choice.VersionNotReadyError,
        InputError,
    ) as error:
        return None, f"{str(error)[:1].upper()}{str(error)[1:]}."
    except LogUnavailableError as error:
        return None, f"The event log is unavailable: {error}."


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


def _visitor(permissions: auth.Access) -> html.P:
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
