"""The tables of the Drift page: cases behind a change, features, pairs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from dash import dcc, html

from webapp.components.sections import forest
from webapp.pages.drift.cards import verdict_chip
from webapp.services.drift.answer import Answer
from webapp.services.formatting import MINUS, NBSP, number, share, short_day
from webapp.stats.drift import Drift
from webapp.stats.inputs import Feature
from webapp.stats.split import Part, Split

_PARTS = 6
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
Href = Callable[..., str]


def _percent(value: float) -> str:
    return share(value, 1)


def why_table(answer: Answer, split: Split, *, shares: bool) -> html.Div:
    """The groups of cases behind a change."""
    rows = [_why_row(answer, part, shares=shares) for part in split.parts[:_PARTS]]
    rest = split.parts[_PARTS:]
    if rest:
        rows.append(_rest(rest, shares=shares))
    head = ("Case", "Share", "Bought", "Says", "Who came", "What they did")
    return html.Div(
        html.Table(
            [html.Thead(html.Tr([html.Th(name, scope="col") for name in head])), html.Tbody(rows)],
            className="ec-table ec-report-table",
        ),
        className="ec-table-scroll",
        tabIndex=0,
        role="region",
        **{"aria-label": "The cases behind the change"},
    )


def _why_row(answer: Answer, part: Part, *, shares: bool) -> html.Tr:
    before, after = _percent(part.baseline_share), _percent(part.window_share)
    bought, says = "", ""
    if part.case is not None and answer.baseline and answer.window:
        sides = (answer.baseline.labelled, answer.window.labelled)
        rates = [
            share(int(s.positives[part.case]) / int(s.n[part.case])) if s.n[part.case] else "–"
            for s in sides
        ]
        bought, says = " → ".join(rates), share(float(answer.scores[part.case]))
    sure = part.behaviour.low > 0 or part.behaviour.high < 0
    return html.Tr(
        [
            html.Th(_name(answer, part), scope="row"),
            html.Td([html.Span(f"{before} → ", className="ec-soft"), after]),
            html.Td(bought),
            html.Td(says),
            html.Td(_effect(part.population, shares=shares)),
            html.Td(
                _effect(part.behaviour.value, shares=shares),
                className=None if sure else "ec-soft",
                title=None if sure else "its interval spans no change",
            ),
        ]
    )


def _name(answer: Answer, part: Part) -> str:
    if part.kind == "unseen":
        return f"{part.cases:,} never seen before" if part.cases > 1 else "one never seen before"
    if part.case is None:
        return f"{part.cases:,} others of similar score"
    owned = answer.features.owned(part.case)
    if not owned:
        return "none of them"
    return f"{owned[0]} only" if len(owned) == 1 else " + ".join(owned)


def _rest(parts: tuple[Part, ...], *, shares: bool) -> html.Tr:
    before = sum(part.baseline_share for part in parts)
    after = sum(part.window_share for part in parts)
    moved = (sum(p.population for p in parts), sum(p.behaviour.value for p in parts))
    return html.Tr(
        [
            html.Th(f"{sum(part.cases for part in parts):,} more cases", scope="row"),
            html.Td([html.Span(f"{_percent(before)} → ", className="ec-soft"), _percent(after)]),
            html.Td(""),
            html.Td(""),
            *(html.Td(_effect(value, shares=shares), className="ec-soft") for value in moved),
        ]
    )


def _effect(value: float, *, shares: bool) -> str:
    text = f"{value * 100:+.1f}" if shares else f"{value:+.3f}"
    return text[1:] if float(text) == 0 else text.replace("-", MINUS)


SORTS: dict[str, tuple[str, Callable[[Feature], float]]] = {
    "name": ("Feature", lambda _: 0.0),
    "before": ("Before", lambda row: -row.baseline.value),
    "window": ("Window", lambda row: -row.window.value),
    "difference": ("Difference with 95 % interval, points", lambda row: -abs(row.difference.value)),
    "psi": ("PSI", lambda row: -row.psi),
    "js": ("JS", lambda row: -row.js),
    "p": ("Adjusted p", lambda row: row.p_adjusted),
    "since": ("Drifted since", lambda _: 0.0),
    "verdict": ("Verdict", lambda row: ("drifted", "cannot tell", "stable").index(row.verdict)),
}


def feature_table(answer: Answer, sort: str, href: Href) -> html.Div:
    """Every feature; a click on a column's name sorts by it."""
    result = answer.result
    assert result is not None
    since = dict(zip(answer.features.names, answer.since, strict=False))
    order = SORTS[sort][1]
    rows = sorted(result.features, key=order)
    if sort == "since":
        rows = sorted(rows, key=lambda row: since.get(row.name) or float("inf"))
    ends = [abs(end) for row in rows for end in (row.difference.low, row.difference.high)]
    scale = max([result.margin * 1.5, *ends])
    head = [
        html.Th(
            _sorter(key, sort, href),
            scope="col",
            className=f"ec-col-{key}",
            **({"aria-sort": "other"} if key == sort else {}),
        )
        for key in SORTS
    ]
    body = [_feature_row(row, since.get(row.name), scale, result.margin) for row in rows]
    return html.Div(
        html.Table(
            [html.Thead(html.Tr(head)), html.Tbody(body)], className="ec-table ec-report-table"
        ),
        className="ec-table-scroll",
        id="drift-features",
        tabIndex=0,
        role="region",
        **{"aria-label": "Every feature"},
    )


