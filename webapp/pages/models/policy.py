"""The retraining policy: how near it is to firing, over time, and what it is asked to do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from dash import html
from dash.development.base_component import Component

from webapp.components.icons import icon
from webapp.components.sections import graph
from webapp.pages.models.figures import POLICY_HEIGHT
from webapp.services.formatting import NBSP, number, share, short_day
from webapp.services.models.policy_state import Point, State

RETRAIN = "models-retrain"
_MEANINGS = {
    "never": "leaves retraining to people.",
    "periodic": "retrains after a number of matured events.",
    "on_error": "retrains once the champion is surely worse than it was.",
    "on_gain": "retrains once a challenger surely beats the champion.",
}
_KINDS = {
    "logit": "logistic regression",
    "logit2": "logistic regression with pairs",
    "hgb": "gradient boosting",
    "keras": "a small neural network",
}


def head(state: State, *, may: bool, busy: bool) -> html.Div:
    """What the policy is, and the button that retrains whatever it says."""
    simulated = " On simulated traffic." if state.traffic == "simulated" else ""
    caption = html.P(
        [html.Code(state.policy), " ", _MEANINGS.get(state.policy, ""), simulated],
        className="ec-caption",
    )
    button = html.Button(
        [icon("refresh"), "Retraining…" if busy else "Retrain now"],
        id=RETRAIN,
        type="button",
        className="ec-button ec-primary",
        disabled=None if may and not busy else True,
        **{"data-start": "retrain"},
    )
    return html.Div(
        [html.Div([html.H2("Retraining policy"), caption]), button], className="ec-card-head"
    )


def near(state: State) -> html.Div:
    """One number: how near to firing; and the reasons of the last check."""
    if state.policy == "never":
        return _never()
    if state.checked_at is None:
        return _never_checked(state)
    if state.distance is None:
        title = "of the way to firing: the evidence begins anew"
        return _told(0.0, f"{title}, and the policy rests" if state.rests else title, state)
    value = amount(max(0.0, state.value or 0.0), state)
    title = f"of the way to firing: {value} of {amount(state.needed, state)}"
    if state.rests:
        title += ", and the policy rests"
    return _told(state.distance, title, state)


def _told(distance: float, title: str, state: State) -> html.Div:
    value = [f"{distance * 100:.0f}", html.Span(f"{NBSP}%", className="ec-unit")]
    return html.Div(
        [
            html.Div(value, className="ec-near-number"),
            html.Div([html.H3(title), *_reasons(state)]),
        ],
        className="ec-near",
    )


def _reasons(state: State) -> list[Component]:
    """The nearest challenger in a sentence; all that the last check said, to unfold."""
    told = _closest(state) or state.explanation.partition(". ")[0].rstrip(".") + "."
    parts: list[Component] = [html.P(told, className="ec-soft")]
    if state.rests:
        parts.insert(0, html.P(_rest(state)))
    if state.explanation not in ("", told):
        summary = html.Summary("What the last check said")
        said = html.P(state.explanation, className="ec-soft")
        parts.append(html.Details([summary, said], className="ec-unfold"))
    return parts


def _rest(state: State) -> str:
    many = f"{state.rests:,} more event{'s have' if state.rests != 1 else ' has'}"
    return (
        "It rests: the last retrain that it asked for left the champion, so it fires again no "
        f"sooner than when {many} matured. Retrain now works meanwhile."
    )


def _closest(state: State) -> str:
    """Of the challengers that are kept warm; empty before one was judged."""
    closest = max(state.challengers, key=lambda c: c.value, default=None)
    if state.policy != "on_gain" or closest is None or closest.mean is None or closest.low is None:
        return ""
    gained = "gained" if closest.mean > 0 else "lost"
    return (
        f"Closest challenger: {closest.name}. On {closest.n:,} events it would have {gained} "
        f"{number(abs(closest.mean), 4)} nats a prediction; surely it is at least "
        f"{number(closest.low, 4)}."
    )


def amount(value: float | None, state: State) -> str:
    """In the unit of the policy."""
    if value is None:
        return "not known"
    if state.unit == "events":
        return f"{value:,.0f}"
    return number(value, 1 if (state.needed or 0) >= 1 else 4)


def _never() -> html.Div:
    said = [
        "Somebody has to press the button, or to run ",
        html.Code("everycase retrain --now"),
        ". The setting RETRAIN_POLICY takes another policy.",
    ]
    parts = [html.H3("No policy is on"), html.P(said, className="ec-soft")]
    return html.Div(parts, className="ec-near-none")


def _never_checked(state: State) -> html.Div:
    how = (
        f"The first one is due {_time(state.next_at)}."
        if state.next_at is not None
        else "A scheduler that calls it, or the setting CLOCK, makes them regular."
    )
    told = [
        "Nothing was checked yet: ",
        html.Code("everycase retrain"),
        f" does one check, and tells here how near the policy is to firing. {how}",
    ]
    return html.Div(
        [html.H3("No checks yet"), html.P(told, className="ec-soft")], className="ec-near-none"
    )


def spoken(state: State, points: Sequence[Point]) -> str:
    """What the chart shows, for those who don't see it."""
    fired = sum(point.decision == "retrain" for point in points)
    return (
        f"How near the policy {state.policy} came to firing at {len(points):,} checks; it fired "
        f"{fired} time{'' if fired == 1 else 's'}. Now: {amount(state.value, state)} of "
        f"{amount(state.needed, state)} needed."
        + (f" It rests for {state.rests:,} more events." if state.rests else "")
    )


def chart(text: str) -> html.Div:
    """The place of the figure."""
    return graph("models-policy", POLICY_HEIGHT, text)


def facts(state: State) -> html.Dl:
    """When, how, what with."""
    made = [
        ("Next check", _time(state.next_at) if state.next_at is not None else "when asked for"),
        ("Last check", "never" if state.checked_at is None else _time(state.checked_at)),
        ("Matured since promotion", f"{state.matured:,} events"),
        ("Challengers kept warm", _warm(state)),
        ("Churn cap", share(state.churn_cap, 1)),
        ("What passes the gate", "is promoted" if state.promotes else "waits for a person"),
    ]
    return html.Dl(
        [html.Div([html.Dt(name), html.Dd(value)]) for name, value in made],
        className="ec-policy-facts",
    )


def _warm(state: State) -> str:
    if state.policy != "on_gain":
        return "none"
    many = len(state.windows) * len(state.estimators)
    names = ", ".join(_KINDS.get(name, name) for name in state.estimators)
    return f"{many}: {names}"


def _time(ms: int) -> str:
    at = datetime.fromtimestamp(ms / 1000, UTC)
    return f"{short_day(ms)}, {at:%H:%M}{NBSP}UTC"
