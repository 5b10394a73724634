"""The top of the Drift page: the headline and five figures with their verdicts."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from dash import html
from dash.development.base_component import Component

from webapp.components import long_page, ways
from webapp.components.chips import chip
from webapp.components.empty_state import empty_state
from webapp.components.terms import explain
from webapp.grammar import capitalize, quantity
from webapp.services.drift.answer import DriftReport
from webapp.services.drift.calibration import judge_calibration
from webapp.services.drift.missing import find_missing
from webapp.services.drift.sentence import Sentence
from webapp.services.drift.words import (
    HARM_VERDICTS,
    NO_HARM,
    RANKING,
    SKILL,
    VERDICTS,
    describe_gap,
    describe_need,
    format_margin,
)
from webapp.services.formatting import number, share
from webapp.stats import harm
from webapp.stats.drift import DriftResult
from webapp.stats.harm import Judgement
from webapp.stats.inputs import Feature
from webapp.stats.metrics import describe_certainty
from webapp.stats.rates import Interval
from webapp.stats.verdicts import Harm, Verdict

HEADLINE, EMPTY = "drift-headline", "drift-empty"
_TONES = {"Promote": "bad", "Retrain": "bad", "Watch": "bad", "Keep": "good", "Wait": "unsure"}
_CALIBRATION_MARKS = {
    "too low": ("bad", "▼"),
    "too high": ("bad", "▲"),
    "calibrated": ("good", "✓"),
    "unknown": ("unsure", "?"),
}
_MARKS = {"bad": "▲", "good": "✓", "unsure": "?"}
_VERDICT_TONES: dict[Verdict, str] = {"drifted": "bad", "stable": "good", "cannot tell": "unsure"}


def verdict_tone(verdict: Verdict) -> str:
    """The colour class of a verdict."""
    return _VERDICT_TONES[verdict]


def verdict_chip(row: Feature) -> html.Span:
    """An input's verdict, with the direction that it moved in."""
    mark = _MARKS[verdict_tone(row.verdict)]
    if row.verdict == "drifted" and row.difference.value <= 0:
        mark = "▼"
    return chip(VERDICTS[row.verdict], verdict_tone(row.verdict), mark)


def harm_chip(verdict: Harm) -> html.Span:
    """A verdict on something of which more is better."""
    chips = {
        "worse": ("bad", "▼"),
        "better": ("good", "▲"),
        "no difference that matters": ("good", "✓"),
        "unknown": ("unsure", "?"),
    }
    return chip(HARM_VERDICTS[verdict], *chips[verdict])


def headline(sentence: Sentence, steps: Sequence[Component] = ()) -> html.Div:
    """The recommended action, the finding and the reason, and the step that does it."""
    tone = _TONES[sentence.action]
    verdict = chip(sentence.action, tone, _MARKS[tone])
    return long_page.headline(
        HEADLINE, verdict, sentence.finding, sentence.reason, steps, spoken_text=sentence.text
    )


def summary_cards(report: DriftReport) -> html.Div:
    """Five figures before and now, each with its verdict."""
    cards = [
        _skill_card(report),
        _ranking_card(report),
        _calibration_card(report),
        _drifted_card(report),
    ]
    return html.Div([*cards, _unseen_card(report.result)], className="ec-five")


def _card(
    name: str, value: object, verdict: object, note: str, term: str | None = None
) -> html.Div:
    return html.Div(
        [
            html.Div(explain(name, term), className="ec-five-name"),
            html.Div(value, className="ec-five-value"),
            html.Div(verdict),
            html.Div(note, className="ec-caption"),
        ],
        className="ec-five-one",
    )


def _percent(value: float) -> str:
    return share(value, 1)


def _three_decimals(value: float) -> str:
    return number(value, 3)


