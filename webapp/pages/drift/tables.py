"""The tables of the Drift page: cases behind a change, inputs, pairs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from dash import dcc, html
from dash.development.base_component import Component

from webapp.components.case_link import case_link
from webapp.components.sections import forest, scroll
from webapp.components.terms import explain, mark
from webapp.grammar import pluralize, quantity
from webapp.pages.drift.cards import verdict_chip, verdict_tone
from webapp.services.drift.answer import DriftReport, Scope
from webapp.services.drift.columns import ON_PAGE, Column, FeatureRow, describe_power, table_rows
from webapp.services.drift.words import BEHAVIOUR, MIX
from webapp.services.formatting import number, share, signed
from webapp.stats.drift import DriftResult
from webapp.stats.split import Part, Split, Totals

_MOST_PARTS, _MOST_PAIRS = 6, 4
Href = Callable[..., str]


def _percent(value: float) -> str:
    return share(value, 1)


def _head(names: Sequence[str]) -> html.Thead:
    return html.Thead(html.Tr([html.Th(explain(name), scope="col") for name in names]))


def _before_and_now(before: str, now: str) -> html.Td:
    return html.Td([html.Span(f"{before} → ", className="ec-soft"), now])


def why_table(report: DriftReport, split: Split, *, shares: bool) -> html.Div:
    """The groups of cases behind a change; ``shares``: effects are in points."""
    rows = [_why_row(report, part, shares=shares) for part in split.parts[:_MOST_PARTS]]
    if len(split.parts) > _MOST_PARTS:
        rows.append(_rest_row(split.parts.totals(_MOST_PARTS), shares=shares))
    outcome_rate = report.scope.vocabulary.outcome_rate
    head = _head(("Case", "Share", outcome_rate, "Predicted", MIX, BEHAVIOUR))
    table = html.Table([head, html.Tbody(rows)], className="ec-table ec-report-table")
    return scroll("The cases behind the change", table)


def _why_row(report: DriftReport, part: Part, *, shares: bool) -> html.Tr:
    observed_rates, prediction = "", ""
    if part.case is not None:
        sides = (report.baseline.labelled, report.window.labelled)
        rates = [
            share(int(s.positives[part.case]) / int(s.n[part.case])) if s.n[part.case] else "–"
            for s in sides
        ]
        observed_rates = " → ".join(rates)
        prediction = share(float(report.scope.scores[part.case]))
    return html.Tr(
        [
            html.Th(_name_part(report.scope, part), scope="row"),
            _before_and_now(_percent(part.baseline_share), _percent(part.window_share)),
            html.Td(observed_rates),
            html.Td(prediction),
            html.Td(_effect(part.population, shares=shares)),
            _behaviour_cell(part, shares=shares),
        ]
    )


def _behaviour_cell(part: Part, *, shares: bool) -> html.Td:
    """The effect of behaviour, pale where it is not sure; a dash where it can't be told."""
    if part.kind in ("unseen", "gone"):
        return html.Td(
            "–", className="ec-soft", title="It can't be told for cases of one side only"
        )
    is_sure = part.behaviour.low > 0 or part.behaviour.high < 0
    return html.Td(
        _effect(part.behaviour.value, shares=shares),
        className=None if is_sure else "ec-soft",
        title=None if is_sure else "The interval includes no change",
    )


def name_case(scope: Scope, case: int) -> str:
    """The inputs that are 1 in a case: ``G1 + G4``, ``no games``."""
    return scope.vocabulary.list_inputs(scope.features, case, " + ")


def _name_part(scope: Scope, part: Part) -> Component | str:
    """What the group is; a case of its own is a link to it."""
    if part.kind in ("unseen", "gone"):
        return quantity(part.cases, f"{part.kind} case")
    if part.case is None:
        return f"{quantity(part.cases, 'other')} with similar scores"
    name = name_case(scope, part.case)
    name = f"{name} only" if len(scope.features.owned(part.case)) == 1 else name
    return case_link(name, scope.features, part.case, scope.version)


