"""The one step that follows from a comparison, as a button."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

from dash import html

from webapp.components.filters import PRESETS
from webapp.components.long_page import next_step
from webapp.services.compare.answer import CompareAnswer, ComparisonReport, NoComparison
from webapp.services.compare.sentence import Conclusion
from webapp.timing import DAY_MS

# Where a person retrains, and what those read who may not: ids on the Models page.
RETRAIN, VISITOR = "/models#models-retrain", "/models#models-visitor"
_SIGN_IN = "For a signed-in administrator."
Href = Callable[..., str]


def steps(
    answer: CompareAnswer, conclusion: Conclusion, href: Href, *, can_admin: bool
) -> list[html.Div]:
    """The button, or none where there is nothing to do or to see."""
    if isinstance(answer, NoComparison):
        return _longer(answer, href)
    if conclusion.better is not None:
        return [_promotion(answer, conclusion.better, href, can_admin=can_admin)]
    if conclusion.action == "Retrain":
        where, note = (RETRAIN, "") if can_admin else (VISITOR, _SIGN_IN)
        return [next_step("Retrain now", where, note=note)]
    if conclusion.action == "Wait":
        return _other_rows(answer, href) or _longer(answer, href)
    return [next_step("See where they differ", "#cases", is_first=False)]


def _promotion(report: ComparisonReport, better: str, href: Href, *, can_admin: bool) -> html.Div:
    """To the dialog that promotes; first to a comparison with the champion if it is another."""
    champion = report.champion
    if better == champion:
        return next_step("See where they differ", "#cases", is_first=False)
    if not report.judges_champion:
        versions = f"{champion},{better}"
        label = f"Compare with {champion}, the champion"
        return next_step(label, href(versions=versions, a="", b="", challenger=""))
    address = f"/models?{urlencode({'promote': better})}"
    return next_step(f"Promote {better}", address, note="" if can_admin else _SIGN_IN)


def _other_rows(report: ComparisonReport, href: Href) -> list[html.Div]:
    """To the rows that no version was trained on, where all were asked for."""
    if report.upload is None or report.request.rows != "all" or report.rival is not None:
        return []
    return [next_step("Only rows that no version was trained on", href(rows=""))]


def _longer(answer: CompareAnswer, href: Href) -> list[html.Div]:
    """To the longest window that the page offers, if this one is shorter."""
    most, request = max(PRESETS), answer.request
    if not answer.sources or request.until - request.since >= most * DAY_MS:
        return []
    address = href(**{"days": str(most), "from": "", "to": ""})
    return [next_step(f"Look at {most} days", address, is_first=False)]
