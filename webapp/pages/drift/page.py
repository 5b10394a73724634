"""Drift: did the traffic change, does it hurt, why, and what to do?

The address holds every choice, so the router redraws the page when it changes:
assets/js/72-drift.js writes the address, and back and forward need nothing more.
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

from webapp.api import auth
from webapp.cases import InputError
from webapp.components import long_page, report_page, ways
from webapp.components.filters import preset
from webapp.components.markup import static_html
from webapp.components.simulated_line import simulated_line
from webapp.db.database import LogUnavailableError
from webapp.pages.drift import browser_data, cards, filters, lake_history, next_step, sections
from webapp.pages.drift.view import KEYS, OPEN, WHYS, View
from webapp.services.context import Services
from webapp.services.drift import reader as drift_reader
from webapp.services.drift.answer import NoAnswer, Scope, TrafficReport
from webapp.services.drift.columns import ON_PAGE
from webapp.services.drift.sentence import compose
from webapp.services.formatting import day_range, iso
from webapp.services.predict import version_choice
from webapp.services.traffic import windows
from webapp.services.traffic.windows import Question
from webapp.timing import now_ms

PATH = "/drift"
DATA, DRAWN = "drift-data", "drift-drawn"
SCRIPT = "everycaseDrift"
_PURPOSE = "Here you see whether the traffic of a version has changed, and whether that hurts."
_DEFAULT_VIEW = {"why": "log_loss", "sort": "name", "open": ""}

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
    """The page at a time; parts of the link that can't be used are reported and ignored."""
    view, params = _view(query), {n: value for n, value in query.items() if n in windows.FIELDS}
    question, messages = report_page.read_link(windows.read, params, now)
    answer, more = report_page.answer_link(
        partial(drift_reader.answer_question, services),
        question,
        lambda error: _simplify(question, error, now),
    )
    is_simulated = answer is not None and answer.scope.is_simulated
    href = partial(_href, params | view)
    body = _body(services, answer, _Look(view, href, can_admin, has_token, now))
    return html.Div(
        [
            _top(answer, href),
            report_page.notice("drift-problems", [*messages, *more]),
            filters.filter_line(
                question,
                None if answer is None else answer.scope,
                _other_baselines(services, answer),
                is_simulated=is_simulated,
            ),
            html.Div(body, id="drift-body"),
            *report_page.stores(DATA, _data(services, answer), DRAWN),
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
    report_page.connect_controls(app, SCRIPT, controls, DATA)
    report_page.connect_drawing(app, SCRIPT, DATA, DRAWN)


def _simplify(question: Question, error: Exception, now: int) -> Question:
    """The question without anything but its window, and without that if it is too long."""
    is_too_long = isinstance(error, InputError) and error.field == "from"
    return Question(*windows.last_days(now) if is_too_long else (question.since, question.until))


def _view(query: Mapping[str, str]) -> dict[str, str]:
    """What the address chooses to see; defaults for unknown values."""
    choices = {"why": WHYS, "sort": tuple(ON_PAGE)}
    view = {name: query.get(name, default) for name, default in _DEFAULT_VIEW.items()}
    return {n: v if v in choices.get(n, (v,)) else _DEFAULT_VIEW[n] for n, v in view.items()}


def _other_baselines(services: Services, answer: DriftAnswer | None) -> list[str]:
    """Other versions whose training can be the baseline."""
    version = None if answer is None else services.catalog.get(answer.scope.version)
    if version is None or version.prepared is None:
        return []
    return [
        other.name
        for other in services.catalog.versions()
        if other.prepared is not None
        and other.prepared.baseline is not None
        and other.prepared.is_comparable(version.prepared)
        and other.name != version.name
    ]


def _href(params: Mapping[str, str], **changes: str) -> str:
    """The address with some parameters changed; defaults are left out."""
    query = {
        name: value
        for name, value in {**params, **changes}.items()
        if value and _DEFAULT_VIEW.get(name) != value
    }
    return PATH + (f"?{urlencode(query)}" if query else "")


def _top(answer: DriftAnswer | None, href: Callable[..., str]) -> html.Div:
    badge = None
    if answer is not None and answer.scope.sources == ("replay",):
        badge = html.Span("Replayed traffic.", className="ec-simulated")
    elif answer is not None:
        badge = simulated_line(
            "drift-simulated",
            answer.scope.not_shown,
            lambda source: href(source=source),
            is_simulated=answer.scope.is_simulated,
        )
    whose = "" if answer is None else f" of {answer.scope.version}"
    actions = (
        report_page.action("Export CSV", "drift-csv"),
        report_page.action("Copy link", "drift-link"),
    )
    subtitle = f"Has the traffic{whose} changed, and does it hurt?"
    return report_page.top("Drift", subtitle, badge, actions)


@dataclass(frozen=True)
class _Look:
    """How a page looks, whatever its answer is."""

    view: Mapping[str, str]  # of the address
    href: Callable[..., str]
    can_admin: bool
    has_token: bool  # API_TOKEN is set
    now: int


def _body(services: Services, answer: DriftAnswer | None, look: _Look) -> list[Component]:
    if answer is None:
        return [] if _has_ready(services) else [ways.no_version(cards.EMPTY, _PURPOSE)]
    sentence = compose(answer, look.now)
    if isinstance(answer, NoAnswer):
        return [
            cards.empty(sentence, next_step.way_out(answer, look.href, has_token=look.has_token))
        ]
    open_keys = long_page.read_open(look.view["open"], KEYS, OPEN)
    view = View(look.view["why"], look.view["sort"], open_keys)
    steps = next_step.steps(answer, look.href, can_admin=look.can_admin)
    lake = _datasets(services, answer, look.now)
    no_outcomes = None
    if not answer.window.labelled.total:
        no_outcomes = ways.to_outcomes(has_token=look.has_token)
    return [
        long_page.contents(sections.titles(answer.scope), OPEN),
        cards.headline(sentence, steps),
        static_html(cards.summary_cards(answer)),
        *cards.missing(answer),
        html.Div(
            sections.sections(answer, view, look.href, lake, no_outcomes), className="ec-folds"
        ),
    ]


def _has_ready(services: Services) -> bool:
    return any(version.prepared is not None for version in services.catalog.versions())


def _datasets(services: Services, report: TrafficReport, now: int) -> html.Div | None:
    """The datasets of all lakes, where the traffic comes from lakes, too."""
    if report.timeline.lake is None:
        return None
    try:
        return lake_history.datasets(services.lake.datasets(), now)
    except LogUnavailableError:  # since the answer was made, which is still right
        return None


def _link(scope: Scope) -> dict[str, str]:
    """The parameters that show the same traffic whenever the link is opened."""
    question = scope.question
    since, until = iso(question.since), iso(question.until)
    if question.grain == "day":
        since, until = day_range(question.since, question.until)
    source = question.source or ("demo" if scope.is_simulated else "all")
    return {"version": scope.version, "from": since, "to": until, "source": source}


def _data(services: Services, answer: DriftAnswer | None) -> dict[str, Any]:
    """The data of the page's script."""
    if answer is None:
        return {"version": None}
    champion, scope = version_choice.champion(services), answer.scope
    data = {
        "version": scope.version,
        "champion": champion is not None and champion.name == scope.version,
        "days": str(windows.DAYS),
        "preset": preset(scope.question.since, scope.question.until),
        "names": list(scope.features.names),
        "link": _link(scope),
    }
    return data if isinstance(answer, NoAnswer) else data | browser_data.draw_data(answer)
