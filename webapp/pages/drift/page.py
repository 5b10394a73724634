"""Drift: did the traffic change, does it hurt, why, and what to do?

The address holds every choice, so the router draws the page anew when it changes:
assets/js/72-drift.js writes the address, and back and forward need nothing more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from urllib.parse import urlencode

from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html
from dash.development.base_component import Component
from flask import current_app

from webapp.cases import InputError
from webapp.components.filters import preset
from webapp.components.markup import inert
from webapp.components.shell import PICKER
from webapp.db.database import LogUnavailableError
from webapp.pages.drift import browser_data, cards, filters, lake_history, sections
from webapp.services.context import Services
from webapp.services.drift import reader as drift_reader
from webapp.services.drift.answer import NoAnswer, TrafficReport
from webapp.services.drift.columns import ON_PAGE
from webapp.services.drift.sentence import compose
from webapp.services.formatting import iso
from webapp.services.predict import version_choice
from webapp.services.traffic import windows
from webapp.services.traffic.windows import Question
from webapp.timing import now_ms

PATH = "/drift"
DATA, DRAWN = "drift-data", "drift-drawn"
SCRIPT = "everycaseDrift"
_DEFAULT_VIEW = {"why": "log_loss", "sort": "name"}

DriftAnswer = TrafficReport | NoAnswer


def add(register_page: Callable[..., Any]) -> None:
    """Enter the page in Dash's registry."""
    register_page(
        "webapp.pages.drift.page",
        path=PATH,
        name="Drift",
        order=2,
        title="Drift · Everycase",
        description="Did the traffic change since training, does it hurt, and why?",
        layout=layout,
    )


def layout(**query: str) -> html.Div:
    """The page for a link such as ``/drift?days=30&baseline=previous``."""
    services: Services = current_app.extensions["everycase"]
    return draw(services, query, now_ms())


def draw(services: Services, query: Mapping[str, str], now: int) -> html.Div:
    """The page at a time; parts of the link that can't be used are reported and ignored."""
    view, params = _view(query), {n: value for n, value in query.items() if n in windows.FIELDS}
    question, problems = _question(params, now)
    try:
        answer, failure = _ask(services, question)
    except LogUnavailableError as error:
        answer = None
        failure = f"The event log is unavailable: {error}. The other pages still work."
    problems += [failure] if failure else []
    is_simulated = answer is not None and answer.scope.is_simulated
    body = _body(services, answer, view, partial(_href, params | view), now)
    return html.Div(
        [
            _top(answer),
            html.Div(
                [html.P(text) for text in problems],
                id="drift-problems",
                role="status",
                className="ec-notice" if problems else None,
            ),
            filters.filters(question, _others(services, answer), is_simulated=is_simulated),
            html.Div(body, id="drift-body"),
            dcc.Store(id=DATA, data=_data(services, answer)),
            dcc.Store(id=DRAWN),
        ],
        className="ec-page ec-report",
        **{"data-page": "drift"},
    )


