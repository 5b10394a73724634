"""The sections of the Drift page, and the figures in them."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from webapp.components.case_grid import case_map
from webapp.components.long_page import fold
from webapp.components.markup import static_html
from webapp.components.sections import card, graph, scroll
from webapp.grammar import NBSP, capitalize, quantity
from webapp.pages.drift import conclusions, lake_history, tables
from webapp.pages.drift.cards import HEADLINE
from webapp.pages.drift.section_why import why_section
from webapp.pages.drift.view import Href, View
from webapp.services.drift.answer import DriftReport, Scope, TrafficReport
from webapp.services.drift.words import (
    AVERAGE,
    VERDICTS,
    describe_gap,
    format_margin,
    when_measured,
)
from webapp.services.formatting import during, share
from webapp.services.traffic import windows
from webapp.stats.series import TRAILING
from webapp.stats.verdicts import FEWEST


def titles(scope: Scope) -> dict[str, str]:
    """The short titles of the page's parts, by id, for its contents."""
    return {
        HEADLINE: "Verdict",
        "harm": "Harm",
        "why": "Why",
        "inputs": capitalize(scope.vocabulary.inputs),
        "combinations": "Combinations",
        "scores": "Scores and volume",
    }


def sections(
    report: TrafficReport,
    view: View,
    href: Href,
    lake: Component | None,
    no_outcomes: Component | None = None,
) -> list[Component]:
    """One question each, from harm to what the model sees. ``lake`` lists its datasets.

    ``no_outcomes`` says how outcomes come, where there are none.
    """
    return [
        fold(
            "harm",
            "Does it hurt?",
            conclusions.harm(report),
            card(_harm_legend(report), graph("drift-harm", 380, _describe_harm(report))),
            no_outcomes,
            caption=_harm_caption(report),
            is_open="harm" in view.opened,
        ),
        why_section(report, view, href),
        _inputs_section(report, view, href),
        _combinations_section(report, view),
        _scores_section(report, view, lake),
    ]


def _harm_caption(report: DriftReport) -> str:
    gap = describe_gap(report.result.performance.window, report.scope.vocabulary)
    caption = (
        f"Log loss of {report.scope.version} with its 95{NBSP}% band. Log loss also falls when the "
        f"base rate falls, so compare it with {AVERAGE} (dotted); the bars show the gap."
    )
    return f"{caption} {capitalize(gap)}." if gap else caption


def _harm_legend(report: TrafficReport) -> html.Ul:
    """The names of the lines that are drawn; a line's own end is often too crowded for its name."""
    before, series = report.result.performance.baseline.log_loss, report.timeline.series
    names: dict[str, str] = {}
    if series.labelled.any():
        names |= {"loss": "log loss of known outcomes", "guessing": AVERAGE}
    if (series.labelled < series.n).any():
        names["estimated"] = "estimate where outcomes are open, if behaviour didn't change"
    if before:
        names["before"] = f"{_name_reference(report)} {before.value:.3f}"
    lines = [html.Li(name, className=f"ec-line-{key}") for key, name in names.items()]
    return html.Ul(lines, className="ec-chart-legend")


def _name_reference(report: TrafficReport) -> str:
    is_training = report.scope.baseline_name == windows.TRAINING
    if is_training or report.result.performance.reference != "baseline":
        return when_measured(report)
    return "baseline"


def _describe_harm(report: DriftReport) -> str:
    """The chart in words."""
    window = report.result.performance.window
    if window.log_loss is None or window.guessing is None:
        return "Log loss over time. No outcomes are known in this window."
    return (
        f"Log loss over time: {window.log_loss.value:.3f} in this window, "
        f"{window.guessing:.3f} when {AVERAGE}."
    )


