"""The sections of the Drift page, and the figures in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from dash import dcc, html
from dash.development.base_component import Component

from webapp.components.case_grid import HEIGHT
from webapp.components.markup import static_html
from webapp.components.sections import card, graph, section
from webapp.grammar import NBSP, capitalize, quantity
from webapp.pages.drift import lake_history, tables
from webapp.services.drift.answer import DriftReport, Scope, TrafficReport
from webapp.services.drift.words import (
    AVERAGE,
    BEHAVIOUR,
    MIX,
    VERDICTS,
    describe_gap,
    format_margin,
)
from webapp.services.formatting import during, share, signed
from webapp.services.traffic import windows
from webapp.stats.drift import LEAST_SPLIT
from webapp.stats.series import TRAILING
from webapp.stats.split import Split

WHYS = ("log_loss", "score", "positives")  # the means whose change is explained


def sections(
    report: TrafficReport, view: Mapping[str, str], href: Callable[..., str], lake: Component | None
) -> list[Component]:
    """One question each, from harm to what the model sees. ``lake`` lists its datasets."""
    return [
        section(
            "Does it hurt?",
            _harm_caption(report),
            card(_harm_legend(report), graph("drift-harm", 380, _describe_harm(report))),
        ),
        _why_section(report, view["why"], href),
        _inputs_section(report, view["sort"], href),
        _combinations_section(report),
        _scores_section(report, lake),
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
        is_training = report.scope.baseline_name == windows.TRAINING
        names["before"] = f"{'at training' if is_training else 'baseline'} {before.value:.3f}"
    lines = [html.Li(name, className=f"ec-line-{key}") for key, name in names.items()]
    return html.Ul(lines, className="ec-chart-legend")


def _describe_harm(report: DriftReport) -> str:
    """The chart in words."""
    window = report.result.performance.window
    if window.log_loss is None or window.guessing is None:
        return "Log loss over time. No outcomes are known in this window."
    return (
        f"Log loss over time: {window.log_loss.value:.3f} in this window, "
        f"{window.guessing:.3f} when {AVERAGE}."
    )


def _name_mean(scope: Scope, why: str) -> str:
    """The heading of a mean whose change is explained."""
    names = {"log_loss": "Log loss", "score": "Mean score"}
    return names.get(why, scope.vocabulary.outcome_rate)


def _why_section(report: DriftReport, why: str, href: Callable[..., str]) -> html.Section:
    choice, split = _choice(report.scope, why, href), report.result.splits.get(why)
    if split is None:
        what = "events" if why == "score" else "known outcomes"
        need = f"Available with {LEAST_SPLIT} {what} in both the baseline and the window."
        return section("Why it changed", need, choice)
    shares = why != "log_loss"
    unit = ", in points" if shares else ""
    return section(
        "Why it changed",
        _why_caption(split, why),
        choice,
        html.Div(
            [
                card(
                    graph(f"drift-why-{why}", 300, _describe_bridge(report.scope, split, why)),
                    title="From before to now",
                ),
                card(
                    static_html(tables.why_table(report, split, shares=shares)),
                    title=f"The cases behind it{unit}",
                ),
            ],
            className="ec-columns ec-why-columns",
        ),
    )


def _why_caption(split: Split, why: str) -> str:
    texts = [
        f"The change, split into {MIX.lower()} (which cases came) and {BEHAVIOUR.lower()} (their "
        "outcomes, compared within each case)."
    ]
    if why == "score":
        texts.append("Scores don't depend on outcomes, so behaviour adds nothing.")
    else:
        texts += _describe_untold(split)
    if any(step.low <= 0 <= step.high for step in (split.seen, split.behaviour)):
        texts.append("Grey: the interval includes no change.")
    return " ".join(texts)


def _describe_untold(split: Split) -> list[str]:
    """For which events behaviour can't be told, if there are any."""
    shares = {"now": split.untold.window_share, "before": split.untold.baseline_share}
    events = [f"{share(size, 1)} of events {when}" for when, size in shares.items() if size]
    if not events:
        return []
    return [
        f"For {' and '.join(events)} {BEHAVIOUR.lower()} can't be told, because the other side "
        "has none of their cases; the intervals allow for as much change there as in similar ones."
    ]