def _rest_row(rest: Totals, *, shares: bool) -> html.Tr:
    return html.Tr(
        [
            html.Th(f"{rest.cases:,} more {pluralize(rest.cases, 'case')}", scope="row"),
            _before_and_now(_percent(rest.baseline_share), _percent(rest.window_share)),
            html.Td(""),
            html.Td(""),
            *(
                html.Td(_effect(value, shares=shares), className="ec-soft")
                for value in (rest.population, rest.behaviour)
            ),
        ]
    )


def _effect(value: float, *, shares: bool) -> str:
    return signed(value * 100, 1) if shares else signed(value, 3)


def feature_table(report: DriftReport, sort: str, href: Href) -> html.Div:
    """Every input; a click on a column's name sorts by it."""
    result, vocabulary = report.result, report.scope.vocabulary
    rows = sorted(table_rows(report), key=ON_PAGE[sort].rank)
    ends = [abs(end) for r in result.features for end in (r.difference.low, r.difference.high)]
    scale = max([result.margin * 1.5, *ends])
    head = [
        html.Th(
            [_sort_link(column, column.heading(vocabulary), sort, href), mark("", column.term)],
            scope="col",
            className=_column_class(column),
            **({"aria-sort": "other"} if column.key == sort else {}),
        )
        for column in ON_PAGE.values()
    ]
    body = [
        html.Tr([_cell(column, row, scale, result.margin) for column in ON_PAGE.values()])
        for row in rows
    ]
    return html.Div(
        html.Table(
            [html.Thead(html.Tr(head)), html.Tbody(body)], className="ec-table ec-report-table"
        ),
        className="ec-table-scroll",
        id="drift-features",
        tabIndex=0,
        role="region",
        **{"aria-label": f"All {vocabulary.inputs}"},
    )


def _sort_link(column: Column, heading: str, sort: str, href: Href) -> dcc.Link:
    mark = " ↓" if column.key == sort else ""
    return dcc.Link(heading + mark, href=href(sort=column.key), className="ec-sort")


def _column_class(column: Column) -> str:
    """``ec-col-psi ec-wide-only``: the second class hides it on narrow screens."""
    return f"ec-col-{column.key}" + (" ec-wide-only" if column.is_wide_only else "")


def _cell(column: Column, row: FeatureRow, scale: float, margin: float) -> html.Td | html.Th:
    """A cell of the table of inputs: text, unless the column has a form of its own."""
    if column.key == "name":
        return html.Th(row.label, scope="row")
    content: object = column.text(row)
    if column.key == "difference":
        content = _difference(row, column.text(row), scale, margin)
    elif column.key == "verdict":
        statement = row.feature.statement
        note = html.Div(statement, className="ec-caption") if statement else None
        content = [verdict_chip(row.feature), note]
    return html.Td(content, className=_column_class(column))


def _difference(row: FeatureRow, text: str, scale: float, margin: float) -> html.Div:
    """The interval as a line and as numbers."""
    difference, tone = row.feature.difference, verdict_tone(row.feature.verdict)
    line = forest(difference.low, difference.value, difference.high, margin, scale, tone)
    return html.Div(
        [line, html.Span(text, className="ec-nowrap")],
        className="ec-forest-cell",
        title=describe_power(row.feature),
    )


def pair_table(scope: Scope, result: DriftResult) -> html.Table:
    """The largest changes among pairs that drifted."""
    pairs = [pair for pair in result.pairs if pair.verdict == "drifted"]
    pairs.sort(key=lambda pair: -abs(pair.change.value))
    body = [
        html.Tr(
            [
                html.Th(" × ".join(map(scope.vocabulary.label, pair.names)), scope="row"),
                _before_and_now(f"{pair.baseline:.2f}", f"{pair.window:.2f}"),
                html.Td(f"{number(pair.change.value, 1)} ± {pair.change.half:.1f}"),
                html.Td(f"{pair.both:,}"),
            ]
        )
        for pair in pairs[:_MOST_PAIRS]
    ]
    if not body:
        body = [html.Tr(html.Td("No pair drifted.", colSpan=4))]
    return html.Table(
        [_head(("Pair", "Odds ratio", "Log-odds change", "Events with both")), html.Tbody(body)],
        className="ec-table ec-report-table",
    )
