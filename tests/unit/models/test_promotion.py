"""A change of champion by a person: evidence, reason, override, and what the ledger keeps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.support import populations
from tests.support.event_logs import promotions
from tests.support.traffic import NOW, A, B, D, rows, send, shipped, with_versions
from tests.support.versions import HandCatalog, broken, ready
from webapp.cases import Features, InputError
from webapp.db.tables.checks import Check
from webapp.db.tables.ledger import Ledger
from webapp.services.context import Services
from webapp.services.models import gate_report, promotion_evidence
from webapp.services.models import ledger as models_ledger
from webapp.services.models.promotion_evidence import PromotionEvidence, gather
from webapp.services.models.promotion_request import PromotionRequest, promote_with_evidence
from webapp.services.predict import version_choice
from webapp.services.predict.version_choice import UnknownVersionError, VersionNotReadyError
from webapp.stats import metrics
from webapp.stats.counts import Counts
from webapp.stats.gate import GateRules, judge


def test_the_evidence_is_of_the_same_events(services: Services) -> None:
    case, label = send(services, 4000)
    evidence = gather(services, B, NOW)
    counts = Counts.of(np.array(case), np.array(label), 1024)
    loss = [metrics.evaluate(populations.shipped(v).scores, counts).log_loss for v in (A, B)]
    assert evidence.gate is not None
    assert evidence.gate.log_loss is not None
    assert evidence.gate.log_loss.value == pytest.approx(loss[1] - loss[0], abs=1e-12)
    is_picked = [populations.shipped(v).scores[case] >= 0.2 for v in (A, B)]
    assert evidence.gate.churn is not None
    assert evidence.gate.churn.value == pytest.approx((is_picked[0] != is_picked[1]).mean())
    assert evidence.changes is not None
    assert evidence.changes.gained.value == pytest.approx((is_picked[1] & ~is_picked[0]).mean())
    assert evidence.changes.lost.value == pytest.approx((is_picked[0] & ~is_picked[1]).mean())


def test_objections(services: Services) -> None:
    send(services, 4000)
    better = gather(services, B, NOW)
    assert better.gate is not None
    assert better.gate.loss_verdict == "better"
    assert not better.gate.within_cap
    assert better.passes, "a gain that the outcomes show may change as many decisions as it does"
    assert better.objections == ()
    open_preview = replace(better.preview, gate=replace(better.gate, verdict="ask"))
    assert replace(better, preview=open_preview).objections == ("too many decisions change",)
    promote_with_evidence(
        services, PromotionRequest(B, A, "it is better", override=True), "ann", NOW
    )
    assert f"{A} is worse" in gather(services, A, NOW).objections


def test_without_outcomes_there_is_no_evidence(services: Services) -> None:
    evidence = gather(services, B, NOW)
    assert evidence.gate is not None
    assert (evidence.gate.n, evidence.changes) == (0, None)
    assert evidence.objections == ("not enough evidence",)
    assert evidence.gate.auc_verdict is None


def test_the_ledger_keeps_reason_actor_and_evidence(services: Services) -> None:
    send(services, 4000)
    promotion = promote_with_evidence(
        services, PromotionRequest(B, A, "  better, and watch G8 \n", override=True), "ann", NOW
    )
    line = services.ledger.history(1)[0]
    assert line == promotion
    assert (line.version, line.previous, line.actor) == (B, A, "ann")
    assert line.reason == "better, and watch G8"
    assert line.evidence["override"] is False, "the gate had no objection"
    assert line.evidence["n"] == 4000
    assert line.evidence["log_loss"]["low"] < line.evidence["log_loss"]["high"] < 0
    assert {"churn", "churn_cap", "verdict", "sentence", "threshold"} <= set(line.evidence)
    champion = version_choice.champion(services)
    assert champion is not None
    assert champion.name == B
    back = promote_with_evidence(
        services, PromotionRequest(A, B, "G8 went wrong", "roll back", True), "ben", NOW
    )
    assert (back.evidence["action"], back.evidence["override"]) == ("roll back", True)
    kinds = [entry.kind for entry in models_ledger.ledger(services)]
    assert kinds == ["rolled back", "promoted", "default"]


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (PromotionRequest(B, A, "", override=True), "reason"),
        (PromotionRequest(B, A, " \n\t", override=True), "reason"),
        (PromotionRequest(B, A, "x" * 1001, override=True), "reason"),
        (PromotionRequest(B, A, "a\0b", override=True), "reason"),
        (PromotionRequest(D, A, "for a reason"), "override"),
        (PromotionRequest(B, D, "for a reason", override=True), "champion"),
        (PromotionRequest(A, A, "for a reason", override=True), "version"),
    ],
)
def test_what_is_missing_is_named_and_nothing_changes(
    services: Services, request_: PromotionRequest, field: str
) -> None:
    send(services, 300)
    with pytest.raises(InputError) as caught:
        promote_with_evidence(services, request_, "ann", NOW)
    assert caught.value.field == field
    assert promotions(services.ledger) == []


def elsewhere(services: Services, version: str) -> None:
    """Another machine promotes: what this one remembers of the ledger is older."""
    version_choice.champion(services)
    Ledger(services.log.database).promote(version, actor="bob", reason="first")


def test_a_champion_that_another_machine_made_a_moment_ago_stays(services: Services) -> None:
    send(services, 300)
    elsewhere(services, D)
    with pytest.raises(InputError) as caught:
        promote_with_evidence(
            services, PromotionRequest(B, A, "for a reason", override=True), "ann", NOW
        )
    assert (caught.value.field, caught.value.problem) == (
        "champion",
        f"is {D} now: review the evidence again",
    )
    assert [line.version for line in promotions(services.ledger)] == [D]


def test_the_evidence_is_about_the_champion_that_another_machine_made(services: Services) -> None:
    send(services, 300)
    elsewhere(services, D)
    assert version_choice.champion(services) == services.catalog.get(A), "known within a second"
    request = PromotionRequest(B, D, "for a reason", override=True)
    promotion = promote_with_evidence(services, request, "ann", NOW)
    assert (promotion.previous, promotion.evidence["champion"]) == (D, D)


def test_who_reads_the_ledger_knows_its_last_line_as_the_champion(services: Services) -> None:
    elsewhere(services, D)
    assert services.ledger.history(1)[0].version == D
    assert version_choice.champion(services) == services.catalog.get(D)
    elsewhere(services, B)
    assert version_choice.newest_champion(services) == services.catalog.get(B)


def test_who_is_promoted_while_the_evidence_is_gathered_stays(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(services, 300)

    def slow(*arguments: Any) -> PromotionEvidence:
        evidence = gather(*arguments)
        elsewhere(services, D)
        return evidence

    monkeypatch.setattr(promotion_evidence, "gather", slow)
    with pytest.raises(InputError) as caught:
        promote_with_evidence(
            services, PromotionRequest(B, A, "for a reason", override=True), "ann", NOW
        )
    assert (caught.value.field, "review the evidence again" in caught.value.problem) == (
        "champion",
        True,
    )
    assert [line.version for line in promotions(services.ledger)] == [D]


def test_versions_that_are_not_there_or_not_ready() -> None:
    services = with_versions(shipped(A), broken("torn_v1", "torn"))
    with pytest.raises(UnknownVersionError):
        promote_with_evidence(
            services, PromotionRequest("nope", A, "why not", override=True), "ann", NOW
        )
    with pytest.raises(VersionNotReadyError):
        promote_with_evidence(
            services, PromotionRequest("torn_v1", A, "why not", override=True), "ann", NOW
        )
    assert promotions(services.ledger) == []
    services.close()


def test_a_champion_that_can_not_answer_may_be_replaced(services: Services) -> None:
    assert isinstance(services.catalog, HandCatalog)
    services.catalog.by_name[A] = broken(A, "torn")
    evidence = gather(services, B, NOW)
    assert (evidence.gate, evidence.objections) == (None, ("it can't be judged",))
    with pytest.raises(InputError):
        promote_with_evidence(services, PromotionRequest(B, A, "the champion is down"), "ann", NOW)
    line = promote_with_evidence(
        services, PromotionRequest(B, A, "the champion is down", override=True), "ann", NOW
    )
    assert (line.version, line.evidence["override"]) == (B, True)


def test_versions_with_other_inputs_can_not_be_judged() -> None:
    services = with_versions(shipped(A), ready("odd_v1", Features(("G1", "H"))))
    evidence = gather(services, "odd_v1", NOW)
    assert evidence.gate is None
    assert "different inputs" in evidence.preview.sentence
    services.close()


def made_by_a_check(services: Services, champion: str = A, **changes: Any) -> None:
    """A version that a check made of all that has matured, so that nothing is left to judge it."""
    counts = Counts.of(*(np.array(column) for column in rows(4000)), 1024)
    scores = [populations.shipped(v).scores for v in (champion, B)]
    form = gate_report.as_json(judge(scores[0], scores[1], counts, counts.n, GateRules(churn=0.5)))
    check = Check(
        *(0, NOW, NOW, 1, "on_gain", "real", "cron", champion, "retrain", "made_v1", "promote"),
        explanation="",
        evidence={"gate": form | changes},
        batch={},
    )
    services.checks.add(check, None)


@pytest.fixture
def with_new_version() -> Iterator[Services]:
    period = {"period": {"to": "2030-01-01T00:00:00Z"}}
    services = with_versions(shipped(A), replace(shipped(B, **period), name="made_v1"))
    send(services, 300)
    yield services
    services.close()


def test_a_new_version_is_judged_on_what_its_check_held_out(with_new_version: Services) -> None:
    assert "not enough evidence" in gather(with_new_version, "made_v1", NOW).objections
    made_by_a_check(with_new_version)
    evidence = gather(with_new_version, "made_v1", NOW)
    assert evidence.is_held_out
    assert evidence.passes
    assert evidence.gate is not None
    assert evidence.gate.n == 4000
    line = promote_with_evidence(
        with_new_version, PromotionRequest("made_v1", A, "it passed"), "ann", NOW
    )
    assert (line.evidence["n"], line.evidence["override"]) == (4000, False)
    assert "Promote made_v1" in line.evidence["sentence"]


def test_what_it_was_held_against_has_to_be_the_champion(with_new_version: Services) -> None:
    made_by_a_check(with_new_version, champion=D)
    assert not gather(with_new_version, "made_v1", NOW).is_held_out


def test_evidence_of_another_form_is_none(with_new_version: Services) -> None:
    made_by_a_check(with_new_version, log_loss="?")
    assert not gather(with_new_version, "made_v1", NOW).is_held_out


def test_the_form_of_the_gate_can_be_read_again() -> None:
    counts = Counts.of(*(np.array(column) for column in rows(500)), 1024)
    scores = [populations.shipped(v).scores for v in (A, B)]
    gate = judge(scores[0], scores[1], counts, counts.n)
    assert gate_report.read(gate_report.as_json(gate)) == gate
    nothing = judge(scores[0], scores[1], Counts(0 * counts.n, 0 * counts.n), 0 * counts.n)
    assert gate_report.read(gate_report.as_json(nothing)) == nothing
    assert gate_report.read(None) is None
