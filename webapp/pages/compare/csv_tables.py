"""The tables of a comparison as CSV: a head and rows, with the numbers in full."""

from __future__ import annotations

from typing import Any

from webapp.services.compare.answer import ComparisonReport
from webapp.services.compare.as_json import as_json
from webapp.stats.metric_specs import SPECS

Rows = list[list[Any]]
_ENDS = ("value", "low", "high")
_DIFFERENCE = (*_ENDS, "margin", "verdict", "further")


def tables(report: ComparisonReport) -> dict[str, Rows]:
    """The tables that have rows, by name. The browser makes the one of the decisions that flip."""
    form = as_json(report)
    by_name = {
        "metrics": [*_metrics(form["versions"]), _advice(form)],
        "segments": _segments(form["segments"]),
        "effects": _effects(form["effects"]),
        "periods": _periods(form["periods"]),
        "facts": _facts(form["versions"]),
    }
    return {name: rows for name, rows in by_name.items() if len(rows) > 1}


def _metrics(versions: list[dict[str, Any]]) -> Rows:
    head = ["version", "metric", "value", "low", "high", "difference", "difference_low"]
    rows: Rows = [[*head, "difference_high", "margin", "verdict", "further"]]
    for version in versions:
        for spec in SPECS:
            value = version["metrics"][spec.key]
            if value is None:
                continue
            difference = version["differences"].get(spec.key) or {}
            columns = [
                difference.get(name, "") for name in (*_ENDS, "margin", "verdict", "further")
            ]
            rows.append([version["version"], spec.key, *(value[name] for name in _ENDS), *columns])
    return rows


def _advice(form: dict[str, Any]) -> list[Any]:
    """The row of the advice, on the version to promote or else the one that stays."""
    version = form["better"] or form["reference"]
    return [version, "advice", *[""] * (len(_ENDS) * 2 + 1), form["headline"], ""]


def _segments(segments: list[dict[str, Any]]) -> Rows:
    rows: Rows = [["feature", "outcomes", "difference", "low", "high", "margin", "verdict"]]
    for segment in segments:
        ends = _ends(segment["difference"])
        verdict = (segment["margin"], segment["verdict"])
        rows.append([segment["name"], segment["n"], *ends, *verdict])
    return rows


def _effects(effects: dict[str, Any] | None) -> Rows:
    rows: Rows = [["effect", "log_odds"]]
    for effect in effects["effects"] if effects else ():
        rows.append([" x ".join(effect["names"]), effect["value"]])
    return rows


def _periods(periods: list[dict[str, Any]]) -> Rows:
    rows: Rows = [["from", "days", "version", "log_loss", "low", "high", "behind", "trained_on"]]
    for period in periods:
        for cell in period["versions"]:
            head = [period["from"], period["days"], cell["version"]]
            rows.append([*head, *_ends(cell["log_loss"]), cell["behind"], cell["trained_on_these"]])
    return rows


def _facts(versions: list[dict[str, Any]]) -> Rows:
    names = dict.fromkeys(name for version in versions for name in version["training"])
    rows: Rows = [["fact", *(version["version"] for version in versions)]]
    rows += [[name, *(_format_fact(v["training"].get(name)) for v in versions)] for name in names]
    return rows


def _ends(interval: dict[str, Any] | None) -> list[Any]:
    return [interval[name] if interval else None for name in _ENDS]


def _format_fact(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return ", ".join(f"{name} {_format_fact(inner)}" for name, inner in value.items())
