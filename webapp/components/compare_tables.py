"""The tables of the Compare page: metrics, segments, effects, periods, facts."""

from __future__ import annotations

from typing import Any

from dash import html

from webapp.components.drift_cards import chip
from webapp.services.compare import Answer
from webapp.services.wording import MINUS, NBSP, number, share, short_day
from webapp.stats.compare import Cell, Difference, Result
from webapp.stats.disagreement import Segment
from webapp.stats.rates import Interval
from webapp.stats.verdicts import MARGINS, Choice

METRICS = {
    "log_loss": ("Log loss", "lower is better"),
    "brier": ("Brier score", "lower is better"),
    "auc": ("ROC AUC", "higher is better"),
    "average_precision": ("Average precision", "higher is better"),
    "ece": ("Calibration error", "ECE, lower is better"),
    "precision": ("Precision", "buyers among the picked"),
    "recall": ("Recall", "buyers that are found"),
}
_CHIPS: dict[Choice, tuple[str, str, str]] = {
    "better": ("Better", "good", "✓"),
    "worse": ("Worse", "bad", "▼"),
    "no difference that matters": ("No difference that matters", "unsure", "="),
    "not enough evidence": ("Not enough evidence", "unsure", "?"),
}
_PAIRS = 5  # pairs of features that are shown
_FACTS = {
    "estimator": "Estimator",
    "rows": "Trained on rows",
    "n": "Training events",
    "positives": "Positives in training",
    "cases": "Cases in training",
    "parameters": "Parameters",
    "validation": "Cross-validation",
    "libraries": "Environment",
    "when": "Trained at",
}


def verdict(found: Choice | None) -> html.Span:
    """An icon and a word; none where there can be no verdict."""
    if found is None:
        return chip("Trained on these", "unsure", "–")
    return chip(*_CHIPS[found])


def _scroll(label: str, table: html.Table) -> html.Div:
    return html.Div(
        table,
        className="ec-table-scroll",
        tabIndex=0,
        role="region",
        **{"aria-label": label},
    )


def key(index: int) -> html.Span:
    """A version's colour."""
    return html.Span(
        className=f"ec-version-key ec-version-key-{index % 4}", **{"aria-hidden": "true"}
    )


def heads(answer: Answer) -> list[html.Th]:
    """The versions as columns."""
    return [
        html.Th(
            [
                html.Span([key(i), version.name], className="ec-nowrap"),
                html.Div("reference" if i == 0 else _seen(version.overlap), className="ec-caption"),
            ],
            scope="col",
        )
        for i, version in enumerate(answer.versions)
    ]


def _seen(overlap: int) -> str:
    return "trained on some of these" if overlap else "challenger"


def metrics(answer: Answer) -> html.Div:
    """Every metric of every version, with the difference to the reference."""
    at = share(answer.request.threshold)
    rows = []
    for name, (title, note) in METRICS.items():
        shown = f"{title} at {at}" if name in ("precision", "recall") else title
        head = html.Th([shown, html.Div(note, className="ec-caption")], scope="row")
        cells = [
            html.Td(_metric(answer, i, result, name)) for i, result in enumerate(answer.results)
        ]
        rows.append(html.Tr([head, *cells]))
    return _scroll(
        "Metrics",
        html.Table(
            [html.Thead(html.Tr([html.Td(""), *heads(answer)])), html.Tbody(rows)],
            className="ec-table ec-drift-table ec-compare-table",
        ),
    )


def _metric(answer: Answer, index: int, result: Result, name: str) -> list[Any]:
    value = result.metrics[name]
    if value is None:
        return [html.Span("–", className="ec-soft")]
    strong = html.Strong(number(value.value, 4))
    if index == 0:
        half = html.Div(f"±{NBSP}{number(value.half, 4)}", className="ec-caption")
        return [html.Div(strong), half]
    difference = result.differences.get(name)
    if difference is None:
        return [html.Div(strong)]
    unfair = answer.versions[0].overlap or answer.versions[index].overlap
    told = verdict(None if unfair else difference.verdict)
    return [
        html.Div([told, strong], className="ec-metric-cell"),
        html.Div(_range(difference, 4), className="ec-caption", title=_settle(difference)),
    ]


def _settle(difference: Difference) -> str | None:
    if difference.verdict != "not enough evidence":
        return None
    if difference.further is None:
        return "too close to the margin for any number of events to settle"
    return f"about {difference.further:,} more outcomes would settle it"


def signed(value: float, decimals: int) -> str:
    """With its sign, unless it is 0 as shown."""
    text = f"{value:+.{decimals}f}"
    return text[1:] if float(text) == 0 else text.replace("-", MINUS)


