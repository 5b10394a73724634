"""Compare: which version should answer, judged on real traffic?

The address holds everything that is chosen, so the router draws the page again when it changes
(assets/js/74-compare.js writes the address). The threshold moves without a request.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlencode

from dash import ClientsideFunction, Dash, Input, Output, State, html
from dash.development.base_component import Component
from flask import current_app

from webapp.api import auth, browser
from webapp.cases import InputError
from webapp.components import long_page, report_page, ways
from webapp.components.empty_state import empty_state
from webapp.components.filters import preset
from webapp.components.shell import PICKER
from webapp.components.simulated_line import simulated_line
from webapp.pages.compare import browser_data, endpoints, filters, next_step, sections, upload
from webapp.pages.compare.view import KEYS, OPEN, View
from webapp.services.compare import request as compare_request
from webapp.services.compare.answer import CompareAnswer, ComparisonReport, NoComparison
from webapp.services.compare.reader import answer_request
from webapp.services.compare.request import ROWS, CompareRequest, read_request
from webapp.services.compare.sentence import compose
from webapp.services.context import Services
from webapp.services.formatting import iso
from webapp.services.traffic import windows
from webapp.timing import now_ms

PATH = "/compare"
DATA, DRAWN, PROBLEMS = "compare-data", "compare-drawn", "compare-problems"
SCRIPT = "everycaseCompare"
EMPTY = "compare-empty"
QUESTION = "Which version should answer? All are judged on the same traffic."

_PURPOSE = "Here you see which of several versions should answer, judged on the same traffic."
_NO_OUTCOMES = (
    "No outcomes yet",
    "With them, this page has metrics, calibration and a verdict: which version is better.",
)


def add(register_page: Callable[..., Any]) -> None:
    """Enter the page in Dash's registry."""
    register_page(
        "webapp.pages.compare.page",
        path=PATH,
        name="Compare",
        order=1,
        title="Compare · Everycase",
        description=QUESTION,
        layout=layout,
    )


def layout(**query: str) -> html.Div:
    """The page for a link such as ``/compare?versions=a_v1,b_v1&days=60``."""
    services: Services = current_app.extensions["everycase"]
    access = auth.current()
    has_token = bool(access.api_token)
    return draw(services, query, now_ms(), can_admin=access.signed_in(), has_token=has_token)


def draw(
    services: Services,
    query: Mapping[str, str],
    now: int,
    *,
    can_admin: bool = False,
    has_token: bool = False,
) -> html.Div:
    """The page at a time; parts of the link that can't be used are reported and left out."""
    params = {name: value for name, value in query.items() if name in compare_request.FIELDS}
    request, messages = report_page.read_link(read_request, params, now)
    answer, more = report_page.answer_link(
        lambda request: browser.hide_name(answer_request(services, request)),
        request,
        lambda error: _simplify(request, error, now),
    )
    is_refused = request.file is not None and (answer is None or answer.upload is None)
    shown_answer = None if is_refused else answer  # nothing of the traffic in place of a file
    ready_names = _ready_names(services)
    if len(ready_names) < 2 and request.file is None:
        more = []  # the page itself says what is missing
    controls = filters.filter_line(request, answer, ready_names)
    look = _Look(query.get("open"), partial(_href, params), can_admin, has_token)
    return html.Div(
        [
            html.Div(
                [
                    _top(shown_answer, params),
                    report_page.notice(PROBLEMS, [*messages, *more]),
                ]
            ),
            html.Div([controls, upload.upload(answer, is_needed=is_refused)]),
            html.Div(_body(shown_answer, look) or _alone(ready_names), id="compare-body"),
            *report_page.stores(DATA, _data(answer, shown_answer, request), DRAWN),
        ],
        className="ec-page ec-report ec-compare",
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
        filters.ROWS,
    )
    report_page.connect_controls(app, SCRIPT, controls, DATA)
    report_page.connect_drawing(app, SCRIPT, DATA, DRAWN)
    app.clientside_callback(
        ClientsideFunction(SCRIPT, "offer"),
        Output(filters.VERSIONS, "data"),
        Input(PICKER, "data"),
        State(filters.VERSIONS, "data"),
        State(filters.VERSIONS, "value"),
        prevent_initial_call=True,
    )


