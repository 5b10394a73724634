"""The cards of the Models page with jobs: the retraining policy, and its backtest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dash import html
from dash.development.base_component import Component

from webapp.components import report_page
from webapp.components.markup import static_html
from webapp.db.database import LogUnavailableError
from webapp.db.tables.jobs import Job
from webapp.pages.models import backtest, figures, policy, texts
from webapp.pages.models import jobs as models_jobs
from webapp.pages.models.figure_backtest import backtest as backtest_figure
from webapp.services.context import Services
from webapp.services.models import backtest_result, jobs, policy_state
from webapp.services.models.shown_traffic import follow_traffic
from webapp.services.traffic.source_choice import ChosenSource

CHECKS = 200  # in the chart
BACKTESTS = 20  # that are searched for one that can be shown


@dataclass(frozen=True)
class Card:
    """A card with its figures, and whether a job of it is running."""

    card: Component
    figures: Mapping[str, Any] = field(default_factory=dict)
    running: bool = False


def policy_card(
    services: Services,
    query: Mapping[str, str],
    now: int,
    *,
    can_admin: bool,
    source: ChosenSource | None = None,
) -> Card:
    """The retraining policy, on the traffic that the page shows."""
    reader = follow_traffic(services, now, source)
    try:
        status = policy_state.read_status(reader, now)
        checks = policy_state.history(reader, CHECKS, status.traffic)
        last_jobs = jobs.history(services, now, 50)
    except LogUnavailableError as error:
        return _unavailable_card(texts.POLICY_CARD, error)
    running = next((j for j in last_jobs if j.kind == "retrain" and not j.over), None)
    figure = figures.policy(checks)
    parts = [
        static_html(policy.head(status, can_admin=can_admin, busy=running is not None)),
        static_html(policy.progress(status)),
        policy.chart(policy.describe_chart(status, checks), checks) if figure else None,
        static_html(policy.facts(status)),
        _work(services, running, "retrain", can_admin=can_admin),
        _outcome(last_jobs, running),
        static_html(models_jobs.history(last_jobs, is_open=query.get("jobs") == "open")),
    ]
    return Card(
        html.Section(parts, className="ec-card ec-policy", **{"aria-label": texts.POLICY_CARD}),
        {"models-policy": figure} if figure else {},
        running is not None,
    )


def backtest_card(services: Services, now: int, *, can_admin: bool) -> Card:
    """The policies replayed on this log: the result of the last backtest."""
    try:
        last_jobs = jobs.history(services, now, BACKTESTS, "backtest")
    except LogUnavailableError as error:
        return _unavailable_card(texts.BACKTEST_CARD, error)
    running = last_jobs[0] if last_jobs and not last_jobs[0].over else None
    view = next((v for job in last_jobs if (v := backtest_result.view(job)) is not None), None)
    in_use = services.plan.policy
    ended_badly = bool(last_jobs) and last_jobs[0].state in ("failed", "cancelled")
    parts = [
        static_html(backtest.head(view, can_admin=can_admin, busy=running is not None)),
        _work(services, running, "backtest", can_admin=can_admin),
        static_html(models_jobs.outcome(last_jobs[0])) if ended_badly else None,
        backtest.empty() if view is None else backtest.body(view, in_use),
    ]
    name = {"aria-label": texts.BACKTEST_CARD}
    card = html.Section(parts, className="ec-card", id="models-backtest-card", **name)
    shown_figures = {} if view is None else {backtest.FIGURE: backtest_figure(view, in_use)}
    return Card(card, shown_figures, running is not None)


def _unavailable_card(title: str, error: LogUnavailableError) -> Card:
    parts = [html.H2(title), html.P(report_page.log_unavailable_message(error))]
    return Card(html.Section(parts, className="ec-card"))


def _work(services: Services, running: Job | None, kind: str, *, can_admin: bool) -> html.Div:
    """The place of a running job; the browser updates it."""
    text = models_jobs.running_markup(running, preparing(services, kind), can_admin=can_admin)
    return html.Div(id=f"models-work-{kind}", tabIndex=-1, **{"data-markup": text})


def preparing(services: Services, kind: str = "retrain") -> list[str]:
    """Names of versions that are being prepared; retrains make them."""
    versions = services.catalog.versions() if kind == "retrain" else ()
    return [version.name for version in versions if version.status == "preparing"]


def _outcome(last_jobs: list[Job], running: Job | None) -> Component | None:
    """The result of the last retrain, unless one is running."""
    last = next((job for job in last_jobs if job.kind == "retrain" and job.over), None)
    if running is not None or last is None:
        return None
    return static_html(models_jobs.outcome(last))
