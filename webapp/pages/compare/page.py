"""Compare: which version should answer, judged on real traffic?

The address holds everything that is chosen, so the router draws the page again when it changes
(assets/js/74-compare.js writes the address). The threshold moves without a request.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlencode

from dash import Dash, html
from dash.development.base_component import Component
from flask import current_app

from webapp.api import auth, browser
from webapp.cases import InputError
from webapp.components import long_page, report_page
from webapp.components.filters import preset
from webapp.components.simulated_line import simulated_line
from webapp.pages.compare import browser_data, endpoints, filters, next_step, sections, upload
from webapp.pages.compare.view import KEYS, OPEN, View
from webapp.services.compare import request as compare_request
from webapp.services.compare.answer import CompareAnswer, ComparisonReport
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
QUESTION = "Which version should answer? All are judged on the same traffic."


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
    return draw(services, query, now_ms(), can_admin=auth.current().signed_in())


def draw(
    services: Services, query: Mapping[str, str], now: int, *, can_admin: bool = False
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
    controls = filters.filter_line(request, answer, _ready_names(services))
    look = _Look(query.get("open"), partial(_href, params), can_admin)
    return html.Div(
        [
            html.Div(
                [
                    _top(shown_answer, params),
                    report_page.notice(PROBLEMS, [*messages, *more]),
                ]
            ),
            html.Div([controls, upload.upload(answer, is_needed=is_refused)]),
            html.Div(_body(shown_answer, look), id="compare-body"),
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


def _href(params: Mapping[str, str], **changes: str) -> str:
    """The address with some parameters changed; those without a value are left out."""
    query = {name: value for name, value in {**params, **changes}.items() if value}
    return PATH + (f"?{urlencode(query, safe=',')}" if query else "")


def _body(answer: CompareAnswer | None, look: _Look) -> list[Component]:
    if answer is None:
        return []
    conclusion = compose(answer)
    steps = next_step.steps(answer, conclusion, look.href, can_admin=look.can_admin)
    if not isinstance(answer, ComparisonReport):
        parts = [html.H2(conclusion.headline), html.P(conclusion.finding), *steps]
        return [html.Section(parts, className="ec-card ec-empty", id="compare-empty")]
    view = View(long_page.read_open(look.open_keys, KEYS, OPEN))
    return [
        long_page.contents(sections.titles(answer), OPEN),
        sections.headline(conclusion, steps),
        html.Div(sections.sections(answer, view), className="ec-folds"),
    ]


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
