"""Differences to the reference as pictures: one small forest a metric, one line a challenger."""

from __future__ import annotations

from dash import html

from webapp.components.sections import forest
from webapp.pages.compare.tables import CHIPS, key, ranged, unfair
from webapp.services.compare.answer import Answer
from webapp.services.formatting import signed
from webapp.stats.compare import Difference
from webapp.stats.metric_specs import SPECS, MetricSpec

_LEAST = 4  # margins that a scale shows at least


def forests(answer: Answer) -> html.Div:
    """Those metrics of which a difference is known."""
    drawn = [_forest(answer, spec) for spec in SPECS if _known(answer, spec.key)]
    return html.Div(drawn, className="ec-forests")


def _known(answer: Answer, name: str) -> list[tuple[int, Difference]]:
    found = ((i, r.differences.get(name)) for i, r in enumerate(answer.results) if i)
    return [(i, difference) for i, difference in found if difference is not None]


def _forest(answer: Answer, spec: MetricSpec) -> html.Div:
    known, margin = _known(answer, spec.key), spec.margin
    ends = [abs(end) for _, d in known for end in (d.low, d.high)]
    scale = max([_LEAST * margin, *ends]) * 1.05
    decimals = 3 if scale < 0.1 else 2
    sides = ("◂ better", "worse ▸") if spec.lower_is_better else ("◂ worse", "better ▸")
    axis = (signed(-scale, decimals), "0", signed(scale, decimals))
    return html.Div(
        [
            html.H3(spec.title),
            *(_line(answer, i, d, margin, scale) for i, d in known),
            html.Div([html.Span(text) for text in axis], className="ec-forests-axis"),
            html.Div([html.Span(text) for text in sides], className="ec-forests-axis"),
        ],
        className="ec-forests-one",
    )


def _line(answer: Answer, index: int, found: Difference, margin: float, scale: float) -> html.Div:
    told = "no verdict" if unfair(answer, index) else found.verdict
    tone = "unsure" if unfair(answer, index) else CHIPS[found.verdict][1]
    name = answer.versions[index].name
    said = f"{ranged(found, 4)}, {told}"
    return html.Div(
        [
            html.Span([key(index), name], className="ec-nowrap ec-forests-name"),
            forest(found.low, found.value, found.high, margin, scale, tone),
            html.Span(said, className="ec-sr"),
        ],
        className="ec-forests-line",
        title=f"{name}: {said}",
    )
