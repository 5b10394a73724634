"""The tables of the Compare page: metrics, segments, effects, periods, facts."""

from __future__ import annotations

from typing import Any

from dash import html

from webapp.components.chips import chip
from webapp.components.sections import scroll
from webapp.services.compare.answer import Answer
from webapp.services.formatting import NBSP, number, share, short_day, signed
from webapp.stats.compare import Difference, PeriodLoss, VersionResult
from webapp.stats.metric_specs import SPECS, MetricSpec
from webapp.stats.rates import Interval
from webapp.stats.verdicts import Choice
from webapp.vocabulary import vocabulary_for

CHIPS: dict[Choice, tuple[str, str, str]] = {
    "better": ("Better", "good", "✓"),
    "worse": ("Worse", "bad", "▼"),
    "no difference that matters": ("No difference that matters", "unsure", "="),
    "not enough evidence": ("Not enough evidence", "unsure", "?"),
}
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
    return chip(*CHIPS[found])


def key(index: int) -> html.Span:
    """A version's colour."""
    return html.Span(
        className=f"ec-version-key ec-version-key-{index % 4}", **{"aria-hidden": "true"}
    )


def unfair(answer: Answer, index: int) -> bool:
    """Was the version or the reference trained on some of these events?"""
    return bool(answer.versions[0].overlap or answer.versions[index].overlap)


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
    at, vocabulary = share(answer.request.threshold), vocabulary_for(answer.features)
    rows = []
    for spec in SPECS:
        title = f"{spec.title} at {at}" if spec.at_threshold else spec.title
        note = spec.note.format(**vocabulary.as_dict())
        head = html.Th([title, html.Div(note, className="ec-caption")], scope="row")
        cells = [
            html.Td(_metric(answer, i, result, spec)) for i, result in enumerate(answer.results)
        ]
        rows.append(html.Tr([head, *cells]))
    return scroll(
        "Metrics",
        html.Table(
            [html.Thead(html.Tr([html.Td(""), *heads(answer)])), html.Tbody(rows)],
            className="ec-table ec-drift-table ec-compare-table",
        ),
    )


def _metric(answer: Answer, index: int, result: VersionResult, spec: MetricSpec) -> list[Any]:
    value = result.metrics[spec.key]
    if value is None:
        return [html.Span("–", className="ec-soft")]
    strong = html.Strong(number(value.value, spec.decimals))
    if index == 0:
        half = html.Div(f"±{NBSP}{number(value.half, spec.decimals)}", className="ec-caption")
        return [html.Div(strong), half]
    difference = result.differences.get(spec.key)
    if difference is None:
        return [html.Div(strong)]
    told = verdict(None if unfair(answer, index) else difference.verdict)
    return [
        html.Div([told, strong], className="ec-metric-cell"),
        html.Div(
            ranged(difference, spec.decimals), className="ec-caption", title=_settle(difference)
        ),
    ]


def _settle(difference: Difference) -> str | None:
    if difference.verdict != "not enough evidence":
        return None
    if difference.further is None:
        return "too close to the margin for any number of events to settle"
    return f"about {difference.further:,} more outcomes would settle it"


def ranged(found: Difference | Interval, decimals: int) -> str:
    """A difference with its interval."""
    low, high = signed(found.low, decimals), signed(found.high, decimals)
    return f"{signed(found.value, decimals)} [{low}, {high}]"


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
    return scroll(
        "Every version in every period",
        html.Table(
            [html.Thead(html.Tr([html.Td(""), *head])), html.Tbody(body)],
            className="ec-table ec-drift-table ec-periods",
        ),
    )


def _period(cell: PeriodLoss, trained: bool) -> html.Td:
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
    return scroll(
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
