"""Differences to the reference as pictures: a small forest per metric, a line per challenger."""

from __future__ import annotations

from dash import html

from webapp.components.sections import forest
from webapp.components.terms import explain
from webapp.components.version_key import version_key
from webapp.pages.compare.tables import format_interval
from webapp.pages.compare.verdict_chips import TONES
from webapp.services.compare.answer import ComparisonReport
from webapp.services.compare.words import VERDICTS
from webapp.services.formatting import signed
from webapp.stats.compare import Difference
from webapp.stats.metric_specs import SPECS, MetricSpec

_MIN_MARGINS = 4  # to each side of a scale


def forests(report: ComparisonReport) -> html.Div:
    """One forest for each metric with a known difference."""
    parts = [
        _forest(report, spec, differences)
        for spec in SPECS
        if (differences := _differences(report, spec.key))
    ]
    return html.Div(parts, className="ec-forests")


def _differences(report: ComparisonReport, key: str) -> list[tuple[int, Difference]]:
    """The known differences with the index of their version."""
    pairs = ((i, result.differences.get(key)) for i, result in enumerate(report.results) if i)
    return [(i, difference) for i, difference in pairs if difference is not None]


def _forest(
    report: ComparisonReport, spec: MetricSpec, differences: list[tuple[int, Difference]]
) -> html.Div:
    ends = [abs(end) for _, d in differences for end in (d.low, d.high)]
    scale = max([_MIN_MARGINS * differences[0][1].margin, *ends]) * 1.05
    decimals = 4 if scale < 0.01 else 3 if scale < 0.1 else 2
    sides = ("◂ better", "worse ▸") if spec.lower_is_better else ("◂ worse", "better ▸")
    axis = (signed(-scale, decimals), "0", signed(scale, decimals))
    return html.Div(
        [
            html.H3(explain(spec.title, spec.key)),
            *(_line(report, i, d, spec, scale) for i, d in differences),
            html.Div([html.Span(text) for text in axis], className="ec-forests-axis"),
            html.Div([html.Span(text) for text in sides], className="ec-forests-axis"),
        ],
        className="ec-forests-one",
    )


def _line(
    report: ComparisonReport, index: int, difference: Difference, spec: MetricSpec, scale: float
) -> html.Div:
    version = report.versions[index]
    verdict, tone = VERDICTS[difference.verdict].lower(), TONES[difference.verdict]
    if report.withholds_verdict(version):
        verdict, tone = "no verdict", "unsure"
    text = f"{format_interval(difference, spec.decimals)}, {verdict}"
    ends = (difference.low, difference.value, difference.high)
    return html.Div(
        [
            html.Span(
                [version_key(version.look), version.name], className="ec-nowrap ec-forests-name"
            ),
            forest(*ends, difference.margin, scale, tone),
            html.Span(text, className="ec-sr"),
        ],
        className="ec-forests-line",
        title=f"{version.name}: {text}",
    )
