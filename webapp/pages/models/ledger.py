"""The promotion ledger as a timeline: changes of champion, and retrains that left it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dash import html

from webapp.components.icons import icon
from webapp.grammar import NBSP, quantity
from webapp.services.formatting import iso, past_day, share, signed
from webapp.services.models.ledger import EntryKind, LedgerEntry

SHOWN = 30  # lines
_CHANGES = ("promoted", "rolled back")
_FIRST = "is the first champion"
_MOST = 1e9  # larger numbers aren't shown; programs may send any evidence


_SHAPES: dict[EntryKind, str] = {
    "default": "bolt",
    "promoted": "star",
    "rolled back": "undo",
    "registered": "plus",
    "kept": "check",
    "not enough evidence": "question",
    "failed": "warning",
}


@dataclass(frozen=True)
class LedgerLine:
    """One line; ``offer`` is a version to promote from here, or to roll back to with ``back``."""

    at: int | None
    shape: str  # of its icon
    title: str
    parts: tuple[Any, ...]  # the caption, separated by dots
    changed: bool = True  # True if the champion changed
    offer: str | None = None
    back: bool = False


def lines(entries: Sequence[LedgerEntry], champion: str | None, able: set[str]) -> list[LedgerLine]:
    """The ledger's lines, newest first; ``able`` are the versions that can answer."""
    changes = [entry for entry in entries if entry.kind in _CHANGES]
    others = able - {champion}
    rows = [_line(entry, changes[:1] == [entry], others) for entry in entries]
    first = changes[-1].previous if changes else champion
    is_recorded = any(entry.kind == "default" for entry in entries)
    if first is not None and not is_recorded and len(entries) < SHOWN:
        rows.append(LedgerLine(None, "bolt", f"{first} {_FIRST}", ("by default",)))
    return rows


def _line(entry: LedgerEntry, is_last: bool, able: set[str]) -> LedgerLine:
    offer, back = None, False
    if is_last and entry.previous in able:
        offer, back = entry.previous, True
    elif entry.kind == "registered" and entry.version in able:
        offer = entry.version
    is_change = entry.kind in (*_CHANGES, "default")
    parts = _caption(entry)
    return LedgerLine(entry.at, _SHAPES[entry.kind], _title(entry), parts, is_change, offer, back)


def _caption(entry: LedgerEntry) -> tuple[Any, ...]:
    """Actor, reason and evidence; the reason of a check is its evidence, if there is any."""
    if entry.kind == "default":
        return ("by default", *([entry.reason] if entry.reason else []))
    numbers = evidence(entry.evidence)
    by_a_person = entry.kind in _CHANGES and entry.check is None
    if by_a_person:
        reason = [f"“{entry.reason}”"] if entry.reason else []
    else:
        reason = [entry.reason] if entry.reason and not numbers else []
    is_undecided = entry.kind == "not enough evidence" and bool(numbers)
    verdict = ["not enough evidence"] if is_undecided else []
    return (f"by {entry.actor}", *reason, *numbers, *verdict)


def _title(entry: LedgerEntry) -> str:
    version, previous = entry.version, entry.previous
    if entry.kind == "default":
        return f"{version} {_FIRST}"
    if entry.kind == "promoted":
        return f"Promoted {version}" + (f" over {previous}" if previous else "")
    if entry.kind == "rolled back":
        return f"Rolled back to {version}"
    if entry.kind == "failed":
        return "Retrain failed"
    if entry.kind == "registered":
        return f"Registered {version}, better than {previous}"
    return f"Kept {previous}" + (f" against {version}" if version else "")


def evidence(form: Mapping[str, Any]) -> list[Any]:
    """The evidence of a line, as far as it has the gate's form: programs may send anything."""
    parts: list[Any] = []
    loss, n = form.get("log_loss"), form.get("n")
    if isinstance(loss, Mapping) and all(_is_number(loss.get(k)) for k in ("value", "low", "high")):
        on = ""
        if isinstance(n, int) and _is_number(n):
            on = f" on {quantity(n, 'outcome')}"
        strong = html.Span(signed(loss["value"], 4), className="ec-ink")
        range_ = f"{NBSP}[{signed(loss['low'], 4)},{NBSP}{signed(loss['high'], 4)}]"
        parts.append([f"log{NBSP}loss{NBSP}", strong, f"{range_}{on}"])
    parts += _churn(form)
    if form.get("override") is True:
        parts.append("overrode the gate")
    return parts


def _churn(form: Mapping[str, Any]) -> list[str]:
    churn, cap = form.get("churn"), form.get("churn_cap")
    if isinstance(churn, Mapping):
        churn = churn.get("value")
    if not isinstance(churn, (int, float)) or not 0 <= churn <= 1:
        return []
    above = ""
    if isinstance(cap, (int, float)) and 0 <= cap < churn:
        above = f", above the limit of {share(cap, 1)}"
    return [f"{share(churn, 1)} of decisions change{above}"]


def _is_number(value: object) -> bool:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return is_number and abs(value) < _MOST  # type: ignore[arg-type]  # evidence may be anything


def timeline(ledger_lines: Sequence[LedgerLine], *, can_admin: bool) -> html.Ol:
    """The lines, with buttons to promote and to roll back."""
    items = [_item(line, i == 0, can_admin=can_admin) for i, line in enumerate(ledger_lines)]
    return html.Ol(items, className="ec-ledger", id="models-ledger")


def _item(line: LedgerLine, is_first: bool, *, can_admin: bool) -> html.Li:
    caption: list[Any] = []
    for part in line.parts:
        caption += [" · ", part] if caption else [part]
    offer = [_offer(line.offer, back=line.back, can_admin=can_admin)] if line.offer else []
    when = html.Time(past_day(line.at), dateTime=iso(line.at)) if line.at is not None else None
    return html.Li(
        [
            html.Span(
                icon(line.shape), className="ec-ledger-mark" + (" ec-on" if is_first else "")
            ),
            html.Div([html.H3(line.title), when], className="ec-ledger-head"),
            html.P(caption, className="ec-caption"),
            *offer,
        ],
        className="ec-ledger-line" if line.changed else "ec-ledger-line ec-ledger-check",
    )


def _offer(version: str, *, back: bool, can_admin: bool) -> html.Button:
    attributes = {"data-promote": version} | ({"data-back": "1"} if back else {})
    text = f"Roll back to {version}…" if back else f"Promote {version}…"
    return html.Button(
        [icon("undo" if back else "star"), text],
        type="button",
        className="ec-link-button",
        disabled=None if can_admin else True,
        **attributes,
    )


def choice(*, only: bool) -> html.Div:
    """The switch between all lines and changes of champion; assets/js/76-models.js handles it."""
    buttons = [
        html.Button(
            text,
            type="button",
            className="ec-choice-one",
            **{"data-ledger": value, "aria-pressed": "true" if is_pressed else "false"},
        )
        for text, value, is_pressed in (("All", "", not only), ("Promotions", "promotions", only))
    ]
    return html.Div(
        buttons, className="ec-choice", role="group", **{"aria-label": "Ledger entries"}
    )
