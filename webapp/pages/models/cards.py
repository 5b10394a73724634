"""The cards of the Models page in which something is at work: the policy, and its backtest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from dash import html
from dash.development.base_component import Component

from webapp.components.markup import static_html
from webapp.db.database import LogUnavailableError
from webapp.db.tables.jobs import Job
from webapp.pages.models import backtest, figures, policy
from webapp.pages.models import jobs as models_jobs
from webapp.pages.models.figure_backtest import backtest as backtest_figure
from webapp.services.context import Services
from webapp.services.models import backtest_result, jobs, policy_state
from webapp.services.models.leaderboard import on_simulated

CHECKS = 200  # that are drawn
KEPT = 20  # backtests that are searched for one that can be shown


@dataclass(frozen=True)
class Card:
    """A card, what is drawn in it, and whether a job of it is at work."""

    card: Component
    figures: Mapping[str, Any] = field(default_factory=dict)
    running: bool = False


def policy_card(services: Services, query: Mapping[str, str], now: int, *, may: bool) -> Card:
    """The retraining policy, on whatever traffic there is."""
    seen = services
    if on_simulated(services):
        seen = replace(services, plan=replace(services.plan, simulated=True))
    try:
        state = policy_state.state(seen, now)
        points = policy_state.history(seen, CHECKS, state.traffic)
        made = jobs.history(services, now, 50)
    except LogUnavailableError as error:
        told = [html.H2("Retraining policy"), html.P(f"The event log is unavailable: {error}.")]
        return Card(html.Section(told, className="ec-card"))
    running = next((j for j in made if j.kind == "retrain" and not j.over), None)
    figure = figures.policy(points)
    parts = [
        static_html(policy.head(state, may=may, busy=running is not None)),
        static_html(policy.near(state)),
        policy.chart(policy.spoken(state, points)) if figure else None,
        static_html(policy.facts(state)),
        _work(services, running, "retrain", may=may),
        _outcome(made, running),
        static_html(models_jobs.history(made, shown=query.get("jobs") == "open")),
    ]
    return Card(
        html.Section(parts, className="ec-card ec-policy", **{"aria-label": "Retraining policy"}),
        {"models-policy": figure} if figure else {},
        running is not None,
    )


def backtest_card(services: Services, now: int, *, may: bool) -> Card:
    """The policies on this log's history: what was kept of the last run."""
    try:
        made = jobs.history(services, now, KEPT, "backtest")
    except LogUnavailableError as error:
        told = [
            html.H2("Backtest of the policies"),
            html.P(f"The event log is unavailable: {error}."),
        ]
        return Card(html.Section(told, className="ec-card"))
    running = made[0] if made and not made[0].over else None
    view = next((v for job in made if (v := backtest_result.view(job)) is not None), None)
    in_use = services.plan.policy
    failed = made[0] if made and made[0].state in ("failed", "cancelled") else None
    parts = [
        static_html(backtest.head(view, may=may, busy=running is not None)),
        _work(services, running, "backtest", may=may),
        None if failed is None else static_html(models_jobs.outcome(failed)),
        backtest.empty() if view is None else backtest.body(view, in_use),
    ]
    name = {"aria-label": "Backtest of the policies"}
    card = html.Section(parts, className="ec-card", id="models-backtest-card", **name)
    drawn = {} if view is None else {backtest.FIGURE: backtest_figure(view, in_use)}
    return Card(card, drawn, running is not None)


def _work(services: Services, running: Job | None, kind: str, *, may: bool) -> html.Div:
    """The place of a job that is at work; the browser keeps it up to date."""
    text = models_jobs.shown(running, preparing(services, kind), may=may)
    return html.Div(id=f"models-work-{kind}", tabIndex=-1, **{"data-markup": text})


def preparing(services: Services, kind: str = "retrain") -> list[str]:
    """Versions that are on their way: retrains make them."""
    versions = services.catalog.versions() if kind == "retrain" else ()
    return [version.name for version in versions if version.status == "preparing"]


def _outcome(made: list[Job], running: Job | None) -> Component | None:
    """How the last retrain ended, unless one is at work."""
    last = next((job for job in made if job.kind == "retrain" and job.over), None)
    if running is not None or last is None:
        return None
    return static_html(models_jobs.outcome(last))
