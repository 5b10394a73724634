"""After ``everycase choose`` turned the champion's class round, earlier outcomes don't count."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.support.event_logs import hand_services
from tests.support.events import make_event
from tests.support.installation import PLAN
from tests.support.versions import ready
from webapp.cases import Features
from webapp.catalog.prepared import Facts
from webapp.catalog.versions import Version
from webapp.jobs.reporter import Reporter
from webapp.jobs.retrain import check as retrain_check
from webapp.jobs.retrain import matured_stream
from webapp.jobs.retrain.check import CheckOutcome
from webapp.services.context import Services
from webapp.services.models import policy_state
from webapp.timing import now_ms
from webapp.training.policy.plan import RetrainPlan
from webapp.training.policy.state import PolicyMemory

NAME, INPUTS, CLASSES = "churn_v1", Features(("late", "loud")), ("churn", "stay")
PERIODIC = replace(PLAN, every=1000)


def version(positive: str) -> Version:
    plain = ready(NAME, INPUTS)
    assert plain.prepared is not None
    facts = replace(plain.prepared.facts, classes=CLASSES, positive=positive)
    return replace(plain, prepared=replace(plain.prepared, facts=facts))


@pytest.fixture
def services() -> Iterator[Services]:
    test_services = replace(hand_services([version("churn")]), champion=NAME, plan=PERIODIC)
    yield test_services
    test_services.close()


def choose(services: Services, positive: str) -> Facts:
    catalog: Any = services.catalog
    catalog.by_name[NAME] = version(positive)
    prepared = version(positive).prepared
    assert prepared is not None
    return prepared.facts


def record(services: Services, n: int) -> None:
    at = now_ms() - 1000
    events = [
        make_event(at, version=NAME, source="api", case=i % 4, label=i % 2, labelled_at=at)
        for i in range(n)
    ]
    services.log.record_all(events, lambda _: None)


def run(services: Services, plan: RetrainPlan = PERIODIC) -> CheckOutcome:
    store: Any = None  # nothing is fitted
    reporter = Reporter(services.jobs, now_ms)
    return retrain_check.run(
        services, plan, actor="ann", store=store, reporter=reporter, clock=now_ms
    )


def events_of_last(services: Services) -> int:
    last = services.checks.last()
    assert last is not None
    return PolicyMemory.from_dict(last.state or {}).n


def test_what_was_found_before_has_no_part_in_the_next_check(services: Services) -> None:
    record(services, 60)
    assert run(services).status == "waits"
    assert policy_state.read_status(services, now_ms()).value == 60
    stay = choose(services, "stay")
    status = policy_state.read_status(services, now_ms())
    assert (status.value, status.distance) == (None, None), "60 are of the other class"
    outcome = run(services)
    assert outcome.status == "nothing new"
    assert outcome.explanation.startswith("churn_v1 stands for stay now, so the outcomes that")
    record(services, 10)
    outcome = run(services)
    assert outcome.status == "waits"
    assert "Outcomes of 1 stand for stay now and stood for churn at the last" in outcome.explanation
    assert events_of_last(services) == 10
    blocks = matured_stream.unpack(services.checks.batches("real"), stay)
    assert [block.total for block in blocks] == [10], "nor are those of churn fitted on"
    record(services, 5)
    outcome = run(services)
    assert "stood for" not in outcome.explanation
    assert events_of_last(services) == 15


def test_turned_back_its_own_count_again(services: Services) -> None:
    record(services, 60)
    run(services)
    choose(services, "stay")
    record(services, 10)
    run(services)
    churn = choose(services, "churn")
    record(services, 5)
    run(services)
    assert events_of_last(services) == 5, "no evidence survives a turn"
    blocks = matured_stream.unpack(services.checks.batches("real"), churn)
    assert [block.total for block in blocks] == [60, 5]


def test_an_interrupted_retrain_is_not_finished_for_the_other_class(services: Services) -> None:
    record(services, 60)
    run(services)
    last = services.checks.last()
    assert last is not None
    evidence = {**last.evidence, "plan": PERIODIC.as_dict()}
    is_open = replace(last, finished_at=None, decision="retrain", evidence=evidence)
    services.checks.add(is_open, last.id)
    choose(services, "stay")
    outcome = run(services)
    assert outcome.status == "failed"
    assert "The champion stands for its other class now." in outcome.explanation


def test_without_named_classes_all_counts() -> None:
    plain = ready("a_v1").prepared
    assert plain is not None
    assert plain.facts.meaning is None
    assert not plain.facts.reverses({"positive": "churn", "negative": "stay"})
