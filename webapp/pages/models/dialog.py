"""The dialog in which a person makes a version the champion: evidence, reason, override."""

from __future__ import annotations

from dataclasses import dataclass

import dash_mantine_components as dmc
from dash import html

from webapp.components.chips import chip
from webapp.components.icons import icon
from webapp.components.markup import markup
from webapp.components.terms import explain
from webapp.grammar import NBSP, quantity
from webapp.pages.models import texts
from webapp.services.formatting import past_day, share, signed
from webapp.services.models import gate_report
from webapp.services.models.promotion_evidence import (
    ROLL_BACK,
    DecisionChanges,
    PromotionAction,
    PromotionEvidence,
)
from webapp.services.models.promotion_preview import Preview
from webapp.services.models.promotion_request import MAX_REASON
from webapp.services.traffic import windows
from webapp.services.traffic.advice import Action
from webapp.stats.gate import Gate
from webapp.stats.rates import Interval
from webapp.stats.verdicts import Choice

DIALOG, BODY, REASON = "models-dialog", "models-dialog-body", "models-reason"
OVERRIDE, CONFIRM, PROBLEM = "models-override", "models-confirm", "models-dialog-problem"
_ADVICE: dict[Action, tuple[str, str, str]] = {
    "Promote": ("Promote", "good", "check"),
    "Retrain": ("Better, but no better than predicting the average", "bad", "warning"),
    "Keep": ("Keep the champion", "bad", "warning"),
    "Wait": ("Not enough evidence", "unsure", "question"),
}
_BUT_CHANGES = ("Better, but many decisions change", "unsure", "warning")
_CHANGES: dict[Choice, tuple[str, str, str]] = {
    "not enough evidence": ("inconclusive", "unsure", "?"),
    "no difference that matters": ("no difference", "unsure", "="),
}


@dataclass(frozen=True)
class DialogContent:
    """The dialog's texts; ``override`` is the label of its checkbox, None if none is needed."""

    title: str
    body: str  # markup
    confirm: str
    override: str | None


def content(evidence: PromotionEvidence, action: PromotionAction) -> DialogContent:
    """The content for a version that is not the champion."""
    name, champion = evidence.preview.version, evidence.preview.champion
    verb = "Roll back" if action == ROLL_BACK else "Promote"
    target = f"to {name}" if action == ROLL_BACK else name
    effect = html.P(
        [
            "Replaces ",
            html.Strong(champion),
            " for requests that don't name a version. The old champion stays available.",
        ],
        className="ec-soft",
    )
    objections = ", ".join(evidence.objections)
    details = _no_evidence(evidence.preview) if evidence.gate is None else _evidence(evidence)
    return DialogContent(
        f"{verb} {target}?",
        markup([effect, details]),
        f"{verb} {target}",
        None if evidence.passes else f"{verb} despite the gate: {objections}",
    )


def _no_evidence(preview: Preview) -> html.Div:
    """The reason why the two versions can't be compared."""
    head = html.Div([icon("warning"), "No evidence"], className="ec-gate ec-tone-bad")
    return html.Div([head, html.P(preview.sentence)], className="ec-evidence")


def _evidence(evidence: PromotionEvidence) -> html.Div:
    gate = evidence.gate
    assert gate is not None
    word, tone, shape = _ADVICE[evidence.action]
    if evidence.action == "Promote" and not evidence.passes:
        word, tone, shape = _BUT_CHANGES
    rows = [
        _row("Log loss", _range(gate.log_loss), _verdict(gate, gate.loss_verdict, "lower")),
        _row("AUC", _range(gate.auc), _verdict(gate, gate.auc_verdict, "higher")),
        _row(f"Changed decisions at {share(gate.rules.threshold)}", _share(gate), _limit(gate)),
        *_changed_decisions(evidence.changes),
        _unseen_row(gate),
    ]
    return html.Div(
        [
            html.Div([icon(shape), word], className=f"ec-gate ec-tone-{tone}"),
            html.P(_scope(evidence, gate), className="ec-soft"),
            html.Table(html.Tbody(rows), className="ec-evidence-table"),
        ],
        className="ec-evidence",
    )


def _scope(evidence: PromotionEvidence, gate: Gate) -> str:
    """A sentence on the events that the evidence is from."""
    preview, more = evidence.preview, gate_report.further_events(gate)
    more = gate_report.describe_versions(gate) + more
    if evidence.is_held_out:
        refit = f" {evidence.refit}" if evidence.refit else ""
        return (
            f"On {quantity(gate.n, 'event')} held out of its training, against "
            f"{preview.champion}. No outcomes since.{refit}{more}"
        )
    if not gate.n or preview.since is None:
        return (
            f"No outcomes in the last {windows.DAYS} days for events that neither version was "
            "trained on."
        )
    noun = "simulated outcome" if preview.simulated else "outcome"
    outcomes = f"{quantity(gate.n, noun)} since {past_day(preview.since)}"
    return f"On {outcomes} that neither version was trained on, against {preview.champion}.{more}"


