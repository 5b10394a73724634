"""The tables of a comparison as files: a head and rows, with the numbers in full."""

from __future__ import annotations

from typing import Any

from webapp.services.compare.answer import Answer
from webapp.services.compare.as_json import as_json

Rows = list[list[Any]]


def tables(answer: Answer) -> dict[str, Rows]:
    """By name; only those that have rows. The cases that change side are the browser's."""
    form = as_json(answer)
    made = {
        "metrics": _metrics(form["versions"]),
        "segments": _segments(form["segments"]),
        "effects": _effects(form["effects"]),
        "periods": _periods(form["periods"]),
        "facts": _facts(form["versions"]),
    }
    return {name: rows for name, rows in made.items() if len(rows) > 1}


def _metrics(versions: list[dict[str, Any]]) -> Rows:
    head = ["version", "metric", "value", "low", "high", "difference", "difference_low"]
    rows: Rows = [[*head, "difference_high", "verdict", "further"]]
    for version in versions:
        for name, value in version.get("metrics", {}).items():
            if value is None:
                continue
            d = version["differences"].get(name)
            told = [d[k] for k in ("value", "low", "high", "verdict", "further")] if d else [""] * 5
            rows.append(
                [version["version"], name, value["value"], value["low"], value["high"], *told]
            )
    return rows


def _segments(segments: list[dict[str, Any]]) -> Rows:
    rows: Rows = [["feature", "outcomes", "difference", "low", "high", "verdict"]]
    for one in segments:
        d = one["difference"] or dict.fromkeys(("value", "low", "high"))
        rows.append([one["name"], one["n"], d["value"], d["low"], d["high"], one["verdict"]])
    return rows


def _effects(effects: dict[str, Any] | None) -> Rows:
    rows: Rows = [["effect", "log_odds"]]
    for one in effects["effects"] if effects else ():
        rows.append([" x ".join(one["names"]), one["value"]])
    return rows


def _periods(periods: list[dict[str, Any]]) -> Rows:
    rows: Rows = [["from", "days", "version", "log_loss", "low", "high", "behind", "trained_on"]]
    for period in periods:
        for cell in period["versions"]:
            loss = cell["log_loss"] or dict.fromkeys(("value", "low", "high"))
            begun = [period["from"], period["days"], cell["version"]]
            told = [loss["value"], loss["low"], loss["high"], cell["behind"]]
            rows.append([*begun, *told, cell["trained_on_these"]])
    return rows


def _facts(versions: list[dict[str, Any]]) -> Rows:
    names = dict.fromkeys(name for version in versions for name in version["training"])
    rows: Rows = [["fact", *(version["version"] for version in versions)]]
    rows += [[name, *(_plain(v["training"].get(name)) for v in versions)] for name in names]
    return rows


def _plain(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return ", ".join(f"{name} {_plain(inner)}" for name, inner in value.items())
