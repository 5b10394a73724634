"""The table of versions: what each is, whether it answers, how it does on the same events."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from dash import dcc, html

from webapp.catalog.versions import Version
from webapp.components.icons import icon
from webapp.pages.models import descriptions
from webapp.services.formatting import NBSP, number, span
from webapp.services.models.leaderboard import Judged, Standing
from webapp.stats.rates import Interval

_HEADS = (
    *("Version", "Status", "Trained on", f"Log loss, 95{NBSP}% interval", "AUC", "Environment"),
    html.Span("What can be done", className="ec-sr"),
)
_ICONS = {"good": "check", "bad": "warning", "unsure": "question"}
_CODE = re.compile(r"([A-Z]+_[A-Z_]+(?:=\w+)?|mlflow\.[\w.]+\([^)]*\))")
_EDGE = 0.06  # of the scale, left free at both ends


def table(
    versions: Sequence[Version],
    champion: str | None,
    since: int | None,
    standing: Standing,
    *,
    may: bool,
) -> html.Table:
    """One row a version; on narrow screens its rows are items of a list (css/models.css)."""
    scale = _Scale(standing, champion)
    rows = [
        _row(
            version, version.name == champion, since, standing.judged.get(version.name), scale, may
        )
        if version.prepared is not None
        else _off(version, version.name == champion)
        for version in versions
    ]
    heads = [html.Th(name, scope="col") for name in _HEADS]
    return html.Table(
        [html.Thead(html.Tr(heads)), html.Tbody(rows)],
        className="ec-table ec-versions",
        id="models-table",
    )


class _Scale:
    """Where a log loss stands on the line that all rows share."""

    def __init__(self, standing: Standing, champion: str | None) -> None:
        fair = {name: judged for name, judged in standing.judged.items() if not judged.trained}
        known = [judged.log_loss for judged in fair.values() if judged.log_loss is not None]
        self._low = min((k.low for k in known), default=0.0)
        self._width = max((k.high for k in known), default=1.0) - self._low
        self.any = bool(standing.judged)
        best = fair.get(champion or "")
        self.champion = best.log_loss.value if best is not None and best.log_loss else None

    def at(self, value: float) -> float:
        """In percent."""
        part = (value - self._low) / self._width if self._width > 0 else 0.5
        return 100 * (_EDGE + (1 - 2 * _EDGE) * part)


def _row(
    version: Version,
    is_champion: bool,
    since: int | None,
    judged: Judged | None,
    scale: _Scale,
    may: bool,
) -> html.Tr:
    assert version.prepared is not None
    period, many = descriptions.trained_on(version.prepared.facts)
    more = [html.Div(note, className="ec-caption") for note in descriptions.notes(version)]
    cells = [
        html.Th([_name(version), *more], scope="row"),
        html.Td(_status(version, since) if is_champion else _available(version)),
        html.Td([html.Div(period), html.Div(many, className="ec-caption")]),
        html.Td(_loss(judged, scale, is_champion), className="ec-v-loss"),
        html.Td(_auc(judged), className="ec-v-auc"),
        html.Td(_environment(version), className="ec-v-environment"),
        html.Td(None if is_champion else _promote(version.name, may), className="ec-v-act"),
    ]
    return html.Tr(cells, **{"data-version": version.name})


def _name(version: Version) -> html.Div:
    link = dcc.Link(version.name, href=f"/?version={version.name}", className="ec-v-name")
    about = html.Div(descriptions.kind(version.prepared), className="ec-caption")
    return html.Div([link, about])


def _off(version: Version, is_champion: bool) -> html.Tr:
    """One that can't answer: why, in place of numbers."""
    if version.status == "preparing":
        status, reason = _said("clock", "Preparing…"), "Its table is being computed."
    elif version.refused:
        why = "Refused: pickle" if "pickle" in (version.reason or "") else "Refused"
        status, reason = _said("shield", why, "bad"), version.reason or ""
    else:
        status, reason = _said("ban", "Unavailable"), version.reason or "It can't be served."
    badge = [_badge()] if is_champion else []
    return html.Tr(
        [
            html.Th(html.Span(version.name, className="ec-v-name"), scope="row"),
            html.Td([*badge, status]),
            html.Td(coded(_sentence(reason)), colSpan=5, className="ec-v-reason"),
        ],
        className="ec-v-off",
        **{"data-version": version.name},
    )


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