def _inputs_section(report: DriftReport, view: View, href: Href) -> html.Section:
    result, vocabulary = report.result, report.scope.vocabulary
    variation, doubt = result.total_variation, VERDICTS["cannot tell"].lower()
    caption = (
        f"Share of events with each {vocabulary.input}, with 95{NBSP}% interval. Dashed: the "
        f"baseline; shaded: changes that are ignored (±{format_margin(result.margin)}). Strip: "
        f"verdict over the last {TRAILING} days (tall red: drifted, middle grey: {doubt}, "
        "low green: stable)."
    )
    note = (
        f"PSI by chance alone: {result.psi_by_chance:.4f}. p is adjusted for "
        f"{quantity(len(result.features), vocabulary.input, vocabulary.inputs)} "
        f"(Benjamini–Hochberg). Total variation over all cases: {share(variation.value)}, by "
        f"chance alone {share(variation.by_chance)}."
    )
    label = f"Share of each {vocabulary.input} over time; the table below has the numbers."
    return fold(
        "inputs",
        f"Which {vocabulary.inputs} moved",
        conclusions.inputs(report),
        html.Div(
            id="drift-small",
            className="ec-small-multiples",
            style={"--inputs": len(result.features)},
            role="img",
            **{"aria-label": label},
        ),
        card(
            static_html(tables.feature_table(report, view.sort, href)),
            html.P(note, className="ec-caption"),
        ),
        caption=caption,
        is_open="inputs" in view.opened,
        term="which_moved",
    )


def _combinations_section(report: DriftReport, view: View) -> html.Section:
    result, vocabulary = report.result, report.scope.vocabulary
    drifts = sum(pair.verdict == "drifted" for pair in result.pairs)
    pairs = (
        f"Change of the log odds ratio. Pairs that drifted have a number: {drifts} of "
        f"{len(result.pairs)} (5{NBSP}% false discovery rate, odds changed by a quarter or more)."
    )
    cases = (
        f"Points of share gained or lost, without colour where chance explains the change "
        f"(5{NBSP}% false discovery rate) or fewer than {FEWEST} events tell nothing. Neighbours "
        f"differ by one {vocabulary.input}. ○ unseen in "
        f"the baseline: {share(result.unseen.value, 1)} of events. Blank: no events before or now. "
        "Click a case to open it in Predict."
    )
    return fold(
        "combinations",
        "Which combinations moved",
        conclusions.combinations(report),
        html.Div(
            [
                card(
                    html.P(pairs, className="ec-caption"),
                    graph("drift-pairs", 360, pairs),
                    static_html(scroll("Pairs", tables.pair_table(report.scope, result))),
                    title="Pairs",
                ),
                card(
                    html.P(cases, className="ec-caption"),
                    case_map("drift-map", cases),
                    title="All cases",
                ),
            ],
            className="ec-columns",
        ),
        caption=f"Two {vocabulary.inputs} together, then all cases at once.",
        is_open="combinations" in view.opened,
    )


def _scores_section(report: TrafficReport, view: View, lake: Component | None) -> html.Section:
    scores = report.result.scores
    about_scores = (
        f"Share of events by score. Bars: the window, mean {share(scores.window.value, 1)}. "
        f"Dotted: the baseline, mean {share(scores.baseline.value, 1)}. PSI {scores.psi:.3f} (by "
        f"chance {scores.psi_by_chance:.4f}), Kolmogorov–Smirnov {scores.ks:.3f}."
    )
    return fold(
        "scores",
        "What the model sees",
        conclusions.scores(report),
        html.Div(
            [
                card(
                    html.P(about_scores, className="ec-caption"),
                    graph("drift-scores", 240, about_scores),
                    title="Scores",
                ),
                _volume(report),
            ],
            className="ec-columns",
        ),
        lake,
        caption="Its scores, and the volume of traffic.",
        is_open="scores" in view.opened,
    )


def _volume(report: TrafficReport) -> html.Div:
    total, outcomes = report.window.total, report.window.labelled.total
    question = report.scope.question
    about = (
        f"{quantity(total, 'event')} {during(question.since, question.until)}, {outcomes:,} with "
        f"a known outcome ({share(outcomes / total)}). Pale: outcome still open. "
        f"{lake_history.describe_share(report)}"
    ).strip()
    return card(
        html.P(about, className="ec-caption"),
        lake_history.legend(report),
        graph("drift-volume", 240, about),
        title="Volume and outcomes",
    )
