"""A backtest as one HTML file that opens offline: an SVG chart, a table, the retrains."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from html import escape
from itertools import pairwise
from math import ceil, floor, log10
from typing import Any

from webapp.grammar import MINUS, quantity

WIDTH, HEIGHT = 900, 360
LEFT, RIGHT, TOP, BOTTOM = 56, 150, 16, 36
_LISTED = 12  # retrains of a policy; more are only counted
_UNCAPPED = "without the cap on changed decisions"
_APART = 15  # pixels between the names at the ends of lines
_STYLE = """
:root { color-scheme: light dark; --never: #676e76; --periodic: #0b7285; --on_error: #ae3ec9;
  --on_gain: #4263eb; --ink: #212529; --soft: #555c65; --line: #e9ecef; --page: #fff; }
@media (prefers-color-scheme: dark) { :root { --never: #a6a9ad; --periodic: #3bc9db;
  --on_error: #da77f2; --on_gain: #748ffc; --ink: #e9ecef; --soft: #a6a9ad; --line: #3b3b3b;
  --page: #1f1f1f; } }
body { max-width: 960px; margin: 32px auto; padding: 0 16px; color: var(--ink);
  background: var(--page); font: 14px/1.5 Arial, sans-serif; }
h1 { font-size: 24px; margin: 0; } h2 { font-size: 15px; margin-top: 28px; }
.soft, figcaption { color: var(--soft); } figure { margin: 16px 0; overflow-x: auto; }
table { border-collapse: collapse; } th, td { padding: 6px 16px 6px 0; text-align: right;
  border-bottom: 1px solid var(--line); font-variant-numeric: tabular-nums; }
th:first-child, td:first-child { text-align: left; } svg text { font: 12px Arial, sans-serif; }
"""


def render(form: dict[str, Any]) -> str:
    """The file, from the backtest as JSON."""
    policies = form["policies"]
    title = f"Backtest of {len(policies)} retraining policies"
    lead = (
        f"{form['source']['shown']}: {quantity(form['start'], 'event')} to start with, then "
        f"{form['events']:,} in {quantity(form['checks'], 'block')}, each predicted before it is "
        "learnt from."
    )
    return "\n".join(
        [
            '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{title}</title><style>{_STYLE}</style></head><body>",
            f'<h1>{title}</h1><p class="soft">{escape(lead)}</p>',
            f"<figure>{chart(form)}<figcaption>{_caption(form)}</figcaption></figure>",
            _table(policies),
            *(_retrains(form, policy) for policy in policies if policy["retrained"]),
            "</body></html>",
        ]
    )


def _caption(form: dict[str, Any]) -> str:
    unit = "day" if form["unit"] == "day" else "row of the file, in order of time"
    return (
        "Cumulative log loss against never retraining, in nats; lower is better. Dots are "
        f"retrains. Horizontal axis: {unit}."
    )


def chart(form: dict[str, Any]) -> str:
    """One line per policy from 0 on, with dots at its retrains and its name at the end."""
    policies = form["policies"]
    values: list[float] = [0.0, *(v for p in policies for v in p["curve"]["difference"])]
    low, high = min(values), max(values)
    checks: int = form["checks"]

    def x(check: float) -> float:
        return LEFT + check / checks * (WIDTH - LEFT - RIGHT)

    def y(value: float) -> float:
        return TOP + (high - value) / ((high - low) or 1) * (HEIGHT - TOP - BOTTOM)

    parts = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" role="img">',
        f"<title>{escape(_describe(policies))}</title>",
        *(_level(tick, y(tick)) for tick in scale(low, high)),
        *(
            _text(x(check + 1), HEIGHT - 10, "middle", place(form["unit"], end))
            for check, end in enumerate(policies[0]["curve"]["at"])
            if check in (0, checks // 2, checks - 1)
        ),
        *(_line(policy, x, y) for policy in policies),
        *_names(policies, y),
    ]
    return "".join([*parts, "</svg>"])


def _level(tick: float, height: float) -> str:
    grid = f'<path d="M{LEFT} {height:.1f}H{WIDTH - RIGHT}" stroke="var(--line)"/>'
    return grid + _text(LEFT - 8, height + 4, "end", _number(tick))


def _names(policies: list[dict[str, Any]], y: Any) -> Iterator[str]:
    last = [policy["curve"]["difference"][-1] for policy in policies]
    for policy, value, height in zip(policies, last, spread([y(v) for v in last]), strict=True):
        name = f"{policy['policy']} {_number(value)}"
        yield _text(WIDTH - RIGHT + 8, height + 4, "start", name, policy["policy"])


def _text(x: float, y: float, anchor: str, text: str, colour: str = "soft") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="var(--{colour})">{text}</text>'
    )


def _line(policy: dict[str, Any], x: Any, y: Any) -> str:
    colour, curve = f"var(--{policy['policy']})", policy["curve"]
    steps = enumerate([0.0, *curve["difference"]])
    points = " ".join(f"{x(check):.1f},{y(value):.1f}" for check, value in steps)
    place_of = {end: check + 1 for check, end in enumerate(curve["at"])}
    dots = "".join(
        f'<circle cx="{x(place_of[one["at"]]):.1f}" cy="{y(one["difference"]):.1f}" r="3" '
        f'fill="{colour}"><title>{escape(one["challenger"])}</title></circle>'
        for one in policy["retrained"]
    )
    return f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>{dots}'


def scale(low: float, high: float, about: int = 5) -> list[float]:
    """About so many round numbers from ``low`` to ``high``; 0 is one of them if it is inside."""
    raw = ((high - low) or 1.0) / about
    size = 10.0 ** floor(log10(raw))
    step = next(s * size for s in (1, 2, 5, 10) if s * size >= raw)
    return [k * step for k in range(ceil(low / step), floor(high / step) + 1)]


def spread(heights: Sequence[float]) -> list[float]:
    """The heights in pixels, moved so that texts at them don't overlap."""
    moved_heights = list(heights)
    order = sorted(range(len(heights)), key=lambda i: heights[i])
    for above, below in pairwise(order):
        moved_heights[below] = max(moved_heights[below], moved_heights[above] + _APART)
    return moved_heights


def place(unit: str, end: int) -> str:
    """``17,500`` or ``2026-11-24``."""
    if unit == "day":
        return datetime.fromtimestamp(end / 1000, UTC).date().isoformat()
    return f"{end:,}"


def _number(value: float) -> str:
    text = f"{value:,.0f}"
    return "0" if text == "-0" else text.replace("-", MINUS)


def _describe(policies: list[dict[str, Any]]) -> str:
    ends = (f"{p['policy']} ends at {p['curve']['difference'][-1]:.0f}" for p in policies)
    return f"Cumulative log loss against never retraining: {', '.join(ends)}"


def _table(policies: list[dict[str, Any]]) -> str:
    heads = ("Policy", "Log loss", "AUC", "Brier", "Retrains", "Refused", "Seconds")
    rows = "".join(
        _row(p["policy"], p, f"{p['refused']}", f"{p['seconds']:.1f}")
        + (_row(_UNCAPPED, p["uncapped"], "", "") if p["uncapped"] else "")
        for p in sorted(policies, key=lambda p: p["log_loss"])
    )
    head = "".join(f"<th>{name}</th>" for name in heads)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _row(name: str, result: dict[str, Any], refusals: str, seconds: str) -> str:
    return (
        f"<tr><td>{name}</td><td>{result['log_loss']:.4f}</td><td>{result['auc']:.4f}</td>"
        f"<td>{result['brier']:.4f}</td><td>{result['retrains']}</td><td>{refusals}</td>"
        f"<td>{seconds}</td></tr>"
    )


def _retrains(form: dict[str, Any], policy: dict[str, Any]) -> str:
    heading = f"<h2>Retrains of {policy['policy']}</h2>"
    if len(policy["retrained"]) > _LISTED:
        n = len(policy["retrained"])
        return f"{heading}<p>{n:,} retrains, too many to list; the JSON output has them.</p>"
    rows = "".join(
        f"<li><b>{place(form['unit'], one['at'])}</b> {escape(one['challenger'])}, fitted on "
        f"{quantity(one['trained_on'], 'event')}. {escape(one['explanation'])}</li>"
        for one in policy["retrained"]
    )
    return f"{heading}<ul>{rows}</ul>"
