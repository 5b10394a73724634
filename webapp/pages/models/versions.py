"""The table of versions: kind, status and metrics, all on the same events."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from dash import dcc, html

from webapp.catalog.answering import describe_cost
from webapp.catalog.prepared import Prepared
from webapp.catalog.versions import Version
from webapp.components.icons import icon
from webapp.components.terms import explain
from webapp.components.version_key import version_key
from webapp.grammar import NBSP, as_sentence
from webapp.pages.models import choice, descriptions
from webapp.services.formatting import number, span
from webapp.services.models.leaderboard import Leaderboard, VersionScore
from webapp.services.own_skill import describe_skills
from webapp.services.traffic.store_command import describe_lack, describe_stored, store_command
from webapp.stats.rates import Interval

_HEADS = (
    "Version",
    "Status",
    "Trained on",
    f"Log loss, 95{NBSP}% interval",
    "AUC",
    "Environment",
)
_ICONS = {"good": "check", "bad": "warning", "unsure": "question"}
_CODE = re.compile(
    r"([A-Z]+_[A-Z_]+(?:=\w+)?|mlflow\.[\w.]+\([^)]*\)|"
    r"everycase choose \S+ --positive (?:'[^']*'|\S+?)(?=\.?(?:\s|$)))"
)
_EDGE = 0.06  # share of the scale that is left free at both ends


def table(
    versions: Sequence[Version],
    champion: str | None,
    since: int | None,
    leaderboard: Leaderboard,
    looks: Mapping[str, int],
    *,
    can_admin: bool,
    rows_by_build: Mapping[str, tuple[str, int]] | None = None,
) -> html.Table:
    """One row per version; on narrow screens the rows are a list (css/models.css).

    ``looks``: the place of each version's colour in the list of looks.
    ``rows_by_build`` are the source and number of the rows that versions are held against.
    """
    scale = _Scale(leaderboard, champion)
    rows = [
        _row(
            version,
            version.name == champion,
            since,
            leaderboard.scores.get(version.name),
            scale,
            looks[version.name],
            _trained_on(version.name, version.prepared, rows_by_build or {}),
            can_admin=can_admin,
        )
        if version.prepared is not None
        else _unavailable_row(version, version.name == champion, can_admin=can_admin)
        for version in versions
    ]
    heads = [html.Th(explain(name), scope="col") for name in _HEADS]
    heads.append(html.Th(html.Span("Actions", className="ec-sr"), scope="col"))
    return html.Table(
        [html.Thead(html.Tr(heads)), html.Tbody(rows)],
        className="ec-table ec-versions",
        id="models-table",
    )


class _Scale:
    """The scale of log losses that all rows share."""

    def __init__(self, leaderboard: Leaderboard, champion: str | None) -> None:
        fair = {name: score for name, score in leaderboard.scores.items() if not score.trained}
        intervals = [score.log_loss for score in fair.values() if score.log_loss is not None]
        self._low = min((interval.low for interval in intervals), default=0.0)
        self._width = max((interval.high for interval in intervals), default=1.0) - self._low
        self.any = bool(leaderboard.scores)
        self.other_class = leaderboard.other_class
        best = fair.get(champion or "")
        self.champion = best.log_loss.value if best is not None and best.log_loss else None

    def at(self, value: float) -> float:
        """The position of a value, in percent of the width."""
        part = (value - self._low) / self._width if self._width > 0 else 0.5
        return 100 * (_EDGE + (1 - 2 * _EDGE) * part)


def _row(
    version: Version,
    is_champion: bool,
    since: int | None,
    score: VersionScore | None,
    scale: _Scale,
    look: int,
    trained_on: list[Any],
    *,
    can_admin: bool,
) -> html.Tr:
    notes = [html.Div(note, className="ec-caption") for note in descriptions.notes(version)]
    cells = [
        html.Th([_name(version, look), *notes], scope="row"),
        html.Td(_champion_status(version, since) if is_champion else _available(version)),
        html.Td(trained_on, className="ec-v-trained"),
        html.Td(_loss(version.name, score, scale, is_champion), className="ec-v-loss"),
        html.Td(_auc(score), className="ec-v-auc"),
        html.Td(_environment(version), className="ec-v-environment"),
        html.Td(None if is_champion else _promote(version.name, can_admin), className="ec-v-act"),
    ]
    return html.Tr(cells, **{"data-version": version.name})


def _trained_on(
    name: str, prepared: Prepared, rows_by_build: Mapping[str, tuple[str, int]]
) -> list[Any]:
    """Its training data, how much they flatter it, and what it came without or is held against."""
    period, events = descriptions.trained_on(prepared.facts)
    rows, lack = rows_by_build.get(prepared.facts.build), describe_lack(prepared)
    purpose = descriptions.purpose(prepared.facts)
    captions: list[Any] = [purpose, events, describe_skills(prepared)]
    if rows is not None:
        captions.append(describe_stored(*rows))
    elif lack:
        captions.append([f"came without {lack}: ", html.Code(store_command(name))])
    lines = [html.Div(text, className="ec-caption") for text in captions if text]
    return [html.Div(period), *lines]


def _name(version: Version, look: int) -> html.Div:
    link = dcc.Link(version.name, href=f"/?version={version.name}", className="ec-v-name")
    about = html.Div(descriptions.kind(version.prepared), className="ec-caption")
    name = html.Span([version_key(look), link], className="ec-nowrap")
    return html.Div([name, about, *_own_code(version)])


def _own_code(version: Version) -> list[Any]:
    text = descriptions.own_code(version)
    return [_status_text("code", text)] if text else []


def _unavailable_row(version: Version, is_champion: bool, *, can_admin: bool) -> html.Tr:
    """The row of a version that can't answer, with the reason in place of metrics."""
    if version.status == "preparing":
        status, reason = _status_text("clock", "Preparing…"), "Its table is being computed."
    elif version.status == "needs a choice":
        status, reason = _status_text("question", "Needs a choice"), version.reason or ""
    elif version.refused:
        why = "Refused: pickle" if "pickle" in (version.reason or "") else "Refused"
        status, reason = _status_text("shield", why, "bad"), version.reason or ""
    else:
        status, reason = _status_text("ban", "Unavailable"), version.reason or "It can't be served."
    badge = [_badge()] if is_champion else []
    return html.Tr(
        [
            html.Th(html.Span(version.name, className="ec-v-name"), scope="row"),
            html.Td([*badge, status]),
            html.Td(
                [*mark_code(as_sentence(reason)), *choice.parts(version, can_admin=can_admin)],
                colSpan=5,
                className="ec-v-reason",
            ),
        ],
        className="ec-v-off",
        **{"data-version": version.name},
    )


