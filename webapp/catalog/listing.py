"""What ``everycase versions`` tells of each version."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from webapp.cases import shorten
from webapp.catalog.prepared import Facts, PreparedError, read_facts
from webapp.catalog.scan import Entry


def as_json(entry: Entry) -> dict[str, Any]:
    """One version for JSON; ``training`` holds what it was trained on, if that is known."""
    facts = _facts_of(entry)
    return {
        "name": entry.name,
        "status": entry.status,
        "reason": entry.reason,
        "features": list(facts.features) if facts else [],
        "training": facts.training if facts else {},
        "warnings": list(entry.warnings),
    }


def as_line(entry: Entry) -> str:
    """One version on one line: name, status, and what is to be known of it."""
    facts = _facts_of(entry)
    told = [entry.reason] if entry.reason else []
    if facts is not None:
        told += [_features(facts.features), _training(facts.training)]
    said = " ".join(part for part in (*told, *entry.warnings) if part)
    return f"{entry.name:<24} {entry.status:<12} {said}".rstrip()


def _facts_of(entry: Entry) -> Facts | None:
    """The facts of a version that is served; None when they are gone since the look at them."""
    if entry.place is None:
        return None
    try:
        return read_facts(Path(entry.place))
    except PreparedError:
        return None


def _features(names: tuple[str, ...]) -> str:
    if len(names) == 1:
        return f"1 feature, {shorten(names[0])}."
    return f"{len(names)} features, {shorten(names[0])} to {shorten(names[-1])}."


def _training(facts: dict[str, Any]) -> str:
    """A sentence from the facts in a model's metadata, which may hold anything."""
    rows, source, estimator = (facts.get(name) for name in ("rows", "source", "estimator"))
    if not isinstance(rows, str) or not isinstance(source, str):
        return ""
    kind = f" ({shorten(estimator)})" if isinstance(estimator, str) else ""
    return f"Trained on rows {shorten(rows)} of {shorten(source.rpartition('/')[2])}{kind}."
