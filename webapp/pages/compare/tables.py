"""The tables of the Compare page: metrics, periods, facts."""

from __future__ import annotations

from typing import Any

from dash import html

from webapp.components.sections import scroll
from webapp.components.terms import explain
from webapp.components.version_key import version_key
from webapp.grammar import NBSP
from webapp.pages.compare.verdict_chips import (
    OVERLAP,
    no_verdict_chip,
    overlap_chip,
    verdict_chip,
)
from webapp.services.compare.answer import ComparisonReport, ScoredVersion
from webapp.services.compare.words import more_outcomes
from webapp.services.formatting import number, share, short_day, signed
from webapp.services.own_skill import describe_optimism
from webapp.services.traffic.store_command import describe_lack, describe_stored, store_command
from webapp.stats.compare import Difference, PeriodLoss
from webapp.stats.metric_specs import SPECS, MetricSpec
from webapp.stats.rates import Interval

_FACTS = {
    "positive": "Probability of",
    "estimator": "Estimator",
    "rows": "Trained on rows",
    "n": "Training events",
    "positives": "Positives in training",
    "cases": "Cases in training",
    "parameters": "Parameters",
    "validation": "Cross-validation",
    "optimism": "Skill at training, and in cross-validation",
    "missing": "Came without",
    "libraries": "Environment",
    "when": "Trained at",
    "imported": "Imported at",
    "why": "Why it was made",
}
_NOTHING = "nothing"  # that a version came without
_FULL_COLOUR = 0.05  # nats behind the best version


def version_heads(report: ComparisonReport) -> list[html.Th]:
    """The versions as columns."""
    heads = []
    for i, version in enumerate(report.versions):
        role = "reference" if i == 0 else OVERLAP if version.overlap else "challenger"
        name = html.Span([version_key(version.look), version.name], className="ec-nowrap")
        heads.append(html.Th([name, html.Div(explain(role), className="ec-caption")], scope="col"))
    return heads


def metrics(report: ComparisonReport) -> html.Div:
    """Every metric of every version, with the difference to the reference."""
    words, rows = report.vocabulary.as_dict(), []
    for spec in SPECS:
        title = spec.title
        if spec.at_threshold:
            title = f"{title} at {share(report.request.threshold)}"
        note = html.Div(spec.note.format(**words), className="ec-caption")
        cells = [html.Td(_metric(report, i, spec)) for i in range(len(report.versions))]
        rows.append(html.Tr([html.Th([explain(title, spec.key), note], scope="row"), *cells]))
    return _table_by_version(report, "Metrics", rows)


def _metric(report: ComparisonReport, index: int, spec: MetricSpec) -> list[Any]:
    result = report.results[index]
    value = result.metrics[spec.key]
    if value is None:
        return [html.Span("–", className="ec-soft")]
    strong = html.Strong(number(value.value, spec.decimals))
    if index == 0:
        half = f"±{NBSP}{number(value.half, spec.decimals)}"
        return [html.Div(strong), html.Div(half, className="ec-caption")]
    difference = result.differences.get(spec.key)
    if difference is None:
        return [html.Div(strong)]
    chip = _chip(report, index, difference)
    interval = format_interval(difference, spec.decimals)
    return [
        html.Div([chip, strong], className="ec-metric-cell"),
        html.Div(interval, className="ec-caption", title=_describe_further(difference)),
    ]


def _chip(report: ComparisonReport, index: int, difference: Difference) -> html.Span:
    if report.is_contaminated(report.versions[index]):
        return overlap_chip()
    return no_verdict_chip() if report.gap is not None else verdict_chip(difference.verdict)


def _describe_further(difference: Difference) -> str | None:
    """The number of outcomes that would settle an open verdict, in words; None if it is settled."""
    if difference.verdict != "not enough evidence":
        return None
    return more_outcomes(difference.further)


def format_interval(interval: Difference | Interval, decimals: int) -> str:
    """A difference with its interval: ``−0.0368 [−0.0412, −0.0324]``"""
    low, high = signed(interval.low, decimals), signed(interval.high, decimals)
    return f"{signed(interval.value, decimals)} [{low}, {high}]"


def periods(report: ComparisonReport) -> html.Div:
    """Every version in every period: behind the best one, hatched where it was trained."""
    head = [html.Th(short_day(begin), scope="col") for begin in report.periods.begins]
    pairs = zip(report.periods.losses, report.periods.overlaps, strict=True)
    body = []
    for i, (losses, overlaps) in enumerate(pairs):
        version = report.versions[i]
        name = html.Span([version_key(version.look), version.name], className="ec-nowrap")
        cells = [_period(loss, own) for loss, own in zip(losses, overlaps, strict=True)]
        body.append(html.Tr([html.Th(name, scope="row"), *cells]))
    return scroll(
        "Every version in every period",
        html.Table(
            [html.Thead(html.Tr([html.Td(""), *head])), html.Tbody(body)],
            className="ec-table ec-report-table ec-periods",
        ),
    )


def _period(period: PeriodLoss, overlaps: bool) -> html.Td:
    if period.log_loss is None or period.behind is None:
        return html.Td("–", className="ec-soft")
    loss = number(period.log_loss.value, 3)
    low, high = number(period.log_loss.low, 3), number(period.log_loss.high, 3)
    title = f"log loss {loss} [{low}, {high}]"
    if overlaps:
        cell = [loss, _caption("trained on")]
        return html.Td(cell, className="ec-period-trained", title=title)
    if period.best:
        return html.Td([loss, _caption("✓ best")], className="ec-period-best", title=title)
    style = {"--behind": f"{min(period.behind / _FULL_COLOUR, 1.0):.2f}"}
    cell = [signed(period.behind, 3), _caption(loss)]
    return html.Td(cell, className="ec-period", style=style, title=title)


def _caption(text: str) -> html.Div:
    return html.Div(text, className="ec-caption")


def facts(report: ComparisonReport) -> html.Div:
    """The facts of each version and its training; rows with the same value for all are marked."""
    rows = []
    facts_by_name = [
        {
            "positive": v.prepared.facts.outcome,
            "optimism": describe_optimism(v.prepared),
            "missing": _describe_lack(v),
            **v.prepared.facts.training,
        }
        for v in report.versions
    ]
    for name, title in _FACTS.items():
        values = [_format_fact(each.get(name)) for each in facts_by_name]
        if set(values) <= {"", _NOTHING}:
            continue
        same = "ec-same" if len(set(values)) == 1 else None
        cells = [html.Td(value or "unknown", className="ec-fact") for value in values]
        rows.append(html.Tr([html.Th(explain(title), scope="row"), *cells], className=same))
    return _table_by_version(report, "Facts", rows)


def _describe_lack(version: ScoredVersion) -> str:
    """What it came without, and the rows in its place or the command that adds them."""
    lack = describe_lack(version.prepared)
    if not lack:
        return _NOTHING
    if version.stored is not None:
        return f"{lack}: {describe_stored(*version.stored)}"
    return f"{lack}: {store_command(version.name)} adds rows to compare with"


def _format_fact(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, dict):
        return ", ".join(f"{name} {_format_fact(inner)}" for name, inner in sorted(value.items()))
    if isinstance(value, float):
        return f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _table_by_version(report: ComparisonReport, label: str, rows: list[html.Tr]) -> html.Div:
    head = html.Thead(html.Tr([html.Td(""), *version_heads(report)]))
    return scroll(
        label,
        html.Table([head, html.Tbody(rows)], className="ec-table ec-report-table ec-compare-table"),
    )
