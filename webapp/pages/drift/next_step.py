"""The one step that follows from the advice, or the way out where there is no advice."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

from dash import dcc, html
from dash.development.base_component import Component

from webapp.components import ways
from webapp.components.filters import PRESETS
from webapp.components.long_page import next_step
from webapp.services.drift.answer import DriftReport, NoAnswer
from webapp.services.drift.missing import find_missing
from webapp.services.formatting import day_range
from webapp.services.traffic import windows
from webapp.services.traffic.windows import Question
from webapp.timing import DAY_MS

# Where a person retrains, and what those read who may not: ids on the Models page.
RETRAIN, VISITOR = "/models#models-retrain", "/models#models-visitor"
Href = Callable[..., str]


def steps(report: DriftReport, href: Href, *, can_admin: bool) -> list[html.Div]:
    """The button, or none where there is nothing to do or to see."""
    action, rival = report.action, report.rival
    if action == "Promote" and rival is not None:
        return [next_step("Compare versions", _comparison(report, rival.name))]
    if action == "Retrain":
        if can_admin:
            return [next_step("Retrain now", RETRAIN)]
        return [next_step("Retrain now", VISITOR, note="For a signed-in administrator.")]
    if action == "Wait":
        return _longer(report.scope.question, href)
    return [next_step("See the cases", _cases(report), is_first=action == "Watch")]


def way_out(answer: NoAnswer, href: Href, *, has_token: bool) -> Component | None:
    """What brings something to show: days that have events, another baseline, or traffic."""
    scope = answer.scope
    if answer.nearest is not None:
        since, until = day_range(*answer.nearest)
        days = href(**{"from": since, "to": until, "days": ""})
        return dcc.Link("Show that period", href=days, className="ec-link")
    if answer.reason == "no traffic":
        return ways.to_traffic(scope.question.source, scope.features, has_token=has_token)
    missing = find_missing(answer)
    if answer.reason == "empty baseline" and missing is not None:
        return ways.to_rows(scope.version)
    if answer.reason == "no baseline":
        previous = href(baseline=windows.PREVIOUS)
        return dcc.Link("Compare with the previous period", href=previous, className="ec-link")
    return None


def _comparison(report: DriftReport, rival: str) -> str:
    """The Compare page on the same events, with the better version beside this one."""
    since, until = day_range(report.scope.question.since, report.scope.question.until)
    query = {"versions": f"{report.scope.version},{rival}", "from": since, "to": until}
    source = report.scope.question.source or ("demo" if report.scope.is_simulated else None)
    return f"/compare?{urlencode(query | ({'source': source} if source else {}), safe=',')}"


def _cases(report: DriftReport) -> str:
    """The section with the cases behind the change, or with all cases where there is none."""
    return "#why" if report.result.splits else "#combinations"


def _longer(question: Question, href: Href) -> list[html.Div]:
    """The longest window that the page offers, if this one is shorter."""
    most = max(PRESETS)
    if question.until - question.since >= most * DAY_MS:
        return []
    address = href(**{"days": str(most), "from": "", "to": ""})
    return [next_step(f"Look at {most} days", address, is_first=False)]
