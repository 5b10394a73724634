"""The Models page: versions, the champion and its ledger, the retraining policy, its backtest.

Everybody may read it. Changes are for administrators: assets/js/76-models.js sends them to
``/page/models``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dash import ClientsideFunction, Dash, Input, Output, dcc, html, no_update
from flask import current_app

from webapp.api import auth
from webapp.api.browser_values import read_object, read_text
from webapp.cases import InputError, shorten
from webapp.components import report_page
from webapp.components.figure import say_of
from webapp.components.shell import PICKER
from webapp.db.database import LogUnavailableError
from webapp.grammar import as_sentence, explain_ignored
from webapp.pages.models import dialog, endpoints, sections
from webapp.pages.models.cards import Card, backtest_card, policy_card, preparing
from webapp.pages.models.dialog import DialogContent
from webapp.pages.models.newest_versions import read_source
from webapp.services.context import Services
from webapp.services.formatting import iso
from webapp.services.models import promotion_evidence
from webapp.services.models.leaderboard import read_leaderboard
from webapp.services.models.promotion_evidence import PROMOTE, ROLL_BACK, PromotionAction
from webapp.services.predict import version_choice
from webapp.timing import now_ms

PATH = "/models"
DATA, DRAWN, ASKED = "models-data", "models-drawn", "models-asked"
FOLLOWED = "models-followed"  # when the list of versions was
SCRIPT = "everycaseModels"
VISITOR = "Only a signed-in administrator can promote a version."
LEDGER = ("all", "promotions")


def add(register_page: Callable[..., Any]) -> None:
    """Register the page with Dash."""
    register_page(
        "webapp.pages.models.page",
        path=PATH,
        name="Models",
        order=3,
        title="Models · Everycase",
        description="Versions, the champion and its history, and when to retrain.",
        layout=layout,
    )


def layout(**query: str) -> html.Div:
    """The page for a link such as ``/models?promote=hgb_games_v1``."""
    services: Services = current_app.extensions["everycase"]
    return draw(services, query, now_ms(), auth.current())


def draw(
    services: Services, query: Mapping[str, str], now: int, permissions: auth.Access
) -> html.Div:
    """The page at a time in ms, as a visitor with these permissions sees it."""
    can_admin = permissions.signed_in()
    content, problems = _read_link(services, query, now)
    source, more = read_source(query, now)
    best = version_choice.newest_champion(services)  # first: the rest of the page names it, too
    leaderboard = read_leaderboard(services, now, source)
    champion = best.name if best else None
    policy = policy_card(services, query, now, can_admin=can_admin, source=source)
    backtest = backtest_card(services, now, can_admin=can_admin)
    return html.Div(
        [
            sections.top(services, champion, leaderboard),
            html.P("", id="models-said", role="status", tabIndex=-1, className="ec-said-done"),
            _problems([*problems, *more]),
            *([] if can_admin else [_visitor(permissions)]),
            sections.versions(
                services,
                champion,
                leaderboard,
                can_admin=can_admin,
                has_token=bool(permissions.api_token),
            ),
            html.Div(
                [policy.card, sections.ledger(services, champion, query, can_admin=can_admin)],
                className="ec-columns",
            ),
            backtest.card,
            dialog.dialog(content, "" if can_admin else VISITOR),
            dcc.Store(id=ASKED),
            dcc.Store(
                id=DATA,
                data=_data(services, champion, query, policy, backtest, can_admin=can_admin),
            ),
            dcc.Store(id=DRAWN),
            dcc.Store(id=FOLLOWED),
        ],
        className="ec-page ec-models",
        **{"data-page": "models"},
    )


def _data(
    services: Services,
    champion: str | None,
    query: Mapping[str, str],
    *cards: Card,
    can_admin: bool,
) -> dict[str, Any]:
    """The data of the page's script. While a job is running, the script polls for changes."""
    figures = {name: figure for card in cards for name, figure in card.figures.items()}
    say_of(figures, f"Champion: {champion or 'none'}, {iso(now_ms())[:10]}")
    return {
        "champion": champion,
        "asked": _linked_dialog(query),
        "may": can_admin,
        "running": bool(preparing(services)) or any(card.running for card in cards),
        "figures": figures,
    }


