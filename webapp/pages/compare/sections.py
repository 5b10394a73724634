"""The sections of the Compare page: one question each, from the conclusion to the facts."""

from __future__ import annotations

from collections.abc import Sequence

from dash import html
from dash.development.base_component import Component

from webapp.components import long_page
from webapp.components.case_grid import HEIGHT, case_map
from webapp.components.markup import static_html
from webapp.components.sections import card, csv_button, graph, png_button
from webapp.components.version_key import version_key
from webapp.grammar import NBSP, capitalize, pluralize
from webapp.pages.compare import close_up, conclusions, forests, tables
from webapp.pages.compare.verdict_chips import action_chip, verdict_chip
from webapp.pages.compare.view import View
from webapp.services.compare.answer import ComparisonReport
from webapp.services.compare.sentence import Conclusion
from webapp.services.compare.words import describe_group_tests, describe_reach
from webapp.services.formatting import number, share, span
from webapp.stats.margins import RELATIVE
from webapp.stats.metric_specs import SPECS

HEADLINE = "compare-headline"
_TERMS = {"cases": "close_up"}  # of sections whose titles have names in them


def headline(conclusion: Conclusion, steps: Sequence[Component] = ()) -> html.Div:
    """What to do, in a word and in a headline, with the finding, its reasons, the next step."""
    return long_page.headline(
        HEADLINE,
        _chip(conclusion),
        conclusion.headline,
        [text for text in (conclusion.finding, conclusion.reason) if text],
        steps,
        spoken_text=conclusion.text,
    )


def _chip(conclusion: Conclusion) -> html.Span:
    """The advice, or the verdict where the reference isn't the champion and one of them is good."""
    if conclusion.judges_champion or conclusion.action == "Retrain":
        return action_chip(conclusion.action)
    return verdict_chip(conclusion.verdict)


def titles(report: ComparisonReport) -> dict[str, str]:
    """The sections of the page by id, as its contents name them."""
    has_outcomes = report.labelled.total > 0
    names = {HEADLINE: "Verdict"}
    if has_outcomes:
        names |= {"metrics": "Metrics", "curves": "Calibration"}
    names |= {"decisions": "Decisions", "flips": "Flips", "cases": "Cases"}
    if has_outcomes and report.periods.begins:
        names["periods"] = "Over time"
    return names | {"facts": "Facts"}


def sections(report: ComparisonReport, view: View) -> list[Component]:
    """Everything under the conclusion, in the order of ``titles``."""
    makers = {
        "metrics": _metrics,
        "curves": _curves,
        "decisions": _decisions,
        "flips": _flips,
        "cases": _cases,
        "periods": _periods,
        "facts": _facts,
    }
    return [makers[key](report, view) for key in titles(report) if key != HEADLINE]


def _metrics(report: ComparisonReport, view: View) -> html.Section:
    total, request = report.labelled.total, report.request
    outcomes = pluralize(total, "one known outcome", f"{total:,} known outcomes")
    days = f" of {span(request.since, request.until)}" if report.sources else ""
    caption = (
        f"All versions on the same {outcomes}{days}.{_lake_share(report)} Under each value: the "
        f"paired difference to the reference with its 95{NBSP}% interval. A verdict needs the "
        f"whole interval on one side of the margin. {_describe_reach(report)}"
        f"{_describe_margins(report)}"
    )
    note = "Shaded: too small to matter. Hollow: no clear difference."
    forest_card = card(
        html.P(note, className="ec-caption"),
        static_html(forests.forests(report)),
        title=f"Difference from {report.reference.name}",
        term="difference_from",
    )
    notes = [
        html.P(f"{result.version}: {result.statement}.", className="ec-caption")
        for result in report.results
        if result.statement
    ]
    table = card(static_html(tables.metrics(report)), csv_button("metrics", "Metrics"), *notes)
    parts = html.Div([table, forest_card], className="ec-stack")
    return _fold("metrics", "Metrics", conclusions.metrics(report), [parts], view, caption)


def _describe_reach(report: ComparisonReport) -> str:
    """How the intervals allow for several versions, with a space after it."""
    sentence = describe_reach(len(report.judged))
    return f"{sentence} " if sentence else ""


def _describe_margins(report: ComparisonReport) -> str:
    """The margins that follow from the base rate, and why."""
    rate = report.labelled.base_rate
    margins = [(spec.margin(rate), spec.plain_title) for spec in SPECS if spec.key in RELATIVE]
    values = [
        f"{number(margin, 4 if margin >= 0.0005 else 6)} of {title}" for margin, title in margins
    ]
    return (
        f"Where {share(rate, 1)} of the outcomes are positive, differences below "
        f"{' and '.join(values)} don't matter: the same share everywhere of what guessing the base "
        "rate costs."
    )


def _lake_share(report: ComparisonReport) -> str:
    """The share of the outcomes that was counted in a lake, if any was."""
    outcomes, in_lake = report.labelled.total, report.known_in_lake
    if not in_lake:
        return ""
    if in_lake == outcomes:
        they = pluralize(in_lake, "It was", "All of them were")
        return f" {they} counted in the lake."
    were = pluralize(in_lake, "was", "were")
    return f" Of them, {in_lake:,} ({share(in_lake / outcomes)}) {were} counted in the lake."


