"""One challenger beside the reference: which groups gain or lose, what the two disagree about."""

from __future__ import annotations

from dash import html

from webapp.components.sections import forest, scroll
from webapp.components.terms import explain
from webapp.grammar import capitalize
from webapp.pages.compare.tables import format_interval
from webapp.pages.compare.verdict_chips import TONES, no_verdict_chip, verdict_chip
from webapp.services.compare.answer import ComparisonReport
from webapp.services.formatting import number, points, share, signed
from webapp.stats.disagreement import Effect, Segment

_PAIRS = 5  # effects of pairs that are listed
_SMALLEST = 0.005  # effect that is listed, in log odds


def segments(report: ComparisonReport) -> html.Div:
    """The difference in log loss by input, the largest gain first."""
    words, rows = report.vocabulary, report.close_up.segments
    scale = _scale(rows)
    is_withheld = report.withholds_verdict(report.close_up.challenger)
    body = [
        html.Tr(
            [
                html.Th(words.label(row.name), scope="row"),
                html.Td(f"{row.n:,}"),
                html.Td(_difference(row, scale), className="ec-col-difference"),
                html.Td(no_verdict_chip() if is_withheld else verdict_chip(row.verdict)),
            ]
        )
        for row in sorted(rows, key=lambda row: row.difference.value if row.difference else 0.0)
    ]
    head = [
        explain(capitalize(words.input), "input"),
        *map(explain, ("Outcomes", "Log loss, challenger − reference", "Verdict")),
    ]
    return scroll(
        "Gains and losses by group",
        html.Table(
            [html.Thead(html.Tr([html.Th(h, scope="col") for h in head])), html.Tbody(body)],
            className="ec-table ec-report-table",
        ),
    )


def _scale(rows: tuple[Segment, ...]) -> float:
    """The end of the scale: the widest fifth of the intervals may be cut off."""
    differences = [row.difference for row in rows if row.difference is not None]
    ends = sorted(abs(end) for d in differences for end in (d.low, d.high))
    widest = max((row.margin for row in rows), default=0.0)
    return max([widest * 4, *ends[: max(1, int(len(ends) * 0.8))]])


def _difference(row: Segment, scale: float) -> html.Span | html.Div:
    difference = row.difference
    if difference is None:
        return html.Span("no outcomes", className="ec-soft")
    ends = (difference.low, difference.value, difference.high)
    text = html.Span(format_interval(difference, 3), className="ec-nowrap")
    line = forest(*ends, row.margin, scale, TONES[row.verdict])
    return html.Div([line, text], className="ec-forest-cell")


def describe_disagreement(report: ComparisonReport) -> str:
    """How far the scores are apart, by whether both versions were trained on the case."""
    support = report.close_up.support
    if support is None:
        return ""
    text = f"The scores differ by {points(support.mean)} on average"
    if support.unseen is None:
        return f"{text}, all in cases that both versions were trained on."
    if support.seen is None:
        return f"{text}, all in cases that at least one version was not trained on."
    return (
        f"{text}: by {number(support.seen * 100, 1)} in cases that both versions were trained on, "
        f"by {number(support.unseen * 100, 1)} in the others ({share(support.unseen_share, 1)} of "
        "events)."
    )


def effects(report: ComparisonReport) -> html.Div:
    """The inputs and pairs that explain the disagreement, as bars."""
    effects = report.close_up.effects
    if effects is None or effects.alone is None:
        return html.Div("The two versions differ by a constant.", className="ec-caption")
    single = len(report.features.names)
    alone = sorted(effects.effects[:single], key=lambda effect: -abs(effect.value))
    rows = (*alone, *effects.effects[single:][:_PAIRS])
    rows = tuple(effect for effect in rows if abs(effect.value) >= _SMALLEST)
    scale = max((abs(effect.value) for effect in rows), default=1.0)
    return html.Div([_effect(report, effect, scale) for effect in rows])


def _effect(report: ComparisonReport, effect: Effect, scale: float) -> html.Div:
    name = " × ".join(report.vocabulary.label(name) for name in effect.names)
    return html.Div(
        [
            html.Span(name, className="ec-effect-name"),
            html.Span(_bar(effect.value / scale), className="ec-effect-bar"),
            html.Span(signed(effect.value, 2), className="ec-effect-value"),
        ],
        className="ec-effect",
    )


def _bar(part: float) -> html.Span:
    side = {"left": f"{50 + min(part, 0) * 50:.1f}%", "width": f"{abs(part) * 50:.1f}%"}
    return html.Span(className="ec-effect-more" if part > 0 else "ec-effect-less", style=side)
