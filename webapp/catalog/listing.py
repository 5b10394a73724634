"""Lines and JSON of ``everycase versions``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from webapp.cases import shorten
from webapp.catalog.answering import describe_answering, describe_cost
from webapp.catalog.prepared import Facts, PreparedError, read_facts
from webapp.catalog.scan import CatalogEntry
from webapp.catalog.versions import IMPORTED
from webapp.grammar import cut


def as_json(entry: CatalogEntry) -> dict[str, Any]:
    """One version for JSON; ``training`` holds its training facts, if it has any."""
    facts = _read_facts(entry)
    return {
        "name": entry.name,
        "status": entry.status,
        "reason": entry.reason,
        "features": list(facts.features) if facts else [],
        "classes": list(facts.classes if facts else entry.classes),
        "positive": facts.positive if facts else None,
        "training": facts.training if facts else {},
        "answered_by": facts.answered_by if facts else {},
        "environment_cost": facts.cost if facts else {},
        "warnings": list(entry.warnings),
    }


def as_line(entry: CatalogEntry) -> str:
    """One version on one line: name, status, reason, features, training and warnings."""
    facts = _read_facts(entry)
    sentences = [entry.reason] if entry.reason else []
    if facts is not None:
        sentences += [_describe_features(facts.features), _describe_outcome(facts)]
        sentences += [_describe_training(facts.training), _describe_purpose(facts.training)]
        sentences += [describe_answering(facts), describe_cost(facts)]
    text = " ".join(part for part in (*sentences, *entry.warnings) if part)
    return f"{entry.name:<24} {entry.status:<14} {text}".rstrip()


def _read_facts(entry: CatalogEntry) -> Facts | None:
    """The facts of a version that is served; None if it isn't, or its files are gone by now."""
    if entry.place is None:
        return None
    try:
        return read_facts(Path(entry.place))
    except PreparedError:
        return None


def _describe_features(names: tuple[str, ...]) -> str:
    if len(names) == 1:
        return f"1 feature, {shorten(names[0])}."
    return f"{len(names)} features, {shorten(names[0])} to {shorten(names[-1])}."


def _describe_outcome(facts: Facts) -> str:
    """What its probability stands for, if that has a name."""
    return f"Probability of {shorten(facts.outcome)}." if facts.outcome else ""


def _describe_training(facts: dict[str, Any]) -> str:
    """A sentence from the training facts, which come from metadata that may hold anything."""
    rows, source, estimator = (facts.get(name) for name in ("rows", "source", "estimator"))
    if estimator == IMPORTED:
        return f"Imported from {shorten(source)}." if isinstance(source, str) else ""
    if not isinstance(rows, str) or not isinstance(source, str):
        return ""
    kind = f" ({shorten(estimator)})" if isinstance(estimator, str) else ""
    return f"Trained on rows {shorten(rows)} of {shorten(source.rpartition('/')[2])}{kind}."


def _describe_purpose(facts: dict[str, Any]) -> str:
    """Why it was made, as a sentence in its owner's words."""
    why = facts.get("why")
    return f"Why: {cut(why).rstrip('.')}." if isinstance(why, str) and why else ""
