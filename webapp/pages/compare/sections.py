"""The sections of the Compare page: one question each, from the conclusion to the facts."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from webapp.components.case_grid import HEIGHT
from webapp.components.chips import chip
from webapp.components.markup import static_html
from webapp.components.sections import card, csv_button, graph, png_button, section
from webapp.pages.compare import close_up, forests, tables
from webapp.services.compare.answer import Answer
from webapp.services.compare.sentence import Conclusion
from webapp.services.formatting import NBSP, number, points, share, span

_TONES = {
    "Better": ("good", "✓"),
    "Worse": ("bad", "▼"),
    "No difference that matters": ("unsure", "="),
    "Not enough evidence": ("unsure", "?"),
}


def headline(conclusion: Conclusion) -> html.Div:
    """The verdict, the finding, the reason."""
    tone, mark = _TONES[conclusion.verdict]
    reason = html.P(conclusion.reason, className="ec-reason") if conclusion.reason else None
    return html.Div(
        [
            chip(conclusion.verdict, tone, mark),
            html.H2(conclusion.finding, className="ec-finding"),
            reason,
        ],
        className="ec-headline",
        id="compare-headline",
        **{"aria-live": "polite"},
    )


def sections(answer: Answer, *, linked: bool = True) -> list[Component]:
    """Everything under the conclusion; ``linked`` where there is a Predict page to go to."""
    known = answer.labelled.total > 0
    return [
        *([_metrics(answer), _curves(answer)] if known else []),
        _decisions(known=known),
        _flips(),
        _cases(answer, known=known, linked=linked),
        *([_periods(answer)] if answer.begins and known else []),
        _facts(answer),
    ]


def _metrics(answer: Answer) -> html.Section:
    n = f"{answer.labelled.total:,}"
    request = answer.request
    where = f" of {span(request.since, request.until)}" if answer.sources else ""
    caption = (
        f"The same {n} known outcomes{where} for all.{_in_lake(answer)} Under a value: its "
        f"difference to the reference, paired, with the 95{NBSP}% interval. A verdict needs the "
        "whole interval on one side of the margin that matters."
    )
    first = answer.versions[0].name
    note = "Band: too small to matter. Hollow: neither better nor worse."
    drawn = card(
        html.P(note, className="ec-caption"),
        static_html(forests.forests(answer)),
        title=f"Difference from {first}",
    )
    table = card(static_html(tables.metrics(answer)), csv_button("metrics", "Metrics"))
    return section("Metrics", caption, html.Div([table, drawn], className="ec-stack"))


def _in_lake(answer: Answer) -> str:
    """How many of the outcomes came from a lake, where any did."""
    known, counted = answer.labelled.total, answer.known_in_lake
    if not counted:
        return ""
    if counted == known:
        return " All of them were counted in the lake."
    return f" Of them, {counted:,} ({share(counted / known)}) were counted in the lake."


def _curves(answer: Answer) -> html.Section:
    ranked = "Buyers found, by the share of others picked with them. Dashed: chance."
    precise = (
        "How many of the picked bought, by the share of buyers found. Dashed: picking anybody."
    )
    calibrated = "What happened by what the two say that are looked at, sized by traffic."
    names = ("roc", "precision-recall", "calibration")
    titles = ("ROC", "Precision and recall", "Calibration")
    cards = [
        card(
            html.P(text, className="ec-caption"),
            graph(f"compare-{name}", 300, f"{title}. {text}"),
            title=title,
        )
        for name, title, text in zip(names, titles, (ranked, precise, calibrated), strict=True)
    ]
    legend = html.Ul(
        [html.Li([tables.key(i), v.name]) for i, v in enumerate(answer.versions)],
        className="ec-chart-legend ec-version-legend",
    )
    caption = "Do they rank well, and do the scores mean what they say?"
    columns = html.Div(cards, className="ec-columns ec-three")
    return section("Ranking and calibration", caption, legend, columns)


def _decisions(*, known: bool) -> html.Section:
    caption = "Picked is who has a score of at least the threshold. Everything here moves with it."
    what = (
        "Value per 1,000 events, by threshold; the band is where the best one may lie."
        if known
        else "Share of events that are picked, by threshold."
    )
    drawn = html.Div(
        id="compare-value", role="img", className="ec-value-chart", **{"aria-label": what}
    )
    left = card(
        html.Div(id="compare-controls"),
        drawn,
        html.P(what, className="ec-caption"),
        png_button("compare-value", "Value by threshold"),
    )
    right = card(html.Div(id="compare-confusion"))
    columns = html.Div([left, right], className="ec-columns ec-why-columns")
    return section("Decisions", caption, columns)


def _flips() -> html.Section:
    place = card(html.Div(id="compare-flips"), csv_button("flips", "Cases that change side"))
    caption = html.Span("", id="compare-flips-caption")
    return section("Who changes side", caption, place)


def _cases(answer: Answer, *, known: bool, linked: bool) -> html.Section:
    assert answer.close is not None
    reference, name = answer.versions[0].name, answer.close.name
    text = f"{name} minus {reference}, points of score; pale: no events. ◇ changes side."
    if linked:
        text += " A click opens the case in Predict."
    boxes = [
        card(
            html.P(text, className="ec-caption"),
            graph("compare-map", HEIGHT, text),
            html.P(_disagreement(answer), className="ec-caption"),
            title="Every case",
        ),
        html.Div([*_segments(answer, known=known), _effects(answer)], className="ec-stack"),
    ]
    return section(
        f"{name} and {reference} up close",
        "Where they disagree, for whom it matters, and what explains it.",
        html.Div(boxes, className="ec-columns"),
    )


def _disagreement(answer: Answer) -> str:
    support = answer.close.support if answer.close else None
    if support is None:
        return ""
    text = f"The scores differ by {points(support.mean)} on average"
    if support.unseen is None or support.seen is None:
        return f"{text}, all of it in cases that both were trained on."
    return (
        f"{text}: by {number(support.seen * 100, 1)} in cases that both were trained on, by "
        f"{number(support.unseen * 100, 1)} in others, {share(support.unseen_share, 1)} of events."
    )


def _segments(answer: Answer, *, known: bool) -> list[html.Div]:
    if not known or answer.close is None:
        return []
    note = "Log loss among those who have each feature; 5 % false discovery rate."
    return [
        card(
            html.P(note, className="ec-caption"),
            static_html(close_up.segments(answer.close.segments)),
            csv_button("segments", "Segments"),
            title="Who gains, who loses",
        )
    ]


def _effects(answer: Answer) -> html.Div:
    assert answer.close is not None
    found = answer.close.effects
    note = "Difference of the log odds, weighted by traffic."
    if found is not None and found.alone is not None and found.with_pairs is not None:
        note += (
            f" Features alone explain {share(found.alone)} of the disagreement, with pairs "
            f"{share(found.with_pairs)}."
        )
    return card(
        html.P(note, className="ec-caption"),
        static_html(close_up.effects(answer)),
        csv_button("effects", "Effects"),
        title="What they disagree about",
    )


def _periods(answer: Answer) -> html.Section:
    caption = (
        "Log loss behind the best version of each period. Hatched: the version was trained on some "
        "of these events, so it does not compete."
    )
    table = card(static_html(tables.periods(answer)), csv_button("periods", "Versions by period"))
    return section("Every version over time", caption, table)


def _facts(answer: Answer) -> html.Section:
    toggle = html.Button(
        "Only differences",
        id="compare-differences",
        type="button",
        className="ec-button",
        **{"aria-pressed": "false"},
    )
    table = html.Div(static_html(tables.facts(answer)), id="compare-facts")
    shown = card(table, csv_button("facts", "Facts"))
    return section("Facts", "What each version is and was trained on.", toggle, shown)
