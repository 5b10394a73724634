"""Compare: which version should we trust, on past traffic?

The address holds everything that is chosen, so the page is drawn anew by the router when it changes
(assets/js/74-compare.js writes the address). The threshold moves without a request.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html
from dash.development.base_component import Component
from flask import current_app

from webapp.cases import InputError
from webapp.components.filters import preset
from webapp.components.shell import PICKER
from webapp.db.database import LogUnavailableError
from webapp.pages.compare import browser_data, endpoints, filters, sections, upload
from webapp.services.compare import reader as compare_reader
from webapp.services.compare import request as compare_request
from webapp.services.compare.answer import Answer
from webapp.services.compare.request import Request
from webapp.services.compare.sentence import compose
from webapp.services.context import Services
from webapp.services.formatting import iso
from webapp.services.predict import version_choice
from webapp.timing import now_ms

PATH = "/compare"
DATA, DRAWN = "compare-data", "compare-drawn"
SCRIPT = "everycaseCompare"


def add(register_page: Callable[..., Any]) -> None:
    """Enter the page in Dash's registry."""
    register_page(
        "webapp.pages.compare.page",
        path=PATH,
        name="Compare",
        order=1,
        title="Compare · Everycase",
        description="Which version should we trust, on the players who really came?",
        layout=layout,
    )


def layout(**query: str) -> html.Div:
    """The page for a link such as ``/compare?versions=a_v1,b_v1&days=60``."""
    services: Services = current_app.extensions["everycase"]
    return draw(services, query, now_ms())


def draw(services: Services, query: Mapping[str, str], now: int) -> html.Div:
    """The page at a time; what can't be used of the link is said and left out."""
    asked = {name: value for name, value in query.items() if name in compare_request.FIELDS}
    request, problems = _request(asked, now)
    answer, more = _ask(services, request)
    problems += more
    return html.Div(
        [
            _top(answer),
            html.Div(
                [html.P(text) for text in problems],
                id="compare-problems",
                role="status",
                className="ec-notice" if problems else None,
            ),
            filters.filters(request, answer, _ready(services)),
            upload.upload(answer),
            html.Div(_body(answer), id="compare-body"),
            dcc.Store(id=DATA, data=_data(answer, request)),
            dcc.Store(id=DRAWN),
        ],
        className="ec-page ec-drift ec-compare",
        **{"data-page": "compare"},
    )


def register(app: Dash, services: Services) -> None:
    """Connect the controls; assets/js/74-compare.js has the functions."""
    endpoints.register(app.server, services)
    controls = (
        filters.VERSIONS,
        filters.REFERENCE,
        filters.CHALLENGER,
        filters.DAYS,
        filters.DATES,
        filters.SOURCE,
        filters.ON,
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


def _request(asked: Mapping[str, str], now: int) -> tuple[Request, list[str]]:
    """What can be used of a link; what can't is said."""
    try:
        return compare_request.read(asked, now), []
    except InputError as error:
        rest = {name: value for name, value in asked.items() if name != error.field}
        if len(rest) == len(asked):
            rest = {}
        request, more = _request(rest, now)
        return request, [f"In this link, {error}. It is ignored.", *more]


def _ask(services: Services, request: Request) -> tuple[Answer | None, list[str]]:
    try:
        return compare_reader.ask(services, request), []
    except LogUnavailableError as error:
        return None, [f"The event log is unavailable: {error}. The other pages still work."]
    except (
        version_choice.UnknownVersionError,
        version_choice.VersionNotReadyError,
        InputError,
    ) as error:
        about_file = isinstance(error, InputError) and error.field == "file"
        file = None if about_file else request.file
        plain = Request(request.since, request.until, file=file)
        if request == plain:
            return None, [f"{str(error)[:1].upper()}{str(error)[1:]}."]
        answer, more = _ask(services, plain)
        return answer, [f"In this link, {error}. It is ignored.", *more]


def _ready(services: Services) -> list[str]:
    return [v.name for v in services.catalog.versions() if v.prepared is not None]


def _top(answer: Answer | None) -> html.Div:
    badge = None
    if answer is not None and answer.simulated:
        badge = html.Span("simulated traffic", className="ec-simulated", id="compare-simulated")
    report = html.A(
        "HTML report", id="compare-report", href="/page/compare.html", className="ec-button"
    )
    return html.Div(
        [
            html.Div([html.H1("Compare"), badge], className="ec-drift-title"),
            html.P(
                "Which version should answer, on the players who really came?",
                className="ec-subtitle",
            ),
            html.Div(
                [
                    report,
                    html.Button(
                        "Copy link", id="compare-link", type="button", className="ec-button"
                    ),
                ],
                className="ec-drift-actions",
            ),
        ],
        className="ec-drift-top",
    )


def _body(answer: Answer | None) -> list[Component]:
    if answer is None:
        return []
    conclusion = compose(answer)
    if answer.empty is not None or answer.close is None:
        parts = [html.H2(conclusion.finding), html.P(conclusion.reason)]
        return [html.Section(parts, className="ec-card ec-empty", id="compare-empty")]
    return [sections.headline(conclusion), *sections.sections(answer)]


def _data(answer: Answer | None, request: Request) -> dict[str, Any]:
    """What the browser draws from."""
    begun = {
        "preset": preset(request.since, request.until, filters.PRESETS),
        "chosen": [v.name for v in answer.versions] if answer else list(request.versions),
        "challenger": request.challenger,
    }
    if answer is None or answer.close is None:
        return begun
    return begun | browser_data.page_data(answer) | {"link": _link(answer)}


def _link(answer: Answer) -> dict[str, str]:
    """What an address must say to restore this view, whenever it is opened."""
    request = answer.request
    versions = ",".join(version.name for version in answer.versions)
    named = {"versions": versions, "challenger": answer.close.name if answer.close else ""}
    if request.file is not None:
        return named | {"file": request.file}
    last = iso(request.until - 1)[:10]
    source = request.source or ("demo" if answer.simulated else "")
    dates = {"from": iso(request.since)[:10], "to": last, "source": source}
    every = {"every": request.every if request.every != "auto" else ""}
    return named | {name: value for name, value in (dates | every).items() if value}
