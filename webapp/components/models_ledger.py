"""The promotion ledger as a timeline: every change of champion, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dash import html

from webapp.components.icons import icon
from webapp.events.ledger import Promotion
from webapp.services.promotion import ROLL_BACK
from webapp.services.wording import MINUS, NBSP, iso, share, short_day

SHOWN = 30  # lines


@dataclass(frozen=True)
class Entry:
    """One line; ``back`` is the version that it offers to roll back to."""

    at: int | None
    shape: str  # of its icon
    title: str
    parts: tuple[Any, ...]  # said under it, apart by dots
    promotion: bool = True
    back: str | None = None


def entries(history: Sequence[Promotion], default: str | None, able: set[str]) -> list[Entry]:
    """Lines of promotions, newest first, and how it all began.

    ``default`` is who is champion by default now, ``able`` are the versions that can answer.
    """
    lines = [_entry(line, i == 0, able) for i, line in enumerate(history)]
    first = history[-1].previous if history else default
    if first is not None and len(history) <= SHOWN:
        began = Entry(None, "bolt", f"{first} is the first champion", ("by default",))
        lines.append(began)
    return lines


def _entry(line: Promotion, is_last: bool, able: set[str]) -> Entry:
    back = line.previous if is_last and line.previous in able else None
    rolled = line.evidence.get("action") == ROLL_BACK
    over = f" over {line.previous}" if line.previous else ""
    title = f"Rolled back to {line.version}" if rolled else f"Promoted {line.version}{over}"
    reason = [f"“{line.reason}”"] if line.reason else []
    said = (f"by {line.actor}", *reason, *evidence(line.evidence))
    return Entry(line.at, "undo" if rolled else "star", title, said, back=back)


def evidence(found: Mapping[str, Any]) -> list[Any]:
    """What a line was decided on. Programs may have sent anything as evidence."""
    parts: list[Any] = []
    loss, n = found.get("log_loss"), found.get("n")
    if isinstance(loss, Mapping) and all(_is_number(loss.get(k)) for k in ("value", "low", "high")):
        on = f" on {n:,} matured events" if isinstance(n, int) and not isinstance(n, bool) else ""
        strong = html.Span(signed(loss["value"], 4), className="ec-ink")
        range_ = f"{NBSP}[{signed(loss['low'], 4)},{NBSP}{signed(loss['high'], 4)}]"
        parts.append([f"log loss{NBSP}", strong, f"{range_}{on}"])
    churn = found.get("churn")
    if _is_number(churn) and 0 <= churn <= 1:
        parts.append(f"churn{NBSP}{share(churn, 1)}")
    if found.get("override") is True:
        parts.append("against the gate")
    return parts


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def signed(value: float, decimals: int) -> str:
    """With its sign, unless it is 0 as shown."""
    text = f"{value:+.{decimals}f}"
    return text[1:] if float(text) == 0 else text.replace("-", MINUS)


def timeline(lines: Sequence[Entry], *, may: bool) -> html.Ol:
    """The lines, with what can be undone."""
    items = [_item(line, i == 0, may=may) for i, line in enumerate(lines)]
    return html.Ol(items, className="ec-ledger", id="models-ledger")


def _item(line: Entry, is_first: bool, *, may: bool) -> html.Li:
    said: list[Any] = []
    for part in line.parts:
        said += [" · ", part] if said else [part]
    back = [_back(line.back, may=may)] if line.back else []
    when = html.Time(short_day(line.at), dateTime=iso(line.at)) if line.at is not None else None
    return html.Li(
        [
            html.Span(
                icon(line.shape), className="ec-ledger-mark" + (" ec-on" if is_first else "")
            ),
            html.Div([html.H3(line.title), when], className="ec-ledger-head"),
            html.P(said, className="ec-caption"),
            *back,
        ],
        className="ec-ledger-line" if line.promotion else "ec-ledger-line ec-ledger-check",
    )


def _back(version: str, *, may: bool) -> html.Button:
    return html.Button(
        [icon("undo"), f"Roll back to {version}…"],
        type="button",
        className="ec-link-button",
        disabled=None if may else True,
        **{"data-promote": version, "data-back": "1"},
    )
