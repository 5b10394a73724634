"""The retraining policy: how near it is to a retrain, over time, and its settings."""

from __future__ import annotations

from collections.abc import Sequence

from dash import html
from dash.development.base_component import Component

from webapp.components.empty_state import command
from webapp.components.icons import icon
from webapp.components.sections import graph
from webapp.components.terms import explain
from webapp.grammar import NBSP, quantity
from webapp.pages.models import figures, texts
from webapp.services.formatting import minute, number, share
from webapp.services.models.policy_state import CheckSummary, PolicyStatus
from webapp.training.policy.words import estimator_title

RETRAIN = "models-retrain"


def head(status: PolicyStatus, *, can_admin: bool, busy: bool) -> html.Div:
    """The policy in a sentence, and the button that retrains whatever the policy decides."""
    traffic = " Uses simulated traffic." if status.traffic == "simulated" else ""
    caption = html.P(
        [html.Code(status.policy), " ", texts.POLICIES.get(status.policy, ""), traffic],
        className="ec-caption",
    )
    button = html.Button(
        [icon("refresh"), "Retraining…" if busy else "Retrain now"],
        id=RETRAIN,
        type="button",
        className="ec-button ec-primary",
        disabled=None if can_admin and not busy else True,
        **{"data-start": "retrain"},
    )
    return html.Div(
        [html.Div([html.H2(explain(texts.POLICY_CARD)), caption]), button], className="ec-card-head"
    )


def progress(status: PolicyStatus) -> html.Div:
    """The share of the evidence needed to retrain, and the reasons of the last check."""
    if status.policy == "never":
        return _never_notice(status)
    if status.checked_at is None:
        return _no_checks_notice(status)
    noun = "outcomes" if status.unit == "events" else "evidence"
    title = f"of the {noun} needed to retrain"
    if status.distance is None:
        return _progress(0.0, f"{title} ({'paused' if status.rests else 'just reset'})", status)
    value = amount(max(0.0, status.value or 0.0), status)
    title += f": {value} of {amount(status.needed, status)}"
    return _progress(status.distance, f"{title} (paused)" if status.rests else title, status)


def _progress(distance: float, title: str, status: PolicyStatus) -> html.Div:
    value = [f"{distance * 100:.0f}", html.Span(f"{NBSP}%", className="ec-unit")]
    return html.Div(
        [
            html.Div(value, className="ec-near-number"),
            html.Div([html.H3(title), *_reasons(status)]),
        ],
        className="ec-near",
    )


def _reasons(status: PolicyStatus) -> list[Component]:
    """A sentence about the closest challenger; the whole explanation unfolds below it."""
    text = _closest(status) or status.explanation.partition(". ")[0].rstrip(".") + "."
    parts: list[Component] = [html.P(text, className="ec-soft")]
    if status.rests:
        parts.insert(0, html.P(pause(status.rests)))
    if status.explanation not in ("", text):
        summary = html.Summary("Details of the last check")
        details = html.P(status.explanation, className="ec-soft")
        parts.append(html.Details([summary, details], className="ec-unfold"))
    return parts


def pause(rests: int) -> str:
    """A sentence on a pause: its reason, and after how many outcomes it ends."""
    return (
        "Paused. The last retrain didn't replace the champion; the policy looks again after "
        f"{quantity(rests, 'more outcome')}. You can retrain by hand."
    )


def _closest(status: PolicyStatus) -> str:
    """The challenger nearest to firing; empty before one was judged."""
    closest = max(status.challengers, key=lambda c: c.value, default=None)
    if status.policy != "on_gain" or closest is None:
        return ""
    if closest.mean is None or closest.low is None:
        return ""
    verb = "gained" if closest.mean > 0 else "lost"
    return (
        f"Closest challenger: {closest.name}. On {quantity(closest.n, 'event')} it would have "
        f"{verb} {number(abs(closest.mean), 4)} nats per prediction (lower bound of the gain: "
        f"{number(closest.low, 4)})."
    )


