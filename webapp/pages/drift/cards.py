"""What the Drift page says in words and numbers: verdict, figures, tables."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from dash import dcc, html
from dash.development.base_component import Component

from webapp.components.chips import chip
from webapp.services.drift.answer import Answer
from webapp.services.drift.sentence import Sentence
from webapp.services.formatting import number, share
from webapp.stats.drift import Drift
from webapp.stats.inputs import Feature
from webapp.stats.performance import Performance
from webapp.stats.rates import Interval

_TONES = {"Retrain": "bad", "Watch": "bad", "Keep": "good", "Wait": "unsure"}


def verdict_chip(row: Feature) -> html.Span:
    """Which way it moved, or that nothing can be told."""
    if row.verdict == "drifted":
        return chip("Drifted", "bad", "▲" if row.difference.value > 0 else "▼")
    return (
        chip("Stable", "good", "✓")
        if row.verdict == "stable"
        else chip("Cannot tell", "unsure", "?")
    )


def headline(sentence: Sentence) -> html.Div:
    """What to do, the finding, the reason."""
    finding = sentence.finding[:1].upper() + sentence.finding[1:]
    reason = sentence.reason[:1].upper() + sentence.reason[1:]
    mark = {"bad": "▲", "good": "✓", "unsure": "?"}[_TONES[sentence.action]]
    return html.Div(
        [
            chip(sentence.action, _TONES[sentence.action], mark),
            html.H2(finding, className="ec-finding"),
            html.P(reason, className="ec-reason") if reason else None,
        ],
        className="ec-headline",
        id="drift-headline",
        **{"aria-live": "polite"},
    )


def five(answer: Answer) -> html.Div:
    """Before and now, with what that means."""
    result = answer.result
    assert result is not None
    assert result.performance is not None
    before, now = result.performance.baseline, result.performance.window
    drifted = sum(row.verdict == "drifted" for row in result.features)
    told = "bad" if drifted else "good"
    if not drifted and any(row.verdict != "stable" for row in result.features):
        told = "unsure"
    cards = [
        _figure("Worth over guessing", _pair(before.skill, now.skill, _percent), *_skill(result)),
        _figure(
            "Ranks buyers first (AUC)",
            _pair(before.auc, now.auc, _three),
            _compared(before.auc, now.auc, 0.01),
            _half(now.auc, _three),
        ),
        _calibration(answer),
        _figure(
            "Features that drifted",
            [html.Strong(drifted), f" of {len(result.features)}"],
            chip(
                {"bad": "Drifted", "good": "Stable", "unsure": "Cannot tell"}[told],
                told,
                {"bad": "▲", "good": "✓", "unsure": "?"}[told],
            ),
            f"beyond ±{number(result.margin * 100, 0)} points",
        ),
        _unseen(result),
    ]
    return html.Div(cards, className="ec-five")


def _figure(name: str, value: object, verdict: object, note: str) -> html.Div:
    return html.Div(
        [
            html.Div(name, className="ec-five-name"),
            html.Div(value, className="ec-five-value"),
            html.Div(verdict),
            html.Div(note, className="ec-caption"),
        ],
        className="ec-five-one",
    )


def _percent(value: float) -> str:
    return share(value, 1)


def _three(value: float) -> str:
    return number(value, 3)


def _pair(
    before: Interval | None, now: Interval | None, form: Callable[[float], str]
) -> list[object]:
    old = form(before.value) if before else "–"
    return [
        html.Span(f"{old} → ", className="ec-soft"),
        html.Strong(form(now.value) if now else "not known"),
    ]


def _half(now: Interval | None, form: Callable[[float], str]) -> str:
    if now is None:
        return "no outcomes to tell it from"
    return f"[{form(now.low)}, {form(now.high)}]"


def _skill(result: Drift) -> tuple[object, str]:
    judged = result.performance
    assert judged is not None
    known = {
        "worse": ("Worse", "bad", "▼"),
        "better": ("Better", "good", "▲"),
        "no difference that matters": ("As good", "good", "✓"),
        "cannot tell": ("Cannot tell", "unsure", "?"),
    }
    return chip(*known[judged.verdict]), _half(judged.window.skill, _percent)


def _compared(before: Interval | None, now: Interval | None, margin: float) -> html.Span:
    if before is None or now is None:
        return chip("Cannot tell", "unsure", "?")
    change = now.value - before.value
    half = float(np.hypot(before.half, now.half))
    if change + half < -margin:
        return chip("Worse", "bad", "▼")
    if change - half > margin:
        return chip("Better", "good", "▲")
    inside = abs(change) + half < margin
    return chip("As good", "good", "✓") if inside else chip("Cannot tell", "unsure", "?")


def _calibration(answer: Answer) -> html.Div:
    assert answer.window is not None
    assert answer.result is not None
    assert answer.result.performance is not None
    known, rate = answer.window.labelled, answer.result.performance.window.base_rate
    if rate is None:
        return _figure(
            "Predicted → bought",
            "not known",
            chip("Cannot tell", "unsure", "?"),
            "no outcomes are known yet",
        )
    predicted = float(known.n @ answer.scores / known.total)
    told = chip("Fits", "good", "✓")
    if predicted < rate.low:
        told = chip("Too low", "bad", "▼")
    elif predicted > rate.high:
        told = chip("Too high", "bad", "▲")
    value = [
        html.Span(f"{_percent(predicted)} → ", className="ec-soft"),
        html.Strong(_percent(rate.value)),
    ]
    return _figure("Predicted → bought", value, told, f"on {known.total:,} known outcomes")


def _unseen(result: Drift) -> html.Div:
    assert result.unseen is not None
    much = result.unseen.low > result.margin
    told = chip("Much", "bad", "▲") if much else chip("Little", "good", "✓")
    return _figure(
        "Events in unseen cases",
        html.Strong(_percent(result.unseen.value)),
        told,
        "cases that the baseline never saw",
    )


def statement(performance: Performance) -> str:
    """Why something about performance isn't shown; empty when all is."""
    return (
        f"{performance.statement[:1].upper()}{performance.statement[1:]}."
        if performance.statement
        else ""
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def empty(sentence: Sentence, nearest: str | None) -> html.Section:
    """In place of all charts, when there is nothing to show."""
    children: list[Component] = [html.H2(_capital(sentence.finding)), html.P(sentence.reason)]
    if nearest is not None:
        children.append(dcc.Link("Show that period", href=nearest, className="ec-link"))
    return html.Section(children, className="ec-card ec-empty", id="drift-empty")