def register(app: Dash, _services: Services) -> None:
    """Connect the controls; assets/js/72-drift.js has the functions."""
    controls = (
        filters.BASELINE,
        filters.DAYS,
        filters.DATES,
        filters.SOURCE,
        filters.EVERY,
        filters.MARGIN,
    )
    app.clientside_callback(
        ClientsideFunction(SCRIPT, "navigate"),
        *(Input(control, "value") for control in controls),
        State(DATA, "data"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction(SCRIPT, "pick"),
        Input(PICKER, "value"),
        State(DATA, "data", allow_optional=True),  # the picker is on all pages
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction(SCRIPT, "draw"), Output(DRAWN, "data"), Input(DATA, "data")
    )


def _view(query: Mapping[str, str]) -> dict[str, str]:
    """Which mean is explained and how the table is sorted; the defaults for what is unknown."""
    choices = {"why": sections.WHYS, "sort": tuple(ON_PAGE)}
    view = {name: query.get(name, default) for name, default in _DEFAULT_VIEW.items()}
    return {n: v if v in choices[n] else _DEFAULT_VIEW[n] for n, v in view.items()}


def _question(params: Mapping[str, str], now: int) -> tuple[Question, list[str]]:
    """The question of a link, and a message for each parameter that is ignored."""
    try:
        return windows.read(params, now), []
    except InputError as error:
        rest = {name: value for name, value in params.items() if name != error.field}
        if len(rest) == len(params):
            rest = {}
        question, problems = _question(rest, now)
        return question, [f"In this link, {error}. It is ignored.", *problems]


def _ask(services: Services, question: Question) -> tuple[DriftAnswer | None, str | None]:
    """The answer, and a message if it is to a plainer question, or if there is none."""
    try:
        return drift_reader.ask(services, question), None
    except (
        version_choice.UnknownVersionError,
        version_choice.VersionNotReadyError,
        InputError,
    ) as error:
        plain_question = Question(question.since, question.until)
        try:
            answer = drift_reader.ask(services, plain_question)
        except (version_choice.UnknownVersionError, version_choice.VersionNotReadyError):
            return None, f"{error}."
        return answer, f"In this link, {error}. It is ignored."


def _others(services: Services, answer: DriftAnswer | None) -> list[str]:
    """Other versions whose training can be the baseline."""
    if answer is None:
        return []
    return [
        version.name
        for version in services.catalog.versions()
        if version.prepared is not None
        and version.prepared.baseline is not None
        and version.prepared.features == answer.scope.features
        and version.name != answer.scope.version
    ]


def _href(params: Mapping[str, str], **changes: str) -> str:
    """The address with some parameters changed; defaults are left out."""
    query = {
        name: value
        for name, value in {**params, **changes}.items()
        if value and _DEFAULT_VIEW.get(name) != value
    }
    return PATH + (f"?{urlencode(query)}" if query else "")


def _top(answer: DriftAnswer | None) -> html.Div:
    badge = None
    if answer is not None and answer.scope.is_simulated:
        badge = html.Span("simulated traffic", className="ec-simulated", id="drift-simulated")
    elif answer is not None and answer.scope.sources == ("replay",):
        badge = html.Span("replayed traffic", className="ec-simulated")
    whose = "" if answer is None else f" of {answer.scope.version}"
    return html.Div(
        [
            html.Div([html.H1("Drift"), badge], className="ec-report-title"),
            html.P(f"Has the traffic{whose} changed, and does it hurt?", className="ec-subtitle"),
            html.Div(
                [
                    html.Button("Export CSV", id="drift-csv", type="button", className="ec-button"),
                    html.Button("Copy link", id="drift-link", type="button", className="ec-button"),
                ],
                className="ec-report-actions",
            ),
        ],
        className="ec-report-top",
    )


def _body(
    services: Services,
    answer: DriftAnswer | None,
    view: Mapping[str, str],
    href: Callable[..., str],
    now: int,
) -> list[Component]:
    if answer is None:
        return []
    sentence = compose(answer, now)
    if isinstance(answer, NoAnswer):
        return [cards.empty(sentence, _nearest_href(answer, href))]
    return [
        cards.headline(sentence),
        inert(cards.summary_cards(answer)),
        *sections.sections(answer, view, href, _datasets(services, answer, now)),
    ]


def _nearest_href(answer: NoAnswer, href: Callable[..., str]) -> str | None:
    """The link to days that have events, if there are any."""
    if answer.nearest is None:
        return None
    since, until = answer.nearest
    return href(**{"from": iso(since)[:10], "to": iso(until - 1)[:10], "days": ""})


def _datasets(services: Services, report: TrafficReport, now: int) -> html.Div | None:
    """The datasets of all lakes, where the traffic comes from lakes, too."""
    if report.timeline.lake is None:
        return None
    try:
        return lake_history.datasets(services.lake.datasets(), now)
    except LogUnavailableError:  # since the answer was made, which is still right
        return None


def _data(services: Services, answer: DriftAnswer | None) -> dict[str, Any]:
    """What the browser draws from."""
    if answer is None:
        return {"version": None}
    champion, scope = version_choice.champion(services), answer.scope
    data = {
        "version": scope.version,
        "champion": champion is not None and champion.name == scope.version,
        "preset": preset(scope.question.since, scope.question.until, filters.PRESETS),
        "names": list(scope.features.names),
    }
    return data if isinstance(answer, NoAnswer) else data | browser_data.draw_data(answer)
