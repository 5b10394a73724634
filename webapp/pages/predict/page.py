"""Predict: flip the inputs of a model and watch its probability move.

A server callback sends a version's tables when the version changes; the browser draws everything
else from them (assets/js/50-predict.js), without a request.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dash
from dash import ALL, ClientsideFunction, Dash, Input, Output, State, dcc, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate
from flask import current_app, has_request_context

from webapp.api.browser_values import read_object, read_text, read_texts
from webapp.api.page_rights import MAY_RECORD
from webapp.catalog.prepared import Prepared
from webapp.components import document, ways
from webapp.components.shell import PICKER
from webapp.components.version_key import class_names
from webapp.pages.predict import endpoints, score_file
from webapp.pages.predict.cards import (
    CLEAR,
    COPY_CURL,
    COPY_LINK,
    COPY_PYTHON,
    FEATURE_TYPE,
    MAP_MODE,
    MAP_UNSEEN,
    RANDOM,
    hero,
    map_card,
    problem_list,
    versions_card,
    why_card,
)
from webapp.services.context import Services
from webapp.services.predict import view as predict_view
from webapp.services.predict.receipts import Receipts
from webapp.vocabulary import Vocabulary, vocabulary_for

BODY, PROBLEMS = "predict-body", "predict-problems"
TABLE, REQUEST, JUMP = "predict-table", "predict-request", "predict-jump"
CASE = "predict-case"  # the case on the page; without an output Dash would not start ``update``


def add(register_page: Callable[..., Any]) -> None:
    """Enter the page in Dash's registry."""
    register_page(
        "webapp.pages.predict.page",
        path="/",
        name="Predict",
        order=0,
        title=document.title,
        description=document.description,
        layout=layout,
    )


def layout(**query: str) -> html.Div:
    """The page for a link such as ``/?G1=1&version=hgb_games_v1``."""
    services: Services = current_app.extensions["everycase"]
    view = predict_view.view(services, query)
    return html.Div(
        [
            html.H1("Predict"),
            html.Div(problem_list(view.problems), id=PROBLEMS, role="status"),
            dcc.Store(id=TABLE, data=_tables(services, view)),
            dcc.Store(id=REQUEST),
            dcc.Store(id=JUMP),
            dcc.Store(id=CASE),
            html.Div(_body(view), id=BODY),
            html.Div(id="predict-sticky", className="ec-sticky", **{"aria-hidden": "true"}),
        ],
        className="ec-page",
        **{"data-page": "predict"},
    )


def register(app: Dash, services: Services) -> None:
    """Connect the page; assets/js/50-predict.js has the functions."""
    endpoints.register(app.server, services, Receipts(app.server.secret_key))
    switches = {"type": FEATURE_TYPE, "name": ALL}
    script = _Clientside(app)
    app.clientside_callback(
        ClientsideFunction("everycasePredict", "update"),
        Output(CASE, "data"),
        Input(switches, "checked"),
        Input(TABLE, "data"),
        State(switches, "id"),
    )
    script("pick", Input(PICKER, "value"))
    script("follow", Input(PICKER, "data"))
    script("clear", Input(CLEAR, "n_clicks"))
    script("random", Input(RANDOM, "n_clicks"))
    script("mapMode", Input(MAP_MODE, "value"), Input(MAP_UNSEEN, "checked"))
    for element in (COPY_LINK, COPY_CURL, COPY_PYTHON):
        script("copy", Input(element, "n_clicks"), State(element, "id"))
    app.clientside_callback(
        ClientsideFunction("everycasePredict", "jump"),
        Output(switches, "checked"),
        Input(JUMP, "data"),
        State(switches, "id"),
        prevent_initial_call=True,
    )
    _register_choice(app, services)
    score_file.register(app, services, TABLE)


def _register_choice(app: Dash, services: Services) -> None:
    @app.callback(
        output={
            "table": Output(TABLE, "data"),
            "body": Output(BODY, "children"),
            "problems": Output(PROBLEMS, "children"),
        },
        inputs={"request": Input(REQUEST, "data")},
        prevent_initial_call=True,
    )
    def choose(request: object) -> dict[str, Any]:
        """Fires when a version is picked: sends its tables, and switches if its inputs differ."""
        choice = read_object("predict-request.data", request)
        if choice is None:  # nothing was picked
            raise PreventUpdate
        before = read_object("predict-request.data.shown", choice.get("shown"))
        return change_version(services, choice, before)


def change_version(
    services: Services, request: dict[str, Any], before: dict[str, Any] | None
) -> dict[str, Any]:
    """The page's changes for another version. Raises InputError.

    ``request`` has the version's name and the names of the features that are ``on``; ``before``
    has the ``features`` and the ``answer`` of what the page has now.
    """
    version = read_text("predict-request.data.version", request.get("version"))
    view = predict_view.view(services, {"version": version})
    on = read_texts("predict-request.data.on", request.get("on"))
    view = predict_view.with_features(view, on)
    names = list(view.prepared.features.names) if view.prepared else None
    table = _tables(services, view)
    words = names, _answer_of(table)
    keeps_body = before is not None and (before.get("features"), before.get("answer")) == words
    return {
        "table": table,
        "body": dash.no_update if keeps_body else _body(view),
        "problems": problem_list(view.problems),
    }


def _answer_of(table: dict[str, Any] | None) -> object:
    """What the probability of a table is called."""
    words = table.get("words") if table else None
    return words.get("answer") if isinstance(words, dict) else None


def _tables(services: Services, view: predict_view.PredictView) -> dict[str, Any] | None:
    if view.version is None or view.prepared is None:
        return None
    return {
        **predict_view.table(services, view.version),
        "case": view.case,
        "others": [
            other | {"look": class_names(other["look"])}
            for other in predict_view.others(services, view.version)
        ],
        "words": _words(view.prepared).as_dict(),
    }


def _words(prepared: Prepared) -> Vocabulary:
    """The words for a version, with the name of its positive class."""
    return vocabulary_for(prepared.features).naming(prepared.facts.outcome)


def _body(view: predict_view.PredictView) -> list[Component]:
    if view.prepared is None:
        return [_nothing_to_show()]
    features = view.prepared.features
    vocabulary = _words(view.prepared)
    return [
        html.P(vocabulary.subtitle, className="ec-subtitle"),
        hero(features, view.case, vocabulary, may_record=_may_record()),
        html.Div([why_card(), versions_card(vocabulary)], className="ec-columns"),
        map_card(features, vocabulary),
        score_file.layout(features),
    ]


def _may_record() -> bool:
    """True if the visitor may record in the form, or if no request asks."""
    return not has_request_context() or current_app.extensions[MAY_RECORD]()


def _nothing_to_show() -> html.Section:
    purpose = "Here you flip a model's inputs and watch its prediction move, with the reasons."
    return ways.no_version("predict-empty", purpose)


class _Clientside:
    """Registers functions of assets/js/50-predict.js that draw the page and return nothing."""

    def __init__(self, app: Dash) -> None:
        self._app = app

    def __call__(self, function: str, *arguments: Input | State) -> None:
        self._app.clientside_callback(
            ClientsideFunction("everycasePredict", function), *arguments, prevent_initial_call=True
        )