def coded(text: str) -> list[Any]:
    """A text whose settings and calls are set as code."""
    parts = _CODE.split(text)
    return [html.Code(part) if i % 2 else part for i, part in enumerate(parts) if part]


def _badge() -> html.Span:
    return html.Span([icon("star"), "champion"], className="ec-badge ec-shown")


def _said(shape: str, text: str, tone: str = "unsure") -> html.Div:
    return html.Div([icon(shape), text], className=f"ec-v-said ec-tone-{tone}")


def _status(version: Version, since: int | None) -> list[Any]:
    when = f"since {span(since, since + 1)}" if since is not None else "by default"
    return [_badge(), html.Div(when, className="ec-caption"), *_from_table(version)]


def _available(version: Version) -> list[Any]:
    if descriptions.from_table(version) is not None:
        return [_said("table", "Served from its table"), *_from_table(version)]
    return [_said("circle-check", "Available", "good")]


def _from_table(version: Version) -> list[Any]:
    why = descriptions.from_table(version)
    return [html.Div(why, className="ec-caption")] if why else []


def _loss(judged: Judged | None, scale: _Scale, is_champion: bool) -> object:
    if judged is None or judged.log_loss is None:
        told = "asks for other inputs" if scale.any and judged is None else "–"
        return html.Span(told, className="ec-soft")
    found = judged.log_loss
    value = html.Span(
        [html.Span("log loss ", className="ec-v-label"), html.Strong(number(found.value, 3))],
        className="ec-v-value",
    )
    range_ = f"[{number(found.low, 3)}, {number(found.high, 3)}]"
    if judged.trained:
        seen = html.Span("trained on some of these", className="ec-v-seen ec-caption")
        return html.Div([value, seen], className="ec-v-judged", title=f"{range_}, no evidence")
    return html.Div(
        [value, _line(found, scale, is_champion), html.Span(range_, className="ec-sr")],
        className="ec-v-judged",
        title=range_,
    )


def _line(found: Interval, scale: _Scale, is_champion: bool) -> html.Span:
    low, high = scale.at(found.low), scale.at(found.high)
    marks = [
        html.Span(
            className="ec-v-range", style={"left": f"{low:.2f}%", "right": f"{100 - high:.2f}%"}
        ),
        html.Span(
            className="ec-v-dot ec-v-dot-full" if is_champion else "ec-v-dot",
            style={"left": f"{scale.at(found.value):.2f}%"},
        ),
    ]
    if scale.champion is not None:
        at = {"left": f"{scale.at(scale.champion):.2f}%"}
        marks.insert(0, html.Span(className="ec-v-champion", style=at))
    return html.Span(marks, className="ec-v-line", **{"aria-hidden": "true"})


def _auc(judged: Judged | None) -> object:
    if judged is None or judged.auc is None:
        return html.Span("–", className="ec-soft")
    range_ = f"[{number(judged.auc.low, 3)}, {number(judged.auc.high, 3)}]"
    value = number(judged.auc.value, 3)
    label = html.Span("AUC ", className="ec-v-label")
    return html.Span([label, value], title=range_, className="ec-soft" if judged.trained else None)


def _environment(version: Version) -> html.Div:
    tone, text = descriptions.environment(version)
    return _said(_ICONS[tone], text, tone)


def _promote(name: str, may: bool) -> html.Button:
    return html.Button(
        "Promote…",
        type="button",
        className="ec-button ec-small",
        disabled=None if may else True,
        **{"data-promote": name, "aria-label": f"Promote {name}…"},
    )
