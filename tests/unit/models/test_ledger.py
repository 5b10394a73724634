"""The promotion ledger as the Models page shows it."""

from __future__ import annotations

import re
from typing import Any

from tests.support.traffic import NOW, A, B
from webapp.components.markup import markup
from webapp.pages.models import ledger as models_ledger
from webapp.services.models.ledger import LedgerEntry


def entry(kind: Any, at: int = NOW, **values: Any) -> LedgerEntry:
    defaults = {"version": B, "previous": A, "actor": "ann", "reason": "why", "evidence": {}}
    return LedgerEntry(kind, at, **(defaults | values))


def test_lines_of_every_kind() -> None:
    kinds = ("promoted", "rolled back", "registered", "kept", "not enough evidence", "failed")
    lines = models_ledger.lines([entry(kind) for kind in kinds], "c_v1", {A, B})
    assert [line.title for line in lines] == [
        f"Promoted {B} over {A}",
        f"Rolled back to {B}",
        f"Registered {B}, better than {A}",
        f"Kept {A} against {B}",
        f"Kept {A} against {B}",
        "Retrain failed",
        f"{A} is the first champion",
    ]
    assert [line.changed for line in lines] == [True, True, False, False, False, False, True]
    offers = [(line.offer, line.back) for line in lines]
    assert offers == [(A, True), (None, False), (B, False), *[(None, False)] * 4]
    text = markup(models_ledger.timeline(lines, can_admin=True))
    assert text.count("ec-ledger-check") == 4
    assert text.count(f'data-promote="{A}"') == text.count('data-back="1"') == 1


def test_rolling_back_is_offered_only_to_what_can_answer() -> None:
    assert models_ledger.lines([entry("promoted")], B, {B})[0].offer is None
    assert models_ledger.lines([entry("promoted", previous=None)], B, {B})[0].offer is None
    assert models_ledger.lines([entry("registered")], B, {A, B})[0].offer is None


def test_evidence_in_words_whatever_programs_sent() -> None:
    good = {"log_loss": {"value": -0.0158, "low": -0.0214, "high": -0.0102}, "n": 3000}
    text = markup(models_ledger.evidence(good | {"churn": {"value": 0.02}, "override": True}))
    assert re.sub(r"<[^>]+>", "", text).replace("\u00a0", " ") == (
        "log loss −0.0158 [−0.0214, −0.0102] on 3,000 outcomes"
        "2.0 % of decisions change"
        "overrode the gate"
    )
    for odd in (
        {"log_loss": 5, "n": True, "churn": "much"},
        {"log_loss": {"value": "x", "low": 1, "high": 2}},
        {"churn": 7, "override": "yes"},
        {"log_loss": {"value": True, "low": 0, "high": 0}},
    ):
        assert models_ledger.evidence(odd) == []


def test_reasons_are_text() -> None:
    evil = '<img src=x onerror="alert(1)">'
    lines = models_ledger.lines([entry("promoted", reason=evil, actor=evil)], A, {A})
    assert "<img" not in markup(models_ledger.timeline(lines, can_admin=True))


def test_the_message_of_a_check_is_shown_once() -> None:
    gate = {
        "log_loss": {"value": -0.0193, "low": -0.0309, "high": -0.0076},
        "n": 1860,
        "churn": {"value": 0.128},
        "churn_cap": 0.05,
        "sentence": "Keep it: …",
    }

    def text(kind: Any, **values: Any) -> str:
        line = models_ledger.lines([entry(kind, **values)], A, {A})[0]
        return re.sub(r"<[^>]+>", "", markup(models_ledger.timeline([line], can_admin=True)))

    check_text = text("kept", evidence=gate, reason="a long explanation", check=7)
    assert "a long explanation" not in check_text
    assert "12.8\u00a0% of decisions change, above the limit of 5.0\u00a0%" in check_text
    assert "not enough evidence" in text("not enough evidence", evidence=gate, check=7)
    assert "a long explanation" in text("failed", reason="a long explanation", check=7)
    promotion_text = text(
        "promoted", evidence=gate, reason="Promote it: …", check=7, actor="on_gain"
    )
    assert "Promote it" not in promotion_text
    assert "by on_gain · log" in promotion_text