def _range(found: Difference | Interval, decimals: int) -> str:
    low, high = signed(found.low, decimals), signed(found.high, decimals)
    return f"{signed(found.value, decimals)} [{low}, {high}]"


def forest(found: Difference | Interval, margin: float, scale: float, tone: str) -> html.Div:
    """The interval as a line on a scale whose middle is no difference; the band is the margin."""

    def at(value: float) -> float:
        return 50 + 50 * max(-1.0, min(1.0, value / scale))

    style = {
        "left": f"{at(found.low):.2f}%",
        "width": f"{max(at(found.high) - at(found.low), 0.5):.2f}%",
    }
    band = {"left": f"{at(-margin):.2f}%", "width": f"{at(margin) - at(-margin):.2f}%"}
    return html.Div(
        [
            html.Span(className="ec-forest-band", style=band),
            html.Span(className="ec-forest-zero"),
            html.Span(className=f"ec-forest-line ec-tone-{tone}", style=style),
            html.Span(
                className=f"ec-forest-dot ec-tone-{tone}", style={"left": f"{at(found.value):.2f}%"}
            ),
        ],
        className="ec-forest",
        **{"aria-hidden": "true"},
    )


def segments(rows: tuple[Segment, ...]) -> html.Div:
    """Who gains and who loses, by feature."""
    known = [row for row in rows if row.difference is not None]
    margin = MARGINS["log_loss"]
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
    return _scroll(
        "Who gains, who loses",
        html.Table(
            [html.Thead(html.Tr([html.Th(h, scope="col") for h in head])), html.Tbody(body)],
            className="ec-table ec-drift-table",
        ),
    )


def _segment(row: Segment, margin: float, scale: float) -> object:
    if row.difference is None:
        return html.Span("no outcomes", className="ec-soft")
    tone = _CHIPS[row.verdict][1]
    text = html.Span(_range(row.difference, 3), className="ec-nowrap")
    line = forest(row.difference, margin, scale, tone)
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


def periods(answer: Answer) -> html.Div:
    """Every version in every period: behind the best one, hatched where it was trained."""
    head = [html.Th(short_day(begin), scope="col") for begin in answer.begins]
    body = [
        html.Tr(
            [
                html.Th(html.Span([key(i), version.name], className="ec-nowrap"), scope="row"),
                *(
                    _period(cell, trained)
                    for cell, trained in zip(answer.cells[i], answer.overlaps[i], strict=True)
                ),
            ]
        )
        for i, version in enumerate(answer.versions)
    ]
    return _scroll(
        "Every version in every period",
        html.Table(
            [html.Thead(html.Tr([html.Td(""), *head])), html.Tbody(body)],
            className="ec-table ec-drift-table ec-periods",
        ),
    )


def _period(cell: Cell, trained: bool) -> html.Td:
    if cell.log_loss is None or cell.behind is None:
        return html.Td("–", className="ec-soft")
    loss = number(cell.log_loss.value, 3)
    title = f"log loss {_plain(cell.log_loss)}"
    if trained:
        return html.Td([loss, _small("trained on")], className="ec-period-trained", title=title)
    if cell.best:
        return html.Td([loss, _small("✓ best")], className="ec-period-best", title=title)
    strength = f"{min(cell.behind / 0.05, 1.0):.2f}"
    shown = [signed(cell.behind, 3), _small(loss)]
    return html.Td(shown, className="ec-period", style={"--behind": strength}, title=title)


def _plain(found: Interval) -> str:
    return f"{number(found.value, 3)} [{number(found.low, 3)}, {number(found.high, 3)}]"


def _small(text: str) -> html.Div:
    return html.Div(text, className="ec-caption")


def facts(answer: Answer) -> html.Div:
    """What each version is and was trained on; rows that are the same in all are marked."""
    rows = []
    for name, title in _FACTS.items():
        values = [_fact(v.prepared.facts.training.get(name)) for v in answer.versions]
        if not any(values):
            continue
        same = "ec-same" if len(set(values)) == 1 else None
        cells = [html.Td(value or "not known", className="ec-fact") for value in values]
        rows.append(html.Tr([html.Th(title, scope="row"), *cells], className=same))
    return _scroll(
        "Facts",
        html.Table(
            [html.Thead(html.Tr([html.Td(""), *heads(answer)])), html.Tbody(rows)],
            className="ec-table ec-drift-table ec-compare-table",
        ),
    )


def _fact(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, dict):
        return ", ".join(f"{name} {_fact(inner)}" for name, inner in sorted(value.items()))
    if isinstance(value, float):
        return f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) else str(value)