def register(app: Dash, services: Services) -> None:
    """Connect the dialog; assets/js/77-promotion.js has the functions."""
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
        inputs={"request": Input(ASKED, "data")},
        prevent_initial_call=True,
    )
    def ask(request: object) -> dict[str, Any]:
        """Fires when a button asks for the dialog; fills and opens it."""
        return open_dialog(services, request, now_ms(), can_admin=auth.current().signed_in())

    report_page.connect_drawing(app, SCRIPT, DATA, DRAWN)
    app.clientside_callback(
        ClientsideFunction("everycaseVersions", "follow"),
        Output(FOLLOWED, "data"),  # without one, Dash would take it for Predict's with this input
        Input(PICKER, "data"),
        prevent_initial_call=True,
    )


def open_dialog(
    services: Services, request: object, now: int, *, can_admin: bool
) -> dict[str, Any]:
    """The dialog for ``{"version", "action"}``; without a version nothing opens.

    Raises InputError.
    """
    params = read_object("models-asked.data", request) or {}
    name = read_text("models-asked.data.version", params.get("version"))
    if not name:
        return dict.fromkeys(
            ("title", "opened", "body", "confirm", "override", "style", "said"), no_update
        )
    content, problem = _content(services, name, _action(params.get("action")), now)
    return {
        "title": content.title if content else f"{name} can't be promoted",
        "opened": True,
        "body": content.body if content else "",
        "confirm": content.confirm if content else "Promote",
        "override": (content.override if content else None) or "",
        "style": {} if content and content.override else {"display": "none"},
        "said": problem or ("" if can_admin else VISITOR),
    }


def _action(text: object) -> PromotionAction:
    return ROLL_BACK if text == ROLL_BACK else PROMOTE


def _content(
    services: Services, name: str, action: PromotionAction, now: int
) -> tuple[DialogContent | None, str]:
    """The dialog's content, or why there is none."""
    try:
        return dialog.content(promotion_evidence.gather(services, name, now), action), ""
    except (
        version_choice.UnknownVersionError,
        version_choice.VersionNotReadyError,
        InputError,
    ) as error:
        return None, as_sentence(error)
    except LogUnavailableError as error:
        return None, report_page.log_unavailable_message(error)


def _linked_dialog(query: Mapping[str, str]) -> dict[str, str] | None:
    """The dialog that a link opens."""
    for name, action in (("promote", PROMOTE), ("back", ROLL_BACK)):
        if query.get(name):
            return {"version": query[name], "action": action}
    return None


def _read_link(
    services: Services, query: Mapping[str, str], now: int
) -> tuple[DialogContent | None, list[str]]:
    """The dialog that a link opens, and the problems of the link."""
    problems = []
    if query.get("ledger", "all") not in LEDGER:
        value = f"ledger={shorten(query['ledger'])}"
        problems.append(explain_ignored(value, f"isn't {' or '.join(LEDGER)}"))
    request = _linked_dialog(query)
    if request is None:
        return None, problems
    content, problem = _content(services, request["version"], _action(request["action"]), now)
    return content, problems + ([problem] if problem else [])


def _problems(problems: list[str]) -> html.Div:
    return report_page.notice("models-problems", problems, "ec-notice ec-warn")


def _visitor(permissions: auth.Access) -> html.P:
    """A hint on how to enable the disabled buttons."""
    text: list[Any] = ["To promote and retrain, set ", html.Code("ADMIN_TOKEN"), "."]
    if permissions.admin_token:
        link = html.A("Sign in", href="/sign-in", className="ec-link")
        text = [link, " as administrator to promote, roll back and retrain."]
    elif permissions.links:
        text = [
            "To promote, roll back and retrain, open the link that the server printed when it "
            "started, get a new one with ",
            html.Code("everycase link"),
            ", or set ",
            html.Code("ADMIN_TOKEN"),
            ".",
        ]
    return html.P(text, className="ec-caption ec-visitor", id="models-visitor")
