"""The promotion ledger as the Models page shows it: promotions, roll-backs and kept champions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from webapp.db.tables.checks import Check
from webapp.db.tables.ledger import Promotion
from webapp.services.context import Services

Kind = Literal["promoted", "rolled back", "registered", "kept", "not enough evidence", "failed"]


@dataclass(frozen=True)
class Entry:
    """A line of what happened to the champion: a promotion, or a retrain that left it."""

    kind: Kind
    at: int
    version: str | None
    previous: str | None
    actor: str
    reason: str
    evidence: Mapping[str, Any]  # of the gate, where it was asked: see ``gate_form.as_json``
    check: int | None = None


def ledger(services: Services, limit: int = 50) -> list[Entry]:
    """The last of both, newest first."""
    promotions = services.ledger.history(limit)
    retrains = [
        check
        for traffic in ("real", "simulated")
        for check in services.checks.history(limit, traffic, retrains=True)
        if check.finished_at is not None
    ]
    entries = [*_promotions(promotions), *(e for c in retrains if (e := _retrain(c)) is not None)]
    return sorted(entries, key=lambda entry: -entry.at)[:limit]


def _promotions(found: list[Promotion]) -> list[Entry]:
    """A promotion of what had been champion before is a roll-back."""
    entries = []
    for i, line in enumerate(found):
        before = {p.version for p in found[i + 1 :]} | {p.previous for p in found[i + 1 :]}
        kind: Kind = "rolled back" if line.version in before else "promoted"
        check, evidence = line.evidence.get("check"), line.evidence
        entries.append(
            Entry(kind, line.at, line.version, line.previous, line.actor, line.reason, evidence)
            if not isinstance(check, int)
            else Entry(
                kind, line.at, line.version, line.previous, line.actor, line.reason, evidence, check
            )
        )
    return entries


def _retrain(check: Check) -> Entry | None:
    """A retrain after which the champion stayed; the others are in the ledger."""
    if check.evidence.get("promoted"):
        return None
    kinds: dict[str, Kind] = {
        "promote": "registered",
        "keep": "kept",
        "not enough evidence": "not enough evidence",
    }
    kind = kinds.get(check.verdict or "", "failed")
    gate = check.evidence.get("gate") or {}
    when = check.finished_at or check.at
    return Entry(
        kind, when, check.version, check.champion, check.actor, check.explanation, gate, check.id
    )