def _sorter(key: str, sort: str, href: Href) -> dcc.Link:
    mark = " ↓" if key == sort else ""
    return dcc.Link(SORTS[key][0] + mark, href=href(sort=key), className="ec-sort")


def _feature_row(row: Feature, since: int | None, scale: float, margin: float) -> html.Tr:
    d = row.difference
    tone = {"drifted": "bad", "stable": "good", "cannot tell": "unsure"}[row.verdict]
    line = forest(d.low, d.value, d.high, margin, scale, tone)
    text = f"{_points(d.value)} [{_points(d.low)}, {_points(d.high)}]"
    detectable = (
        "no shift" if row.detectable is None else f"shifts from {row.detectable * 100:.1f} points"
    )
    return html.Tr(
        [
            html.Th(row.name, scope="row"),
            html.Td(_percent(row.baseline.value), className="ec-col-before"),
            html.Td(_percent(row.window.value)),
            html.Td(
                html.Div(
                    [line, html.Span(text, className="ec-nowrap")],
                    className="ec-forest-cell",
                    title=f"{detectable} would show with 80 % power",
                ),
                className="ec-col-difference",
            ),
            html.Td(f"{row.psi:.4f}", className="ec-col-psi"),
            html.Td(f"{row.js:.3f}", className="ec-col-js"),
            html.Td(_p(row.p_adjusted), className="ec-col-p"),
            html.Td(short_day(since) if since is not None else "–", className="ec-col-since"),
            html.Td(
                [
                    verdict_chip(row),
                    html.Div(row.statement, className="ec-caption") if row.statement else None,
                ]
            ),
        ]
    )


def _points(value: float) -> str:
    return f"{value * 100:+.1f}".replace("-", MINUS)


def _p(value: float) -> str:
    if value >= 0.001:
        return f"{value:.3f}"
    power = max(int(np.floor(np.log10(value))) if value > 0 else -15, -15)
    below = "<" if power == -15 else f"{value / 10**power:.0f}{NBSP}·"
    return f"{below}{NBSP}10{str(power).translate(_RAISED)}"


def pair_table(result: Drift) -> html.Table:
    """The largest changes among pairs that drifted."""
    rows = [pair for pair in result.pairs if pair.verdict == "drifted"]
    rows.sort(key=lambda pair: -abs(pair.change.value))
    head = ("Pair", "Odds ratio", "Log-odds change", "Have both")
    body = [
        html.Tr(
            [
                html.Th(" × ".join(pair.names), scope="row"),
                html.Td(
                    [
                        html.Span(f"{pair.baseline:.2f} → ", className="ec-soft"),
                        f"{pair.window:.2f}",
                    ]
                ),
                html.Td(f"{number(pair.change.value, 1)} ± {pair.change.half:.1f}"),
                html.Td(f"{pair.both:,}"),
            ]
        )
        for pair in rows[:4]
    ]
    if not body:
        body = [html.Tr(html.Td("No pair drifted.", colSpan=4))]
    return html.Table(
        [html.Thead(html.Tr([html.Th(name, scope="col") for name in head])), html.Tbody(body)],
        className="ec-table ec-report-table",
    )