def amount(value: float | None, status: PolicyStatus) -> str:
    """A value in the policy's unit."""
    if value is None:
        return texts.UNKNOWN
    if status.unit == "events":
        return f"{value:,.0f}"
    return number(value, 1 if (status.needed or 0) >= 1 else 4)


def _simulated(status: PolicyStatus) -> str:
    """The option without which the command learns from real traffic only."""
    return " --simulated" if status.traffic == "simulated" else ""


def _never_notice(status: PolicyStatus) -> html.Div:
    text = ["Use Retrain now, set ", html.Code("RETRAIN_POLICY"), ", or run this command."]
    parts = [html.H3("Automatic retraining is off"), html.P(text, className="ec-soft")]
    parts.append(command(f"retrain --now{_simulated(status)}"))
    return html.Div(parts, className="ec-near-none")


def _no_checks_notice(status: PolicyStatus) -> html.Div:
    text = ["Here you see how near the policy is to retraining, after a first check. "]
    if status.next_at is not None:
        text.append(f"The first scheduled check is on {minute(status.next_at)}.")
    else:
        text += ["To check regularly, set ", html.Code("CLOCK"), " or use a scheduler."]
    return html.Div(
        [
            html.H3("No checks yet"),
            html.P(text, className="ec-soft"),
            command(f"retrain{_simulated(status)}"),
        ],
        className="ec-near-none",
    )


def describe_chart(status: PolicyStatus, checks: Sequence[CheckSummary]) -> str:
    """The chart in words, for screen readers."""
    n_retrains = sum(check.decision == "retrain" for check in checks)
    text = (
        f"Progress of the policy {status.policy} towards a retrain at "
        f"{quantity(len(checks), 'check')}, with {quantity(n_retrains, 'retrain')}. Now: "
        f"{amount(status.value, status)} of {amount(status.needed, status)} needed."
    )
    return f"{text} Paused for {quantity(status.rests, 'more outcome')}." if status.rests else text


def chart(text: str, checks: Sequence[CheckSummary]) -> html.Div:
    """The place of the figure, under the names of the challengers' lines."""
    place = graph("models-policy", figures.POLICY_HEIGHT, text)
    keys = [_line_key(*figures.look(at), name) for at, name in enumerate(figures.lines(checks))]
    if not keys:
        return place
    nearest = html.Li([_key("$accent", 0), "the closest of them"])
    legend = html.Ul([nearest, *keys], className="ec-chart-legend ec-version-legend")
    return html.Div([legend, place])


def _line_key(colour: str, dash: int, name: str) -> html.Li:
    return html.Li([_key(colour, dash), name])


def _key(colour: str, dash: int) -> html.Span:
    return html.Span(
        className=f"ec-version-key ec-version-dash-{dash}",
        style={"--key": f"var(--ec-{colour[1:]})"},
        **{"aria-hidden": "true"},
    )


def facts(status: PolicyStatus) -> html.Dl:
    """The schedule and the settings of the policy, as a list."""
    next_check = minute(status.next_at) if status.next_at is not None else "Manual"
    rows = [
        ("Next check", next_check),
        ("Last check", "Never" if status.checked_at is None else minute(status.checked_at)),
        ("Outcomes since promotion", f"{status.matured:,}"),
        ("Candidates", _candidates(status)),
        ("Max. changed decisions", share(status.churn_cap, 1)),
        ("Promotion", "Automatic" if status.promotes else "By hand"),
    ]
    return html.Dl(
        [html.Div([html.Dt(explain(name)), html.Dd(value)]) for name, value in rows],
        className="ec-policy-facts",
    )


def _candidates(status: PolicyStatus) -> str:
    if status.policy != "on_gain":
        return "None"
    n = len(status.windows) * len(status.estimators)
    return f"{n}: {', '.join(map(estimator_title, status.estimators))}"