def _simplify(request: CompareRequest, error: Exception, now: int) -> CompareRequest:
    """The request without anything but its period and its file, unless one is the problem."""
    field = error.field if isinstance(error, InputError) else None
    file = None if field == "file" else request.file
    since, until = request.since, request.until
    if field == "from":
        since, until = windows.last_days(now)
    return CompareRequest(since, until, file=file)


def _ready_names(services: Services) -> list[str]:
    return [v.name for v in services.catalog.versions() if v.prepared is not None]


def _top(answer: CompareAnswer | None, params: Mapping[str, str]) -> html.Div:
    badge = None
    if answer is not None:
        badge = simulated_line(
            "compare-simulated",
            answer.not_shown,
            lambda source: _href(params, source=source),
            is_simulated=answer.is_simulated,
        )
    report = html.A(
        "HTML report", id="compare-report", href="/page/compare.html", className="ec-button"
    )
    actions = (report, report_page.action("Copy link", "compare-link"))
    return report_page.top("Compare", QUESTION, badge, actions)


@dataclass(frozen=True)
class _Look:
    """How a page looks, whatever its answer is."""

    open_keys: str | None  # of the address
    href: Callable[..., str]
    can_admin: bool
    has_token: bool  # API_TOKEN is set


def _href(params: Mapping[str, str], **changes: str) -> str:
    """The address with some parameters changed; those without a value are left out."""
    query = {name: value for name, value in {**params, **changes}.items() if value}
    return PATH + (f"?{urlencode(query, safe=',')}" if query else "")


def _alone(ready_names: Sequence[str]) -> list[Component]:
    """What the page says where there are no two versions."""
    if len(ready_names) > 1:
        return []
    if not ready_names:
        return [ways.no_version(EMPTY, _PURPOSE)]
    name = ready_names[0]
    text = f"{_PURPOSE} Add a second version, trained on other rows or by another method."
    way = ways.to_versions(name.rsplit("_v", 1)[0])
    return [empty_state(EMPTY, f"{name} has nothing to be compared with", text, way)]


def _body(answer: CompareAnswer | None, look: _Look) -> list[Component]:
    if answer is None:
        return []
    conclusion = compose(answer)
    steps = next_step.steps(answer, conclusion, look.href, can_admin=look.can_admin)
    if not isinstance(answer, ComparisonReport):
        way = _traffic(answer, look) if answer.reason == "no traffic" else None
        return [empty_state(EMPTY, conclusion.headline, conclusion.finding, way, *steps)]
    no_outcomes = []
    if not answer.labelled.total and answer.sources:
        way = ways.to_outcomes(has_token=look.has_token)
        no_outcomes = [empty_state("compare-no-outcomes", *_NO_OUTCOMES, way)]
    view = View(long_page.read_open(look.open_keys, KEYS, OPEN))
    return [
        long_page.contents(sections.titles(answer), OPEN),
        sections.headline(conclusion, steps),
        *no_outcomes,
        html.Div(sections.sections(answer, view), className="ec-folds"),
    ]


def _traffic(answer: NoComparison, look: _Look) -> Component:
    features = answer.versions[0].prepared.features
    return ways.to_traffic(answer.request.source, features, has_token=look.has_token)


def _data(
    answer: CompareAnswer | None, shown_answer: CompareAnswer | None, request: CompareRequest
) -> dict[str, Any]:
    """The data of the page's script; without a comparison, only what the controls need."""
    data = {
        "days": str(windows.DAYS),
        "preset": preset(request.since, request.until),
        "chosen": [v.name for v in answer.versions] if answer else list(request.versions),
        "challenger": request.challenger,
    }
    if not isinstance(shown_answer, ComparisonReport):
        return data
    return data | browser_data.page_data(shown_answer) | {"link": _link(shown_answer)}


def _link(report: ComparisonReport) -> dict[str, str]:
    """The parameters that restore this view whenever the link is opened."""
    request = report.request
    versions = ",".join(version.name for version in report.versions)
    params = {"versions": versions, "challenger": report.close_up.challenger.name}
    if request.file is not None:
        rows = {"rows": request.rows} if request.rows != ROWS[0] else {}
        return params | {"file": request.file} | rows
    traffic = {
        "from": iso(request.since)[:10],
        "to": iso(request.until - 1)[:10],
        "source": request.source or ("demo" if report.is_simulated else "all"),
        "every": request.every if request.every != "auto" else "",
    }
    return params | {name: value for name, value in traffic.items() if value}
