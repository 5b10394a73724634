"""What a version's performance is held against where its training rows would flatter it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from tests.support import populations
from tests.support.event_logs import hand_services
from webapp.catalog.prepared import Prepared
from webapp.catalog.versions import Version
from webapp.cli.drift import render_table
from webapp.db.ids import new_ids
from webapp.db.schema import Source
from webapp.db.tables.evaluations import Evaluation
from webapp.events.record import Event
from webapp.pages.drift import page
from webapp.services.context import Services
from webapp.services.drift import reader
from webapp.services.drift.answer import TrafficReport
from webapp.services.drift.as_json import as_json
from webapp.services.drift.sentence import compose
from webapp.services.traffic import windows
from webapp.stats import performance
from webapp.stats.counts import Counts
from webapp.timing import DAY_MS, HOUR_MS

NOW = 20_780 * DAY_MS + 15 * HOUR_MS
NAME = "old_v1"
SCORES = populations.shipped().scores


def version(name: str = NAME, **changes: Any) -> Version:
    """The shipped champion as an older one: with training counts and without a validation."""
    prepared: Prepared = replace(populations.shipped(), out_of_fold=None, **changes)
    return Version(name, "ready", prepared=prepared)


@pytest.fixture
def services() -> Iterator[Services]:
    hand_made = hand_services([version()])
    yield hand_made
    hand_made.close()


def write(services: Services, days: dict[int, int], source: Source = "api", **law: Any) -> Counts:
    """So many events, all with outcomes, so many days ago; returns them by case."""
    rng = np.random.default_rng(sum(days))
    total = Counts(np.zeros(1024, np.int64), np.zeros(1024, np.int64))
    for ago, n in days.items():
        draw = populations.draw(rng, n, populations.shares(), law.get("rates")).labelled
        case = np.repeat(np.arange(1024), draw.n)
        label = np.concatenate(
            [[1] * p + [0] * (k - p) for k, p in zip(*_lists(draw), strict=True)]
        )
        at = NOW - ago * DAY_MS - HOUR_MS
        events = [
            Event(id_, at, source, law.get("name", NAME), int(c), 0.3, int(b), at)
            for id_, c, b in zip(new_ids(at, n), case, label, strict=True)
        ]
        services.log.record_all(events, lambda _: None)
        total = Counts(total.n + draw.n, total.positives + draw.positives)
    return total


def _lists(counts: Counts) -> tuple[list[int], list[int]]:
    return counts.n.tolist(), counts.positives.tolist()


def report(services: Services, **params: str) -> TrafficReport:
    answer = reader.answer_question(services, windows.read(params, NOW))
    assert isinstance(answer, TrafficReport)
    return answer


def store(services: Services, counts: Counts, name: str = NAME) -> None:
    prepared = services.catalog.get(name).prepared  # type: ignore[union-attr]
    assert prepared is not None
    cases = np.flatnonzero(counts.n)
    rows = [(int(c), int(counts.n[c]), int(counts.positives[c])) for c in cases]
    facts = (prepared.facts.build, 1, name, "rows.csv", "a" * 64, ":")
    totals = counts.total, int(counts.positives.sum())
    services.evaluations.store(Evaluation(*facts, *totals, "ann"), rows)


def test_outcomes_after_the_first_thousand_are_held_against_them(services: Services) -> None:
    """Whole days are taken; sources aren't mixed, and what came later decides nothing."""
    first = write(services, {50: 600, 49: 700})
    write(services, {48: 900, 60: 500}, source="replay", name="gone_v1")
    now = write(services, {5: 4000})
    answer = report(services)
    judgement = answer.result.performance
    assert judgement.reference == "first outcomes"
    assert judgement.baseline == performance.measure(SCORES, first)
    assert judgement.window == performance.measure(SCORES, now)
    assert answer.result.splits["log_loss"].before.value == pytest.approx(
        performance.loss(SCORES, first).value
    )
    assert "on its first 1,300 outcomes" in compose(answer, NOW).text
    assert answer.result.baseline_n == 4000, "who comes is still compared with training"


def test_outcomes_among_the_first_are_not_judged_by_themselves(services: Services) -> None:
    write(services, {20: 1100})
    only = report(services)
    assert (only.result.performance.verdict, only.result.performance.window.n) == ("unknown", 0)
    assert "these are its first 1,100 outcomes" in compose(only, NOW).text
    later = write(services, {5: 2000, 4: 1000})
    judgement = report(services).result.performance
    assert judgement.window == performance.measure(SCORES, later)