def mark_code(text: str) -> list[Any]:
    """A text with its settings and calls set as code."""
    parts = _CODE.split(text)
    return [html.Code(part) if i % 2 else part for i, part in enumerate(parts) if part]


def _badge() -> html.Span:
    return html.Span([icon("star"), "champion"], className="ec-badge ec-shown")


def _status_text(shape: str, text: str, tone: str = "unsure") -> html.Div:
    return html.Div([icon(shape), text], className=f"ec-v-said ec-tone-{tone}")


def _champion_status(version: Version, since: int | None) -> list[Any]:
    when = f"since {span(since, since + 1)}" if since is not None else "by default"
    return [_badge(), html.Div(when, className="ec-caption"), *_from_table(version)]


def _available(version: Version) -> list[Any]:
    if descriptions.from_table(version) is not None:
        return [_status_text("table", "Served from its table"), *_from_table(version)]
    return [_status_text("circle-check", "Available", "good")]


def _from_table(version: Version) -> list[Any]:
    why = descriptions.from_table(version)
    return [html.Div(why, className="ec-caption")] if why else []


def _loss(name: str, score: VersionScore | None, scale: _Scale, is_champion: bool) -> object:
    if score is None or score.log_loss is None:
        why = "of the other class" if name in scale.other_class else "different inputs"
        return html.Span(why if scale.any and score is None else "–", className="ec-soft")
    interval = score.log_loss
    value = html.Span(
        [html.Span("log loss ", className="ec-v-label"), html.Strong(number(interval.value, 3))],
        className="ec-v-value",
    )
    ends = f"[{number(interval.low, 3)}, {number(interval.high, 3)}]"
    if score.trained:
        note = html.Span("trained on some of these", className="ec-v-seen ec-caption")
        return html.Div([value, note], className="ec-v-judged", title=f"{ends}, not comparable")
    return html.Div(
        [value, _line(interval, scale, is_champion), html.Span(ends, className="ec-sr")],
        className="ec-v-judged",
        title=ends,
    )


def _line(interval: Interval, scale: _Scale, is_champion: bool) -> html.Span:
    low, high = scale.at(interval.low), scale.at(interval.high)
    marks = [
        html.Span(
            className="ec-v-range", style={"left": f"{low:.2f}%", "right": f"{100 - high:.2f}%"}
        ),
        html.Span(
            className="ec-v-dot ec-v-dot-full" if is_champion else "ec-v-dot",
            style={"left": f"{scale.at(interval.value):.2f}%"},
        ),
    ]
    if scale.champion is not None:
        at = {"left": f"{scale.at(scale.champion):.2f}%"}
        marks.insert(0, html.Span(className="ec-v-champion", style=at))
    return html.Span(marks, className="ec-v-line", **{"aria-hidden": "true"})


def _auc(score: VersionScore | None) -> object:
    if score is None or score.auc is None:
        return html.Span("–", className="ec-soft")
    ends = f"[{number(score.auc.low, 3)}, {number(score.auc.high, 3)}]"
    value = number(score.auc.value, 3)
    label = html.Span("AUC ", className="ec-v-label")
    return html.Span([label, value], title=ends, className="ec-soft" if score.trained else None)


def _environment(version: Version) -> html.Div:
    tone, text = descriptions.environment(version)
    cost = describe_cost(version.prepared.facts) if version.prepared else ""
    captions = [html.Div(cost, className="ec-caption")] if cost else []
    return html.Div([_status_text(_ICONS[tone], text, tone), *captions])


def _promote(name: str, can_admin: bool) -> html.Button:
    return html.Button(
        "Promote…",
        type="button",
        className="ec-button ec-small",
        disabled=None if can_admin else True,
        **{"data-promote": name, "aria-label": f"Promote {name}…"},
    )