def _row(name: str, value: str, verdict: object, *, inner: bool = False) -> html.Tr:
    term = "changed_decisions" if name.startswith("Changed decisions") else None
    return html.Tr(
        [html.Th(explain(name, term), scope="row"), html.Td(html.Strong(value)), html.Td(verdict)],
        className="ec-evidence-inner" if inner else None,
    )


def _range(interval: Interval | None) -> str:
    if interval is None:
        return texts.UNKNOWN
    ends = f"[{signed(interval.low, 4)},{NBSP}{signed(interval.high, 4)}]"
    return f"{signed(interval.value, 4)} {ends}"


def _verdict(gate: Gate, choice: Choice | None, good: str) -> html.Span | None:
    """A difference in a word; ``good`` is the side on which it is better."""
    if choice is None or not gate.n:
        return None
    if choice in _CHANGES:
        return chip(*_CHANGES[choice])
    up = (choice == "better") == (good == "higher")
    tone = "good" if choice == "better" else "bad"
    return chip("higher" if up else "lower", tone, "▲" if up else "▼")


def _share(gate: Gate) -> str:
    return texts.UNKNOWN if gate.churn is None else share(gate.churn.value, 1)


def _limit(gate: Gate) -> html.Span:
    limit = f"max. {share(gate.rules.churn, 1)}"
    if gate.within_cap:
        return html.Span(limit, className="ec-soft")
    return html.Span([icon("warning"), limit], className="ec-verdict ec-tone-bad")


def _changed_decisions(changes: DecisionChanges | None) -> list[html.Tr]:
    """The two directions in which decisions change."""
    if changes is None:
        return []
    last = html.Span(f"last {windows.DAYS} days", className="ec-soft")
    return [
        _row("newly picked", share(changes.gained.value, 1), last, inner=True),
        _row("no longer picked", share(changes.lost.value, 1), last, inner=True),
    ]


def _unseen_row(gate: Gate) -> html.Tr:
    name = "Events in cases unseen in training"
    if gate.unseen is None or not gate.n:
        return _row(name, texts.UNKNOWN, None)
    count = html.Span(quantity(gate.unseen, "event"), className="ec-soft")
    return _row(name, share(gate.unseen / gate.n, 1), count)


def dialog(open_content: DialogContent | None, problem: str = "") -> dmc.Modal:
    """The dialog; closed, unless a link opens it. ``problem`` is why it can't be confirmed."""
    return dmc.Modal(
        id=DIALOG,
        title=open_content.title if open_content else "",
        opened=open_content is not None,
        size=560,
        padding=24,
        centered=True,
        transitionProps={"duration": 0},
        overlayProps={"backgroundOpacity": 0.5},
        closeButtonProps={"aria-label": "Close"},
        className="ec-dialog",
        children=[
            html.Div(id=BODY, **{"data-markup": open_content.body if open_content else ""}),
            _reason(),
            _override(open_content.override if open_content else None),
            html.P(problem, id=PROBLEM, role="alert", className="ec-dialog-problem"),
            html.Div(_buttons(open_content), className="ec-dialog-buttons"),
        ],
    )


def _override(label: str | None) -> dmc.Checkbox:
    return dmc.Checkbox(
        id=OVERRIDE,
        label=label or "",
        checked=False,
        radius=4,
        className="ec-override",
        style={} if label else {"display": "none"},
    )


def _buttons(open_content: DialogContent | None) -> list[html.Button]:
    return [
        html.Button("Cancel", id="models-cancel", type="button", className="ec-button"),
        html.Button(
            open_content.confirm if open_content else "Promote",
            id=CONFIRM,
            type="button",
            className="ec-button ec-primary",
            disabled=True,  # until there is a reason (assets/js/77-promotion.js)
        ),
    ]


def _reason() -> dmc.Textarea:
    return dmc.Textarea(
        id=REASON,
        label="Reason",
        description="Required. Stored in the ledger with the evidence above.",
        placeholder="Why now, and what to watch",
        required=True,
        inputProps={"maxLength": MAX_REASON},
        minRows=2,
        autosize=True,
        maxRows=6,
        debounce=False,
        **{"data-autofocus": True},
    )
