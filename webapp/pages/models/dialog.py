"""The dialog in which a person makes a version the champion: evidence, reason, override."""

from __future__ import annotations

from dataclasses import dataclass

import dash_mantine_components as dmc
from dash import html

from webapp.components.chips import chip
from webapp.components.icons import icon
from webapp.components.markup import markup
from webapp.services.formatting import NBSP, share, short_day, signed
from webapp.services.models.promotion import (
    MAX_REASON,
    ROLL_BACK,
    Action,
    Evidence,
    Moves,
    auc_verdict,
)
from webapp.services.models.promotion_preview import Preview
from webapp.stats.gate import Gate
from webapp.stats.rates import Interval
from webapp.stats.verdicts import Choice

DIALOG, BODY, REASON = "models-dialog", "models-dialog-body", "models-reason"
OVERRIDE, CONFIRM, PROBLEM = "models-override", "models-confirm", "models-dialog-problem"
_GATES = {
    "promote": ("Promote", "good", "check"),
    "keep": ("Keep the champion", "bad", "warning"),
    "not enough evidence": ("Not enough evidence", "unsure", "question"),
}
_CHANGES: dict[Choice, tuple[str, str, str]] = {
    "not enough evidence": ("unclear", "unsure", "?"),
    "no difference that matters": ("no difference", "unsure", "="),
}


@dataclass(frozen=True)
class Content:
    """What a dialog shows; ``override`` is what its box says, None where none is needed."""

    title: str
    body: str  # markup
    confirm: str
    override: str | None


def content(evidence: Evidence, action: Action) -> Content:
    """For a version that is not the champion."""
    name, champion = evidence.preview.version, evidence.preview.champion
    verb = "Roll back" if action == ROLL_BACK else "Promote"
    target = f"to {name}" if action == ROLL_BACK else name
    told = html.P(
        [
            "It would replace ",
            html.Strong(champion),
            " for everyone who does not name a version. The old champion stays available.",
        ],
        className="ec-soft",
    )
    why = ", ".join(evidence.objections)
    shown = _without(evidence.preview) if evidence.gate is None else _evidence(evidence)
    return Content(
        f"{verb} {target}?",
        markup([told, shown]),
        f"{verb} {target}",
        None if evidence.passes else f"{verb} although the gate says: {why}",
    )


def _without(found: Preview) -> html.Div:
    """For two that can't be compared."""
    head = html.Div([icon("warning"), "There is no evidence"], className="ec-gate ec-tone-bad")
    return html.Div([head, html.P(found.sentence)], className="ec-evidence")


def _evidence(evidence: Evidence) -> html.Div:
    gate = evidence.gate
    assert gate is not None
    word, tone, shape = _GATES[gate.verdict]
    rows = [
        _row("Log loss", _range(gate.log_loss), _verdict(gate, gate.loss_verdict, "lower")),
        _row("AUC", _range(gate.auc), _verdict(gate, auc_verdict(gate), "higher")),
        _row(f"Decisions that change, at {share(gate.rules.threshold)}", _share(gate), _cap(gate)),
        *_moved(evidence.moves),
        _unseen(gate),
    ]
    return html.Div(
        [
            html.Div([icon(shape), word], className=f"ec-gate ec-tone-{tone}"),
            html.P(_on(evidence, gate), className="ec-soft"),
            html.Table(html.Tbody(rows), className="ec-evidence-table"),
        ],
        className="ec-evidence",
    )


def _on(evidence: Evidence, gate: Gate) -> str:
    """Which events the evidence is from."""
    found = evidence.preview
    more = f" About {gate.more:,} more would settle it." if gate.more else ""
    if evidence.at_its_check:
        return (
            f"On {gate.n:,} events that its retrain held out of its training, against "
            f"{found.champion}; none has matured since.{more}"
        )
    if not gate.n or found.since is None:
        return "No outcome is known of events that neither was trained on, so nobody can say."
    kind = "simulated" if found.simulated else "matured"
    told = f"On {gate.n:,} {kind} events since {short_day(found.since)}"
    return f"{told} that neither version was trained on, against {found.champion}.{more}"


def _row(name: str, value: str, verdict: object, *, inner: bool = False) -> html.Tr:
    return html.Tr(
        [html.Th(name, scope="row"), html.Td(html.Strong(value)), html.Td(verdict)],
        className="ec-evidence-inner" if inner else None,
    )


def _range(found: Interval | None) -> str:
    if found is None:
        return "not known"
    return f"{signed(found.value, 4)} [{signed(found.low, 4)},{NBSP}{signed(found.high, 4)}]"


def _verdict(gate: Gate, found: Choice | None, good: str) -> html.Span | None:
    """A word for a difference; ``good`` is where it is better."""
    if found is None or not gate.n:
        return None
    if found in _CHANGES:
        return chip(*_CHANGES[found])
    up = (found == "better") == (good == "higher")
    tone = "good" if found == "better" else "bad"
    return chip("higher" if up else "lower", tone, "▲" if up else "▼")


def _share(gate: Gate) -> str:
    return "not known" if gate.churn is None else share(gate.churn.value, 1)


def _cap(gate: Gate) -> html.Span:
    cap = f"cap {share(gate.rules.churn, 1)}"
    if gate.within_cap:
        return html.Span(cap, className="ec-soft")
    return html.Span([icon("warning"), cap], className="ec-verdict ec-tone-bad")


def _moved(moves: Moves | None) -> list[html.Tr]:
    """Which side the flips go."""
    if moves is None:
        return []
    last = html.Span("last 30 days", className="ec-soft")
    return [
        _row("picked from now on", share(moves.gained.value, 1), last, inner=True),
        _row("no longer picked", share(moves.lost.value, 1), last, inner=True),
    ]


def _unseen(gate: Gate) -> html.Tr:
    name = "Events it never saw the like of"
    if gate.unseen is None or not gate.n:
        return _row(name, "not known", None)
    many = html.Span(f"{gate.unseen:,} event{'' if gate.unseen == 1 else 's'}", className="ec-soft")
    return _row(name, share(gate.unseen / gate.n, 1), many)


def dialog(shown: Content | None, said: str = "") -> dmc.Modal:
    """Closed, unless a link opens it; ``said`` is why it can't be confirmed."""
    return dmc.Modal(
        id=DIALOG,
        title=shown.title if shown else "",
        opened=shown is not None,
        size=560,
        padding=24,
        centered=True,
        transitionProps={"duration": 0},
        overlayProps={"backgroundOpacity": 0.5},
        closeButtonProps={"aria-label": "Close"},
        className="ec-dialog",
        children=[
            html.Div(id=BODY, **{"data-markup": shown.body if shown else ""}),
            _reason(),
            _override(shown.override if shown else None),
            html.P(said, id=PROBLEM, role="alert", className="ec-dialog-problem"),
            html.Div(_buttons(shown), className="ec-dialog-buttons"),
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


def _buttons(shown: Content | None) -> list[html.Button]:
    return [
        html.Button("Cancel", id="models-cancel", type="button", className="ec-button"),
        html.Button(
            shown.confirm if shown else "Promote",
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
        description="Required. Goes into the ledger with the evidence above.",
        placeholder="Why now, and what to watch",
        required=True,
        inputProps={"maxLength": MAX_REASON},
        minRows=2,
        autosize=True,
        maxRows=6,
        debounce=False,
        **{"data-autofocus": True},
    )