def test_until_there_are_enough_nothing_is_said_and_the_mend_is(services: Services) -> None:
    write(services, {5: 999}, rates=1 - SCORES)
    answer = report(services)
    form, text = as_json(answer, NOW), compose(answer, NOW).text
    assert (form["harm"], form["performance"]["reference"]) == ("unknown", None)
    assert "log_loss" not in form["split"]
    command = f"everycase evaluate {NAME} --data FILE --store"
    assert form["missing"]["command"] == command
    for words in ("came without a cross-validation", "999 outcomes of its traffic are known"):
        assert words in form["missing"]["text"]
        assert words in text
        assert words in render_table(answer, NOW)
    assert command in text
    markup = str(page.draw(services, {}, NOW))
    assert "drift-missing" in markup
    assert f"evaluate {NAME} --data FILE --store" in markup
    write(services, {4: 1})
    assert report(services).result.performance.reference == "first outcomes"


def test_stored_rows_are_the_reference_at_once(services: Services) -> None:
    counts = populations.draw(np.random.default_rng(5), 3000, populations.shares()).labelled
    write(services, {5: 4000})
    before = report(services)
    assert before.result.performance.window.n == 0
    store(services, counts)
    answer = report(services)
    judgement = answer.result.performance
    assert judgement.reference == "evaluation"
    assert judgement.baseline == performance.measure(SCORES, counts)
    assert "in its evaluation" in compose(answer, NOW).text
    against = report(services, baseline="evaluation")
    assert (against.result.baseline_n, against.scope.baseline_name) == (3000, "evaluation")


def test_without_training_counts_the_period_before_is_the_default() -> None:
    services = hand_services([version(baseline=None)])
    write(services, {40: 3000})
    write(services, {5: 4000})
    answer = report(services)
    assert answer.scope.baseline_name == "previous"
    assert answer.result.performance.reference == "baseline"
    missing = as_json(answer, NOW)["missing"]
    assert missing["text"] == (
        f"{NAME} came without training counts, so it is compared with the period before."
    )
    week = reader.answer_question(services, windows.read({"baseline": "week-before"}, NOW))
    assert week.scope.baseline_name == "week-before", "what is asked for wins"
    counts = populations.draw(np.random.default_rng(5), 3000, populations.shares()).labelled
    store(services, counts)
    assert report(services).scope.baseline_name == "evaluation"
    assert as_json(report(services), NOW)["missing"] is None
    services.close()


def test_another_versions_training_that_it_has_seen_is_no_reference() -> None:
    """hgb_games_v1 was trained on rows 1:12000, logit_games_v1 on 1:4000 of them."""
    large = Version("hgb_games_v1", "ready", prepared=populations.shipped("hgb_games_v1"))
    small = Version("logit_games_v1", "ready", prepared=populations.shipped())
    services = hand_services([large, small])
    write(services, {5: 2000}, name="hgb_games_v1")
    whole = report(services, version="hgb_games_v1", baseline="logit_games_v1")
    assert whole.result.performance.reference == "cross-validation"
    part = report(services, version="logit_games_v1", baseline="hgb_games_v1")
    assert part.result.performance.reference == "cross-validation", "a third are its own"
    services.close()


@pytest.mark.parametrize(
    ("until", "reference"), [(20_740, "cross-validation"), (20_700, "baseline")]
)
def test_a_period_that_it_was_trained_on_is_no_reference(until: int, reference: str) -> None:
    """A retrained version, and the 28 days before: from day 20,725 on."""
    day = datetime.fromtimestamp(until * DAY_MS / 1000, UTC).isoformat()
    facts = replace(populations.shipped().facts, training={"period": {"to": day}})
    prepared = replace(populations.shipped(), facts=facts)
    services = hand_services([Version(NAME, "ready", prepared=prepared)])
    write(services, {40: 2000})
    write(services, {5: 2000})
    answer = report(services, baseline="previous")
    assert answer.result.performance.reference == reference
    assert answer.result.baseline_n == 2000
    drawn_page = str(page.draw(services, {"baseline": "previous"}, NOW))
    assert ("In cross-<br>validation" in drawn_page) == (reference == "cross-validation")
    assert ("Before is what it was in cross-validation" in drawn_page) == (
        reference == "cross-validation"
    )
    services.close()
