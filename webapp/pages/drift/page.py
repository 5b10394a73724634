"""Drift: did the traffic change, does it hurt, why, and what to do?

The address holds everything that is chosen, so the page is drawn anew by the router when it changes
(assets/js/72-drift.js writes the address; back and forward need nothing more).
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
from webapp.components.markup import static_html
from webapp.components.shell import PICKER
from webapp.db.database import LogUnavailableError
from webapp.pages.drift import browser_data, cards, filters, lake_history, sections, tables
from webapp.services.context import Services
from webapp.services.drift import reader as drift_reader
from webapp.services.drift.answer import Answer
from webapp.services.drift.sentence import compose
from webapp.services.formatting import iso
from webapp.services.predict import version_choice
from webapp.services.traffic import windows
from webapp.services.traffic.windows import Question
from webapp.timing import now_ms

PATH = "/drift"
DATA, DRAWN = "drift-data", "drift-drawn"
WHYS = ("log_loss", "score", "positives")
SCRIPT = "everycaseDrift"


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
    """The page at a time; what can't be used of the link is said and left out."""
    view, asked, problems = _taken(query)
    question, more = _question(asked, now)
    try:
        answer, failure = _ask(services, question)
    except LogUnavailableError as error:
        answer, failure = (
            None,
            f"The event log is unavailable: {error}. The other pages still work.",
        )
    lake = _lake(services, answer, now)
    problems += more + ([failure] if failure else [])
    href = partial(_href, asked | view)
    return html.Div(
        [
            _top(answer),
            html.Div(
                [html.P(text) for text in problems],
                id="drift-problems",
                role="status",
                className="ec-notice" if problems else None,
            ),
            filters.filters(question, answer, _others(services, answer)),
            html.Div(_body(answer, view, href, lake, now), id="drift-body"),
            dcc.Store(id=DATA, data=_data(services, answer, question)),
            dcc.Store(id=DRAWN),
        ],
        className="ec-page ec-drift",
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


def _taken(query: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str], list[str]]:
    """How the page is shown, what it is asked, and what of the link can't be used."""
    view = {
        "why": query.get("why", "log_loss"),
        "sort": query.get("sort", "name"),
    }
    if view["why"] not in WHYS:
        view["why"] = "log_loss"
    if view["sort"] not in tables.SORTS:
        view["sort"] = "name"
    asked = {name: value for name, value in query.items() if name in windows.FIELDS}
    return view, asked, []


def _question(asked: Mapping[str, str], now: int) -> tuple[Question, list[str]]:
    """What can be used of a link; what can't is said."""
    try:
        return windows.read(asked, now), []
    except InputError as error:
        rest = {name: value for name, value in asked.items() if name != error.field}
        if len(rest) == len(asked):
            rest = {}
        question, more = _question(rest, now)
        return question, [f"In this link, {error}. It is ignored.", *more]


def _ask(services: Services, question: Question) -> tuple[Answer | None, str | None]:
    try:
        return drift_reader.ask(services, question), None
    except (
        version_choice.UnknownVersionError,
        version_choice.VersionNotReadyError,
        InputError,
    ) as error:
        plain = Question(question.since, question.until)
        try:
            found = drift_reader.ask(services, plain)
        except (version_choice.UnknownVersionError, version_choice.VersionNotReadyError):
            return None, f"{error}."
        return found, f"In this link, {error}. It is ignored."


def _others(services: Services, answer: Answer | None) -> list[str]:
    """Versions whose training can be the baseline."""
    if answer is None:
        return []
    return [
        version.name
        for version in services.catalog.versions()
        if version.prepared is not None
        and version.prepared.baseline is not None
        and version.prepared.features == answer.features
        and version.name != answer.version
    ]


def _href(now: Mapping[str, str], **changes: str) -> str:
    """The address with something changed; defaults are left out."""
    wanted = {**now, **changes}
    defaults = {"why": "log_loss", "sort": "name"}
    kept = {name: v for name, v in wanted.items() if v and defaults.get(name) != v}
    return PATH + (f"?{urlencode(kept)}" if kept else "")


def _top(answer: Answer | None) -> html.Div:
    badge = None
    if answer is not None and answer.simulated:
        badge = html.Span("simulated traffic", className="ec-simulated", id="drift-simulated")
    elif answer is not None and answer.sources == ("replay",):
        badge = html.Span("replayed traffic", className="ec-simulated")
    seen = "Did the traffic change" if answer is None else f"What {answer.version} sees changed"
    return html.Div(
        [
            html.Div([html.H1("Drift"), badge], className="ec-drift-title"),
            html.P(f"{seen}, and does it hurt?", className="ec-subtitle"),
            html.Div(
                [
                    html.Button(
                        "Table as CSV", id="drift-csv", type="button", className="ec-button"
                    ),
                    html.Button("Copy link", id="drift-link", type="button", className="ec-button"),
                ],
                className="ec-drift-actions",
            ),
        ],
        className="ec-drift-top",
    )


def _body(
    answer: Answer | None,
    view: Mapping[str, str],
    href: Callable[..., str],
    lake: html.Div | None,
    now: int,
) -> list[Component]:
    if answer is None:
        return []
    sentence = compose(answer, now)
    if answer.result is None:
        near = answer.nearest
        to = None
        if near is not None:
            to = href(**{"from": iso(near[0])[:10], "to": iso(near[1] - 1)[:10], "days": ""})
        return [cards.empty(sentence, to)]
    return [
        cards.headline(sentence),
        static_html(cards.five(answer)),
        *sections.sections(answer, view, href, lake),
    ]


def _lake(services: Services, answer: Answer | None, now: int) -> html.Div | None:
    """The datasets, where lakes are part of what is shown."""
    if answer is None or answer.lake is None:
        return None
    try:
        return lake_history.datasets(services.lake.datasets(), now)
    except LogUnavailableError:  # it went away since the answer: the rest is still right
        return None


def _data(services: Services, answer: Answer | None, question: Question) -> dict[str, Any]:
    """What the browser draws from."""
    if answer is None:
        return {"version": None}
    champion = version_choice.champion(services)
    begun = {
        "version": answer.version,
        "champion": champion is not None and champion.name == answer.version,
        "preset": preset(question.since, question.until, filters.PRESETS),
        "names": list(answer.features.names),
    }
    if answer.result is None:
        return begun
    return begun | browser_data.drawn(answer)
