"""One rule of advice: Drift, Compare, the dialog and the list of versions agree on one traffic."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest

from tests.support import populations
from tests.support.traffic import NOW, A, B, C, D, shipped, with_versions
from tests.support.versions import ready
from webapp.db.ids import new_ids
from webapp.events.record import Event
from webapp.pages.models import dialog
from webapp.services.compare import sentence as compare_sentence
from webapp.services.compare.answer import ComparisonReport
from webapp.services.compare.reader import answer_request
from webapp.services.compare.request import read_request
from webapp.services.context import Services
from webapp.services.drift import reader as drift_reader
from webapp.services.drift.answer import TrafficReport
from webapp.services.drift.as_json import as_json
from webapp.services.drift.sentence import Sentence
from webapp.services.drift.sentence import compose as compose_drift
from webapp.services.models.leaderboard import read_leaderboard
from webapp.services.models.promotion_evidence import PromotionEvidence, gather
from webapp.services.traffic import windows
from webapp.services.traffic.advice import Action, advise
from webapp.stats.drift import Headline
from webapp.stats.verdicts import Choice
from webapp.timing import DAY_MS


@dataclass(frozen=True)
class Answers:
    """What all of them say about the default period."""

    drift: TrafficReport
    sentence: Sentence
    compare: ComparisonReport
    compare_action: Action
    dialog: PromotionEvidence


def ask(services: Services, challenger: str, **window: str) -> Answers:
    """Ask about the champion and a challenger, with no window unless it is given."""
    drift = drift_reader.answer_question(services, windows.read(window, NOW))
    params = {"challenger": challenger} | window
    comparison = answer_request(services, read_request(params, NOW))
    assert isinstance(drift, TrafficReport)
    assert isinstance(comparison, ComparisonReport)
    action = compare_sentence.compose(comparison).action
    evidence = gather(services, challenger, NOW)
    return Answers(drift, compose_drift(drift, NOW), comparison, action, evidence)


def fill(services: Services, truth: str, n: int, seed: int = 0) -> None:
    """Log events of the last 27 days whose outcomes are as ``truth`` predicts."""
    rng = np.random.default_rng(seed)
    case = rng.choice(1024, n, p=populations.shares())
    label = rng.random(n) < populations.shipped(truth).scores[case]
    at = np.sort(NOW - rng.integers(DAY_MS, 27 * DAY_MS, n))
    champion = populations.shipped(A).scores
    rows = [
        Event(id_, int(t), "api", A, int(c), float(champion[c]), int(y), int(t) + 1)
        for id_, t, c, y in zip(new_ids(NOW, n), at, case, label, strict=True)
    ]
    services.log.record_all(rows, lambda _: None)


@pytest.fixture
def services() -> Iterator[Services]:
    shipped_services = with_versions()
    yield shipped_services
    shipped_services.close()


def losses(report: ComparisonReport) -> dict[str, float]:
    """The log loss of each version on Compare."""
    metrics = {result.version: result.metrics["log_loss"] for result in report.results}
    return {name: metric.value for name, metric in metrics.items() if metric is not None}


def test_numbers_of_the_default_period_are_the_same_everywhere(services: Services) -> None:
    fill(services, B, 4000)
    answers, board = ask(services, B), read_leaderboard(services, NOW)
    window = answers.drift.scope.question
    assert (window.since, window.until) == (board.since, board.until)
    request = answers.compare.request
    assert (window.since, window.until) == (request.since, request.until)
    assert window.until - window.since == windows.DAYS * DAY_MS
    gate, performance = answers.dialog.gate, answers.drift.result.performance.window
    assert gate is not None
    assert performance.log_loss is not None
    assert gate.n == performance.n == board.matured == answers.compare.labelled.total == 4000
    on_compare = losses(answers.compare)
    assert on_compare == pytest.approx(
        {name: score.log_loss.value for name, score in board.scores.items() if score.log_loss}
    )
    assert on_compare[A] == pytest.approx(performance.log_loss.value)
    assert (on_compare[A], on_compare[B]) == pytest.approx(
        (gate.champion_loss, gate.challenger_loss)
    )
    assert answers.drift.rival is not None
    assert answers.drift.rival.gate == gate
    difference = answers.compare.results[1].differences["log_loss"]
    assert gate.log_loss is not None
    assert gate.versions == len(answers.compare.judged) > 1, "all at once"
    assert (difference.low, difference.high) == pytest.approx(
        (gate.log_loss.low, gate.log_loss.high)
    )


def test_a_better_version_is_to_be_promoted_for_all_of_them(services: Services) -> None:
    fill(services, B, 4000)
    answers = ask(services, B)
    assert answers.sentence.action == answers.compare_action == answers.dialog.action == "Promote"
    assert f"{B} did better than {A} on 4,000 outcomes: log loss 0." in answers.sentence.finding
    assert as_json(answers.drift, NOW)["better"] == B
    assert answers.compare.close_up.challenger.name == B
    assert answers.dialog.passes
    assert "ec-gate ec-tone-good" in dialog.content(answers.dialog, "promote").body


def test_promoting_what_they_recommend_settles_it(services: Services) -> None:
    fill(services, B, 4000)
    services.ledger.promote(B, actor="ann", reason="better", default=A)
    services.ledger.refresh()
    for other in (A, C, D):
        answers = ask(services, other)
        assert answers.drift.scope.version == answers.compare.reference.name == B
        assert answers.sentence.action in ("Watch", "Keep", "Wait")
        assert answers.compare_action == answers.dialog.action == "Keep"
        assert as_json(answers.drift, NOW)["better"] is None


def test_a_champion_that_is_best_is_kept_by_all_of_them(services: Services) -> None:
    fill(services, A, 4000)
    for other in (B, C, D):
        answers = ask(services, other)
        assert answers.compare_action == answers.dialog.action == "Keep"
        assert answers.sentence.action in ("Keep", "Wait")  # as drift has it


def test_with_few_outcomes_all_of_them_wait(services: Services) -> None:
    fill(services, B, 40)
    answers = ask(services, B)
    assert answers.sentence.action == answers.dialog.action == "Wait"
    assert answers.drift.rival is not None
    assert not answers.drift.rival.is_better


def test_a_version_that_does_not_answer_has_no_rivals(services: Services) -> None:
    """Drift of another version is about its traffic; promotions are about the champion."""
    fill(services, B, 2000)
    report = drift_reader.answer_question(services, windows.read({"version": D}, NOW))
    assert isinstance(report, TrafficReport)
    assert report.rival is None
    assert report.action != "Promote"


def test_an_answer_is_made_anew_after_a_promotion(services: Services) -> None:
    fill(services, B, 2000)
    question = windows.read({"version": B}, NOW)
    before = drift_reader.answer_question(services, question)
    services.ledger.promote(B, actor="ann", reason="better", default=A)
    services.ledger.refresh()
    after = drift_reader.answer_question(services, question)
    assert isinstance(before, TrafficReport)
    assert isinstance(after, TrafficReport)
    assert (before.promoted, before.rival) == (None, None)
    assert after.promoted is not None
    assert after.rival is not None


def test_a_version_that_is_worth_nothing_is_not_promoted() -> None:
    """Where outcomes turned over, another version is better and yet no better than guessing."""
    services = with_versions(shipped(A), ready("odd_v1", seed=3))
    rng, scores = np.random.default_rng(0), populations.shipped(A).scores
    case = rng.choice(1024, 4000, p=populations.shares())
    label = rng.random(4000) < 1 - scores[case]
    rows = [
        Event(id_, NOW - DAY_MS, "api", A, int(c), float(scores[c]), int(y), NOW - DAY_MS)
        for id_, c, y in zip(new_ids(NOW, 4000), case, label, strict=True)
    ]
    services.log.record_all(rows, lambda _: None)
    answers = ask(services, "odd_v1")
    assert answers.compare_action == answers.dialog.action == answers.sentence.action == "Retrain"
    assert as_json(answers.drift, NOW)["better"] is None
    assert "no better than predicting" in dialog.content(answers.dialog, "promote").body
    services.close()


@pytest.mark.parametrize(
    ("choice", "headline", "is_chosen_here", "action"),
    [
        ("better", None, False, "Promote"),
        ("better", Headline("drifted", ("harm",)), True, "Promote"),
        ("worse", None, False, "Keep"),
        ("no difference that matters", None, False, "Keep"),
        ("not enough evidence", None, False, "Wait"),
        (None, None, False, "Wait"),
        ("worse", Headline("drifted", ("features", "harm")), False, "Retrain"),
        ("worse", Headline("drifted", ("features", "harm")), True, "Watch"),
        (None, Headline("drifted", ("features",)), False, "Watch"),
        ("not enough evidence", Headline("stable"), False, "Keep"),
        (None, Headline("cannot tell"), True, "Wait"),
    ],
)
def test_the_rule(
    choice: Choice | None, headline: Headline | None, is_chosen_here: bool, action: Action
) -> None:
    assert advise(choice, headline, is_chosen_here=is_chosen_here) == action
