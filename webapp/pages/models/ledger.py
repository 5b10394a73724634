"""The promotion ledger as a timeline: every change of champion and every check that made none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dash import html

from webapp.components.icons import icon
from webapp.services.formatting import NBSP, iso, share, short_day, signed
from webapp.services.models.ledger import Entry, Kind

SHOWN = 30  # lines
_CHANGES = ("promoted", "rolled back")
_MOST = 1e9  # what can be shown; evidence of programs may be anything


_SHAPES: dict[Kind, str] = {
    "promoted": "star",
    "rolled back": "undo",
    "registered": "plus",
    "kept": "check",
    "not enough evidence": "question",
    "failed": "warning",
}


@dataclass(frozen=True)
class Line:
    """One line; ``offer`` is the version that can be made champion from it, ``back`` for again."""

    at: int | None
    shape: str  # of its icon
    title: str
    parts: tuple[Any, ...]  # said under it, apart by dots
    changed: bool = True  # did the champion change?
    offer: str | None = None
    back: bool = False


def lines(entries: Sequence[Entry], champion: str | None, able: set[str]) -> list[Line]:
    """Newest first, and how it all began; ``able`` are the versions that can answer."""
    changes = [entry for entry in entries if entry.kind in _CHANGES]
    others = able - {champion}
    made = [_line(entry, changes[:1] == [entry], others) for entry in entries]
    first = changes[-1].previous if changes else champion
    if first is not None and len(entries) < SHOWN:
        made.append(Line(None, "bolt", f"{first} is the first champion", ("by default",)))
    return made


def _line(entry: Entry, is_last: bool, able: set[str]) -> Line:
    offer, back = None, False
    if is_last and entry.previous in able:
        offer, back = entry.previous, True
    elif entry.kind == "registered" and entry.version in able:
        offer = entry.version
    changed = entry.kind in _CHANGES
    return Line(entry.at, _SHAPES[entry.kind], _title(entry), _said(entry), changed, offer, back)


def _said(entry: Entry) -> tuple[Any, ...]:
    """Who, why, on what evidence; a check says why by its evidence, where there is any."""
    numbers = evidence(entry.evidence)
    by_a_person = entry.kind in _CHANGES and entry.check is None
    if by_a_person:
        reason = [f"“{entry.reason}”"] if entry.reason else []
    else:
        reason = [entry.reason] if entry.reason and not numbers else []
    unsettled = ["not enough evidence"] if entry.kind == "not enough evidence" and numbers else []
    return (f"by {entry.actor}", *reason, *numbers, *unsettled)


def _title(entry: Entry) -> str:
    version, previous = entry.version, entry.previous
    if entry.kind == "promoted":
        return f"Promoted {version}" + (f" over {previous}" if previous else "")
    if entry.kind == "rolled back":
        return f"Rolled back to {version}"
    if entry.kind == "failed":
        return "A retrain failed"
    if entry.kind == "registered":
        return f"Registered {version}, better than {previous}"
    return f"Kept {previous}" + (f" against {version}" if version else "")


def evidence(found: Mapping[str, Any]) -> list[Any]:
    """What a line was decided on. Programs may have sent anything as evidence."""
    parts: list[Any] = []
    loss, n = found.get("log_loss"), found.get("n")
    if isinstance(loss, Mapping) and all(_is_number(loss.get(k)) for k in ("value", "low", "high")):
        on = f" on {n:,} matured events" if isinstance(n, int) and _is_number(n) else ""
        strong = html.Span(signed(loss["value"], 4), className="ec-ink")
        range_ = f"{NBSP}[{signed(loss['low'], 4)},{NBSP}{signed(loss['high'], 4)}]"
        parts.append([f"log{NBSP}loss{NBSP}", strong, f"{range_}{on}"])
    parts += _churn(found)
    if found.get("override") is True:
        parts.append("against the gate")
    return parts


def _churn(found: Mapping[str, Any]) -> list[str]:
    churn, cap = found.get("churn"), found.get("churn_cap")
    if isinstance(churn, Mapping):
        churn = churn.get("value")
    if not isinstance(churn, (int, float)) or not 0 <= churn <= 1:
        return []
    above = ""
    if isinstance(cap, (int, float)) and 0 <= cap < churn:
        above = f", above the cap of {share(cap, 1)}"
    return [f"churn{NBSP}{share(churn, 1)}{above}"]


def _is_number(value: object) -> bool:
    known = isinstance(value, (int, float)) and not isinstance(value, bool)
    return known and abs(value) < _MOST  # type: ignore[arg-type]  # evidence may be anything


def timeline(shown: Sequence[Line], *, may: bool) -> html.Ol:
    """The lines, with what can be undone."""
    items = [_item(line, i == 0, may=may) for i, line in enumerate(shown)]
    return html.Ol(items, className="ec-ledger", id="models-ledger")


def _item(line: Line, is_first: bool, *, may: bool) -> html.Li:
    said: list[Any] = []
    for part in line.parts:
        said += [" · ", part] if said else [part]
    offer = [_offer(line.offer, back=line.back, may=may)] if line.offer else []
    when = html.Time(short_day(line.at), dateTime=iso(line.at)) if line.at is not None else None
    return html.Li(
        [
            html.Span(
                icon(line.shape), className="ec-ledger-mark" + (" ec-on" if is_first else "")
            ),
            html.Div([html.H3(line.title), when], className="ec-ledger-head"),
            html.P(said, className="ec-caption"),
            *offer,
        ],
        className="ec-ledger-line" if line.changed else "ec-ledger-line ec-ledger-check",
    )


def _offer(version: str, *, back: bool, may: bool) -> html.Button:
    asked = {"data-promote": version} | ({"data-back": "1"} if back else {})
    text = f"Roll back to {version}…" if back else f"Promote {version}…"
    return html.Button(
        [icon("undo" if back else "star"), text],
        type="button",
        className="ec-link-button",
        disabled=None if may else True,
        **asked,
    )


def choice(*, only: bool) -> html.Div:
    """All lines, or those that changed the champion; assets/js/76-models.js switches."""
    buttons = [
        html.Button(
            text,
            type="button",
            className="ec-choice-one",
            **{"data-ledger": value, "aria-pressed": "true" if chosen else "false"},
        )
        for text, value, chosen in (("All", "", not only), ("Promotions", "promotions", only))
    ]
    return html.Div(
        buttons, className="ec-choice", role="group", **{"aria-label": "Lines of the ledger"}
    )
