"""The dialog in which a person makes a version the champion: evidence, reason, override."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import dash_mantine_components as dmc
from dash import html

from webapp.components.drift_cards import chip
from webapp.components.icons import icon
from webapp.components.markup import markup
from webapp.components.models_ledger import signed
from webapp.services.promotion import MAX_REASON, ROLL_BACK, Action, Evidence
from webapp.services.wording import NBSP, number, share
from webapp.stats.compare import Difference
from webapp.stats.rates import Interval

DIALOG, BODY, REASON = "models-dialog", "models-dialog-body", "models-reason"
OVERRIDE, CONFIRM, PROBLEM = "models-override", "models-confirm", "models-dialog-problem"
_GATES = {
    "promote": ("Promote", "good", "check"),
    "keep": ("Keep the champion", "bad", "warning"),
    "not enough evidence": ("Not enough evidence", "unsure", "question"),
}
_CHANGES = {
    "not enough evidence": ("unclear", "unsure", ""),
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
    """For a version that can be compared with the champion."""
    name, champion = evidence.version, evidence.champion
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
    return Content(
        f"{verb} {target}?",
        markup([told, _evidence(evidence)]),
        f"{verb} {target}",
        f"{verb} although the gate says: {why}" if evidence.gate != "promote" else None,
    )


def without_evidence(name: str, champion: str, problem: str, action: Action) -> Content:
    """For a champion that can't answer."""
    verb = "Roll back" if action == ROLL_BACK else "Promote"
    target = f"to {name}" if action == ROLL_BACK else name
    head = html.Div([icon("warning"), "There is no evidence"], className="ec-gate ec-tone-bad")
    said = html.P(f"{champion} can't answer, so nothing can be compared with it: {problem}.")
    return Content(
        f"{verb} {target}?",
        markup(html.Div([head, said], className="ec-evidence")),
        f"{verb} {target}",
        f"{verb} without evidence",
    )


def _evidence(found: Evidence) -> html.Div:
    word, tone, shape = _GATES[found.gate]
    at = share(found.threshold)
    rows = [
        _row("Log loss", _range(found.log_loss), _verdict(found.log_loss, "lower", "higher")),
        _row("AUC", _range(found.auc), _verdict(found.auc, "higher", "lower")),
        _row(f"Decisions that change, at {at}", _share(found.churn), _cap(found)),
        _row("of them, picked from now on", _share(found.gained), None, inner=True),
        _row("of them, no longer picked", _share(found.lost), None, inner=True),
        _row("Events it never saw the like of", _share(found.unseen), _many(found)),
    ]
    return html.Div(
        [
            html.Div([icon(shape), word], className=f"ec-gate ec-tone-{tone}"),
            html.P(_on(found), className="ec-soft"),
            html.Table(html.Tbody(rows), className="ec-evidence-table"),
        ],
        className="ec-evidence",
    )


def _on(found: Evidence) -> str:
    """Which events the evidence is from."""
    days = (found.until - found.since) // 86_400_000
    which = f"of the last {days} days"
    if found.left_out:
        which += f", without {found.left_out} on which one of the two was trained"
    kind = "simulated events" if found.simulated else "matured events"
    if not found.n:
        return f"No outcome is known {which}, so nobody can say which is better."
    whole = "" if found.left_out else " that neither version was trained on"
    return f"On {found.n:,} {kind} {which}{whole}. Against {found.champion}:"


def _row(name: str, value: str, verdict: object, *, inner: bool = False) -> html.Tr:
    return html.Tr(
        [html.Th(name, scope="row"), html.Td(html.Strong(value)), html.Td(verdict)],
        className="ec-evidence-inner" if inner else None,
    )


def _range(found: Difference | None) -> str:
    if found is None:
        return "not known"
    return f"{signed(found.value, 4)} [{signed(found.low, 4)},{NBSP}{signed(found.high, 4)}]"


def _verdict(found: Difference | None, better: str, worse: str) -> html.Span | None:
    if found is None:
        return None
    if found.verdict in _CHANGES:
        return chip(*_CHANGES[found.verdict])
    good = found.verdict == "better"
    word, up = (better, better == "higher") if good else (worse, worse == "higher")
    return chip(word, "good" if good else "bad", "▲" if up else "▼")


def _share(found: Interval | None) -> str:
    return "not known" if found is None else f"{number(found.value * 100, 1)}{NBSP}%"


def _cap(found: Evidence) -> Any:
    cap = f"cap {number(found.cap * 100, 1)}{NBSP}%"
    if not found.over_cap:
        return html.Span(cap, className="ec-soft")
    return html.Span([icon("warning"), cap], className="ec-verdict ec-tone-bad")


def _many(found: Evidence) -> html.Span | None:
    if found.unseen is None:
        return None
    many = round(found.unseen.value * found.events)
    return html.Span(f"{many:,} event{'' if many == 1 else 's'}", className="ec-soft")


def dialog(shown: Content | None) -> dmc.Modal:
    """Closed, unless a link opens it."""
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
            dmc.Checkbox(
                id=OVERRIDE,
                label=(shown.override if shown else None) or "",
                checked=False,
                radius=4,
                className="ec-override",
                style={} if shown and shown.override else {"display": "none"},
            ),
            html.P("", id=PROBLEM, role="alert", className="ec-dialog-problem"),
            html.Div(
                [
                    html.Button("Cancel", id="models-cancel", type="button", className="ec-button"),
                    html.Button(
                        shown.confirm if shown else "Promote",
                        id=CONFIRM,
                        type="button",
                        className="ec-button ec-primary",
                        disabled=True,
                    ),
                ],
                className="ec-dialog-buttons",
            ),
        ],
    )


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