def _pair(
    before: Interval | None, now: Interval | None, form: Callable[[float], str]
) -> list[object]:
    """``16.6 % → 12.1 %``"""
    return [
        html.Span(f"{form(before.value) if before else '–'} → ", className="ec-soft"),
        html.Strong(form(now.value) if now else "unknown"),
    ]


def _note(report: DriftReport, now: Interval | None, form: Callable[[float], str]) -> str:
    """The interval of a metric, or why the metric is unknown."""
    if now is not None:
        return f"[{form(now.low)}, {form(now.high)}]"
    return describe_gap(report.result.performance.window, report.scope.vocabulary) or ""


def _skill_card(report: DriftReport) -> html.Div:
    judgement = report.result.performance
    before, now = judgement.baseline.skill, judgement.window.skill
    value, verdict = _pair(before, now, _percent), _skill_chip(judgement)
    note = _note(report, now, _percent)
    if judgement.verdict == "unknown" and before is not None:
        need = describe_need(judgement)
        note = f"{note}; {need}" if note else need
    certain = describe_certainty(report.scope.scores, report.window.labelled.n)
    note = "; ".join(part for part in (note, certain) if part)
    return _card(SKILL, value, verdict, note)


def _skill_chip(judgement: Judgement) -> html.Span:
    return chip(NO_HARM, "good", "✓") if judgement.sees_no_harm else harm_chip(judgement.verdict)


def _ranking_card(report: DriftReport) -> html.Div:
    before, now = report.result.performance.baseline.auc, report.result.performance.window.auc
    value = _pair(before, now, _three_decimals)
    verdict = harm_chip(harm.judge_ranking(report.result.performance))
    return _card(RANKING, value, verdict, _note(report, now, _three_decimals))


def _calibration_card(report: DriftReport) -> html.Div:
    name, total = "Predicted → observed", report.window.labelled.total
    calibration = judge_calibration(report)
    if calibration is None:
        return _card(name, "unknown", harm_chip("unknown"), "no outcomes yet")
    value = [
        html.Span(f"{_percent(calibration.mean_score)} → ", className="ec-soft"),
        html.Strong(_percent(calibration.rate.value)),
    ]
    verdict = chip(capitalize(calibration.verdict), *_CALIBRATION_MARKS[calibration.verdict])
    return _card(name, value, verdict, f"on {quantity(total, 'known outcome')}")


def _drifted_card(report: DriftReport) -> html.Div:
    result = report.result
    drifts = sum(row.verdict == "drifted" for row in result.features)
    verdict: Verdict = "drifted" if drifts else "stable"
    if not drifts and any(row.verdict != "stable" for row in result.features):
        verdict = "cannot tell"
    tone = verdict_tone(verdict)
    return _card(
        f"{capitalize(report.scope.vocabulary.inputs)} that drifted",
        [html.Strong(drifts), f" of {len(result.features)}"],
        chip(VERDICTS[verdict], tone, _MARKS[tone]),
        f"beyond ±{format_margin(result.margin)}",
        "inputs_drifted",
    )


def _unseen_card(result: DriftResult) -> html.Div:
    verdict = chip(VERDICTS["cannot tell"], "unsure", "?")
    if result.unseen.low > result.margin:
        verdict = chip("High", "bad", "▲")
    elif result.unseen.high < result.margin:
        verdict = chip("Low", "good", "✓")
    return _card(
        "Events in unseen cases",
        html.Strong(_percent(result.unseen.value)),
        verdict,
        "cases absent from the baseline",
    )


def empty(sentence: Sentence, way: Component | None) -> html.Section:
    """The card in place of all charts: the reason, and the way out."""
    return empty_state(EMPTY, capitalize(sentence.finding), capitalize(sentence.reason), way)


def missing(report: DriftReport) -> list[html.Section]:
    """What the version came without, and the command that adds it; nothing if it has all."""
    lack = find_missing(report)
    if lack is None:
        return []
    parts = [html.P(lack.text), ways.to_rows(report.scope.version)]
    return [html.Section(parts, className="ec-card", id="drift-missing")]