def _choice(scope: Scope, why: str, href: Callable[..., str]) -> html.Div:
    """Links that choose which mean is explained."""
    return html.Div(
        [
            html.Span(
                dcc.Link(_name_mean(scope, name), href=href(why=name), className="ec-choice-one"),
                **({"aria-current": "true"} if name == why else {}),
            )
            for name in WHYS
        ],
        className="ec-choice",
    )


def _describe_bridge(scope: Scope, split: Split, why: str) -> str:
    """The chart in words."""
    return (
        f"{_name_mean(scope, why)} went from {split.before.value:.3f} to {split.after.value:.3f}: "
        f"{signed(split.population.value, 3)} from {MIX.lower()}, "
        f"{signed(split.behaviour.value, 3)} from {BEHAVIOUR.lower()}."
    )


def _inputs_section(report: DriftReport, sort: str, href: Callable[..., str]) -> html.Section:
    result, vocabulary = report.result, report.scope.vocabulary
    variation, doubt = result.total_variation, VERDICTS["cannot tell"].lower()
    caption = (
        f"Share of events with each {vocabulary.input}, with 95{NBSP}% interval. Dashed: the "
        f"baseline; shaded: changes that are ignored (±{format_margin(result.margin)}). Strip: "
        f"verdict over the last {TRAILING} days (tall orange: drifted, middle grey: {doubt}, "
        "low teal: stable)."
    )
    note = (
        f"PSI by chance alone: {result.psi_by_chance:.4f}. p is adjusted for "
        f"{quantity(len(result.features), vocabulary.input, vocabulary.inputs)} "
        f"(Benjamini–Hochberg). Total variation over all cases: {share(variation.value)}, by "
        f"chance alone {share(variation.by_chance)}."
    )
    label = f"Share of each {vocabulary.input} over time; the table below has the numbers."
    return section(
        f"Which {vocabulary.inputs} moved",
        caption,
        html.Div(
            id="drift-small",
            className="ec-small-multiples",
            role="img",
            **{"aria-label": label},
        ),
        card(
            static_html(tables.feature_table(report, sort, href)),
            html.P(note, className="ec-caption"),
        ),
    )


def _combinations_section(report: DriftReport) -> html.Section:
    result, vocabulary = report.result, report.scope.vocabulary
    drifts = sum(pair.verdict == "drifted" for pair in result.pairs)
    pairs = (
        f"Change of the log odds ratio. Pairs that drifted have a number: {drifts} of "
        f"{len(result.pairs)} (5{NBSP}% false discovery rate, odds changed by a quarter or more)."
    )
    cases = (
        f"Points of share gained or lost; neighbours differ by one {vocabulary.input}. ○ unseen in "
        f"the baseline: {share(result.unseen.value, 1)} of events. Blank: no events before or now. "
        "Click a case to open it in Predict."
    )
    return section(
        "Which combinations moved",
        f"Two {vocabulary.inputs} together, then all cases at once.",
        html.Div(
            [
                card(
                    html.P(pairs, className="ec-caption"),
                    graph("drift-pairs", 360, pairs),
                    static_html(tables.pair_table(report.scope, result)),
                    title="Pairs",
                ),
                card(
                    html.P(cases, className="ec-caption"),
                    graph("drift-map", HEIGHT, cases),
                    title="All cases",
                ),
            ],
            className="ec-columns",
        ),
    )


def _scores_section(report: TrafficReport, lake: Component | None) -> html.Section:
    scores = report.result.scores
    about_scores = (
        f"Share of events by score. Bars: the window, mean {share(scores.window.value, 1)}. "
        f"Dotted: the baseline, mean {share(scores.baseline.value, 1)}. PSI {scores.psi:.3f} (by "
        f"chance {scores.psi_by_chance:.4f}), Kolmogorov–Smirnov {scores.ks:.3f}."
    )
    return section(
        "What the model sees",
        "Its scores, and the volume of traffic.",
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
