"""The promotion ledger as the Models page shows it: promotions, roll-backs and kept champions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from webapp.db.tables.checks import Check
from webapp.db.tables.ledger import Promotion
from webapp.services.context import Services

EntryKind = Literal[
    "default", "promoted", "rolled back", "registered", "kept", "not enough evidence", "failed"
]


@dataclass(frozen=True)
class LedgerEntry:
    """The champion by default, a promotion, or a retrain that left the champion."""

    kind: EntryKind
    at: int
    version: str | None
    previous: str | None
    actor: str
    reason: str
    evidence: Mapping[str, Any]  # the report of the gate, if it judged: see ``gate_report.as_json``
    check: int | None = None


def ledger(services: Services, limit: int = 50) -> list[LedgerEntry]:
    """The last promotions and retrains, newest first. Raises LogUnavailableError."""
    promotions = services.ledger.history(limit)
    retrains = [
        check
        for traffic in ("real", "simulated")
        for check in services.checks.history(limit, traffic, retrains=True)
        if check.finished_at is not None
    ]
    entries = [*_promotions(promotions), *(e for c in retrains if (e := _retrain(c)) is not None)]
    return sorted(entries, key=lambda entry: -entry.at)[:limit]


def _promotions(lines: list[Promotion]) -> list[LedgerEntry]:
    """Entries of the ledger's lines; a promotion of an earlier champion is a roll-back."""
    entries = []
    for i, line in enumerate(lines):
        earlier = {p.version for p in lines[i + 1 :]} | {p.previous for p in lines[i + 1 :]}
        kind: EntryKind = "rolled back" if line.version in earlier else "promoted"
        if line.previous is None:  # the first, or the default that somebody has confirmed
            kind = "default" if line.is_default else "promoted"
        check = line.evidence.get("check")
        entries.append(
            LedgerEntry(
                kind,
                line.at,
                line.version,
                line.previous,
                line.actor,
                line.reason,
                line.evidence,
                check if isinstance(check, int) else None,
            )
        )
    return entries


def _retrain(check: Check) -> LedgerEntry | None:
    """The entry of a retrain that left the champion; the others are in the ledger."""
    if check.evidence.get("promoted"):
        return None
    kinds: dict[str, EntryKind] = {
        "promote": "registered",
        "ask": "registered",
        "keep": "kept",
        "not enough evidence": "not enough evidence",
    }
    kind = kinds.get(check.verdict or "", "failed")
    gate = check.evidence.get("gate") or {}
    when = check.finished_at or check.at
    return LedgerEntry(
        kind, when, check.version, check.champion, check.actor, check.explanation, gate, check.id
    )
