"""Versions that stand for opposite classes: an outcome of one is never counted for the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.support.event_logs import hand_services
from tests.support.events import make_event
from tests.support.models_view import plain
from tests.support.traffic import NOW
from tests.support.versions import ready
from webapp.cases import Features, InputError
from webapp.catalog.versions import Version
from webapp.db.schema import Source
from webapp.jobs.retrain import matured_stream
from webapp.pages.drift.page import _other_baselines
from webapp.pages.models import versions as versions_table
from webapp.services.compare import reader as compare_reader
from webapp.services.compare import request as compare_request
from webapp.services.context import Services
from webapp.services.drift import reader as drift_reader
from webapp.services.drift.answer import DriftReport
from webapp.services.models.leaderboard import read_leaderboard
from webapp.services.traffic import outcomes_by_day, windows
from webapp.services.traffic.pool import TrafficPool

INPUTS = Features(("late", "loud"))
SOURCE: Source = "api"


def version(name: str, classes: tuple[str, ...], positive: str | None) -> Version:
    ready_version = ready(name, INPUTS)
    assert ready_version.prepared is not None
    facts = replace(ready_version.prepared.facts, classes=classes, positive=positive)
    return replace(ready_version, prepared=replace(ready_version.prepared, facts=facts))


PAIR = ("churn", "stay")
CHURN, STAY = version("churn_v1", PAIR, "churn"), version("stay_v1", PAIR, "stay")
CHURN_2, UNNAMED = version("churn_v2", PAIR, "churn"), version("unnamed_v1", (), None)
NUMBERS = {"churn_v1": 60, "churn_v2": 30, "stay_v1": 500}


@pytest.fixture
def services() -> Iterator[Services]:
    over_three = replace(hand_services([CHURN, CHURN_2, STAY]), champion="churn_v1")
    for name, n in NUMBERS.items():
        values = {"version": name, "source": SOURCE, "labelled_at": NOW}
        events = [make_event(NOW - 1, case=i % 4, label=i % 2, **values) for i in range(n)]
        over_three.log.record_all(events, lambda _: None)
    yield over_three
    over_three.close()


@pytest.mark.parametrize(("name", "n"), [("churn_v1", 90), ("stay_v1", 500)])
def test_drift_counts_those_of_the_same_class(services: Services, name: str, n: int) -> None:
    answer = drift_reader.answer_question(services, windows.read({"version": name}, NOW))
    assert isinstance(answer, DriftReport)
    assert answer.window.labelled.total == n


def test_the_other_class_is_no_baseline(services: Services) -> None:
    question = windows.read({"version": "churn_v1", "baseline": "stay_v1"}, NOW)
    with pytest.raises(InputError, match="baseline is stay_v1, whose probability is that of the o"):
        drift_reader.answer_question(services, question)
    answer = drift_reader.answer_question(services, windows.read({"version": "churn_v1"}, NOW))
    assert _other_baselines(services, answer) == ["churn_v2"]


def test_compare_counts_those_of_the_same_class(services: Services) -> None:
    request = compare_request.read_request({"versions": "churn_v1,churn_v2"}, NOW)
    assert compare_reader.answer_request(services, request).labelled.total == 90


def test_the_leaderboard_ranks_those_of_the_champions_class(services: Services) -> None:
    board = read_leaderboard(services, NOW)
    assert (board.matured, set(board.scores)) == (90, {"churn_v1", "churn_v2"})
    assert board.other_class == {"stay_v1"}
    looks = {version.name: place for place, version in enumerate((CHURN, STAY))}
    table = versions_table.table([CHURN, STAY], "churn_v1", None, board, looks, can_admin=False)
    assert "of the other class" in plain(table)
    assert "different inputs" not in plain(table)


def test_retraining_learns_from_those_of_the_same_class(services: Services) -> None:
    assert CHURN.prepared is not None
    stream = matured_stream.read(services, CHURN.prepared, "real", None)
    assert stream.matured == 90
    days = outcomes_by_day.read_outcomes(services, "stay_v1", None).days
    assert sum(counts.total for _, counts in days) == 500


def test_without_classes_of_its_own_contradicting_versions_stay_out() -> None:
    services = hand_services([CHURN, CHURN_2, STAY, UNNAMED])
    for each, names in (
        (UNNAMED, ["unnamed_v1"]),
        (CHURN, ["churn_v1", "churn_v2", "unnamed_v1"]),
    ):
        assert each.prepared is not None
        pool = TrafficPool(services, services.counts, each.prepared, None)
        assert pool.versions == names
    services.close()
