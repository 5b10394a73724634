"""One challenger beside the reference: who gains and who loses, what they disagree about."""

from __future__ import annotations

from dash import html

from webapp.components.sections import forest, scroll
from webapp.pages.compare.tables import CHIPS, ranged, verdict
from webapp.services.compare.answer import Answer
from webapp.services.formatting import signed
from webapp.stats.disagreement import Segment
from webapp.stats.metric_specs import LOG_LOSS

_PAIRS = 5  # pairs of features that are shown


def segments(rows: tuple[Segment, ...]) -> html.Div:
    """Who gains and who loses, by feature."""
    known = [row for row in rows if row.difference is not None]
    margin = LOG_LOSS.margin
    ends = [
        abs(e) for row in known if row.difference for e in (row.difference.low, row.difference.high)
    ]
    scale = max([margin * 4, *sorted(ends)[: max(1, int(len(ends) * 0.8))]])
    body = [
        html.Tr(
            [
                html.Th(row.name, scope="row"),
                html.Td(f"{row.n:,}"),
                html.Td(_segment(row, margin, scale), className="ec-col-difference"),
                html.Td(verdict(row.verdict)),
            ]
        )
        for row in sorted(rows, key=lambda row: row.difference.value if row.difference else 0.0)
    ]
    head = ("Has", "Outcomes", "Log loss, challenger − reference", "Verdict")
    return scroll(
        "Who gains, who loses",
        html.Table(
            [html.Thead(html.Tr([html.Th(h, scope="col") for h in head])), html.Tbody(body)],
            className="ec-table ec-drift-table",
        ),
    )


def _segment(row: Segment, margin: float, scale: float) -> object:
    if row.difference is None:
        return html.Span("no outcomes", className="ec-soft")
    d = row.difference
    tone = CHIPS[row.verdict][1]
    text = html.Span(ranged(row.difference, 3), className="ec-nowrap")
    line = forest(d.low, d.value, d.high, margin, scale, tone)
    return html.Div([line, text], className="ec-forest-cell")


def effects(answer: Answer) -> html.Div:
    """Which features and pairs explain the disagreement, as bars."""
    assert answer.close is not None
    found = answer.close.effects
    if found is None or found.alone is None:
        return html.Div("The two versions differ by a constant.", className="ec-caption")
    single = len(answer.features.names)
    alone = sorted(found.effects[:single], key=lambda effect: -abs(effect.value))
    shown = [e for e in (*alone, *found.effects[single:][:_PAIRS]) if abs(e.value) >= 0.005]
    scale = max((abs(effect.value) for effect in shown), default=1.0)
    return html.Div(
        [
            html.Div(
                [
                    html.Span(" × ".join(effect.names), className="ec-effect-name"),
                    html.Span(_bar(effect.value / scale), className="ec-effect-bar"),
                    html.Span(signed(effect.value, 2), className="ec-effect-value"),
                ],
                className="ec-effect",
            )
            for effect in shown
        ]
    )


def _bar(part: float) -> html.Span:
    side = {"left": f"{50 + min(part, 0) * 50:.1f}%", "width": f"{abs(part) * 50:.1f}%"}
    return html.Span(className="ec-effect-more" if part > 0 else "ec-effect-less", style=side)