def _curves(report: ComparisonReport, view: View) -> html.Section:
    words = report.vocabulary
    texts = {
        ("roc", "ROC"): f"Share of {words.positives} found against share of {words.negatives} "
        "picked. Dashed: random.",
        ("precision-recall", "Precision and recall"): f"Share of {words.positives} among the "
        f"picked against share of {words.positives} found. Dashed: random.",
        ("calibration", "Calibration"): "Observed rate by predicted score, for the two versions "
        "compared. Size: events.",
    }
    cards = [
        card(
            html.P(text, className="ec-caption"),
            graph(f"compare-{name}", 300, f"{title}. {text}"),
            title=title,
        )
        for (name, title), text in texts.items()
    ]
    caption = "How well each version ranks, and how far its scores can be taken as probabilities."
    parts = [_legend(report), html.Div(cards, className="ec-columns ec-three")]
    conclusion = conclusions.curves(report)
    return _fold("curves", "Ranking and calibration", conclusion, parts, view, caption)


def _legend(report: ComparisonReport) -> html.Ul:
    """Which version is which line."""
    return html.Ul(
        [html.Li([version_key(v.look), v.name]) for v in report.versions],
        className="ec-chart-legend ec-version-legend",
    )


def _decisions(report: ComparisonReport, view: View) -> html.Section:
    words = report.vocabulary
    caption = f"A {words.person} is picked when the score reaches the threshold."
    text = "Share of events picked, by threshold."
    if report.labelled.total:
        text = (
            f"Value per 1,000 events, by threshold. Shaded: 95{NBSP}% range of the best threshold "
            f"of {report.close_up.challenger.name}."
        )
    chart = html.Div(
        id="compare-value", role="img", className="ec-value-chart", **{"aria-label": text}
    )
    chart_card = card(
        html.Div(id="compare-controls"),
        _legend(report),
        chart,
        html.P(text, className="ec-caption"),
        png_button("compare-value", "Value by threshold"),
    )
    confusion_card = card(html.Div(id="compare-confusion"))
    columns = html.Div([chart_card, confusion_card], className="ec-columns ec-why-columns")
    return _fold("decisions", "Decisions", conclusions.decisions(report), [columns], view, caption)


def _flips(report: ComparisonReport, view: View) -> html.Section:
    place = card(html.Div(id="compare-flips"), csv_button("flips", "Decisions that flip"))
    caption = html.Span("", id="compare-flips-caption")
    conclusion = conclusions.flips(report)
    return _fold("flips", "Decisions that flip", conclusion, [place], view, caption)


def _cases(report: ComparisonReport, view: View) -> html.Section:
    reference, challenger = report.reference.name, report.close_up.challenger.name
    text = (
        f"{challenger} minus {reference}, in points of score. Pale: no events. "
        "◇: the decision flips."
    )
    if view.has_predict:
        text += " Click a case to open it in Predict."
    boxes = [
        card(
            html.P(text, className="ec-caption"),
            case_map("compare-map", text)
            if view.has_predict
            else graph("compare-map", HEIGHT, text),
            html.P(close_up.describe_disagreement(report), className="ec-caption"),
            title="Every case",
        ),
        html.Div([*_segments(report), _effects(report)], className="ec-stack"),
    ]
    people = report.vocabulary.people
    return _fold(
        "cases",
        f"{challenger} and {reference} up close",
        conclusions.cases(report),
        [html.Div(boxes, className="ec-columns")],
        view,
        f"Where the two disagree, which {people} it affects, and what explains it.",
    )


def _segments(report: ComparisonReport) -> list[html.Div]:
    if not report.labelled.total:
        return []
    words = report.vocabulary
    tests = describe_group_tests(report.close_up.comparisons)
    note = f"Log loss among {words.people} with each {words.input}. {tests}".strip()
    return [
        card(
            html.P(note, className="ec-caption"),
            static_html(close_up.segments(report)),
            csv_button("segments", "Segments"),
            title="Gains and losses by group",
        )
    ]


def _effects(report: ComparisonReport) -> html.Div:
    effects, inputs = report.close_up.effects, capitalize(report.vocabulary.inputs)
    note = "Difference of the log odds, weighted by traffic."
    if effects is not None and effects.alone is not None and effects.with_pairs is not None:
        note += (
            f" {inputs} alone explain {share(effects.alone)} of the disagreement, with their pairs "
            f"{share(effects.with_pairs)}."
        )
    return card(
        html.P(note, className="ec-caption"),
        static_html(close_up.effects(report)),
        csv_button("effects", "Effects"),
        title="What they disagree about",
    )


def _periods(report: ComparisonReport, view: View) -> html.Section:
    caption = (
        "Log loss behind the best version of each period. Hatched: trained on some of the period's "
        "events, so left out of the contest."
    )
    table = card(static_html(tables.periods(report)), csv_button("periods", "Versions by period"))
    conclusion = conclusions.periods(report)
    return _fold("periods", "Every version over time", conclusion, [table], view, caption)


def _facts(report: ComparisonReport, view: View) -> html.Section:
    toggle = html.Button(
        "Only differences",
        id="compare-differences",
        type="button",
        className="ec-button",
        **{"aria-pressed": "false"},
    )
    table = html.Div(static_html(tables.facts(report)), id="compare-facts")
    facts_card = card(table, csv_button("facts", "Facts"))
    caption = "What each version is and was trained on."
    return _fold("facts", "Facts", conclusions.facts(report), [toggle, facts_card], view, caption)


def _fold(
    key: str,
    title: str,
    conclusion: str,
    parts: Sequence[Component],
    view: View,
    caption: object,
) -> html.Section:
    """A section that opens, and is open if the address says so."""
    is_open = key in view.open_keys
    return long_page.fold(
        key, title, conclusion, *parts, caption=caption, is_open=is_open, term=_TERMS.get(key)
    )
