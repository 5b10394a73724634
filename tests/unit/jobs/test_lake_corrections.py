"""What lakes tell retraining: late outcomes are news, corrections are not, the past is the past."""

from __future__ import annotations

from dataclasses import replace

from tests.support.events import make_event
from tests.support.installation import PLAN, Installation
from tests.support.lake import TODAY, VERSION, day_of
from webapp.db.database import Database
from webapp.db.tables.checks import Check, _sum
from webapp.events import matured
from webapp.events.lake import corrections as lake_corrections
from webapp.events.lake.counts import Lake
from webapp.events.log import EventLog
from webapp.events.matured import Snapshot
from webapp.jobs.retrain import matured_stream
from webapp.jobs.retrain.matured_stream import MaturedStream
from webapp.services.predict import version_choice
from webapp.timing import DAY_MS

YESTERDAY = TODAY - DAY_MS
CASES = 16


def known(database: Database) -> Snapshot:
    return {
        version: matured.pack(cells)
        for version, cells in matured.read(database, [VERSION], ["api", "lake"], CASES).items()
    }


def news(database: Database, before: Snapshot) -> dict[str, list[int]]:
    now = matured.read(database, [VERSION], ["api", "lake"], CASES)
    return matured.pack(matured.new_since(before, now, CASES))


def test_outcomes_that_come_late_are_news(database: Database) -> None:
    lake = Lake(database)
    lake.put("shop", YESTERDAY, day_of(YESTERDAY, {(5, -1): 10, (6, 0): 4}))
    before = known(database)
    lake.put("shop", YESTERDAY, day_of(YESTERDAY, {(5, 1): 7, (5, -1): 3, (6, 0): 4}))
    assert news(database, before) == {"5": [0, 7]}


def test_what_a_recount_puts_right_is_no_news(database: Database) -> None:
    lake, log = Lake(database), EventLog(database)
    lake.put("shop", YESTERDAY, day_of(YESTERDAY, {(5, 1): 100, (6, 0): 40}))
    before = known(database)
    lake.put("shop", YESTERDAY, day_of(YESTERDAY, {(7, 1): 100, (6, 0): 40}))
    assert news(database, before) == {}
    # Less is no news either, and hides none of what comes elsewhere in the same case.
    lake.put("shop", YESTERDAY, day_of(YESTERDAY, {(6, 0): 40}))
    log.record([make_event(case=7, label=1), make_event(case=5, label=1)])
    assert news(database, before) == {"5": [0, 1], "7": [0, 1]}


def test_of_what_rose_as_many_are_news_as_there_are_more(database: Database) -> None:
    lake = Lake(database)
    lake.put("shop", YESTERDAY, day_of(YESTERDAY, {(5, 1): 10, (6, 0): 4}))
    before = known(database)
    lake.put("shop", YESTERDAY, day_of(YESTERDAY, {(5, 1): 8, (6, 0): 24, (7, 1): 80}))
    assert news(database, before) == {"6": [20, 0], "7": [0, 78]}
    cell = {(VERSION, 1, 0): -2, (VERSION, 2, 0): 3, (VERSION, 3, 1): 3, (VERSION, 4, 1): 0}
    shares = lake_corrections.new_evidence(cell)
    assert sum(shares.values()) == 4
    assert shares == {(VERSION, 2, 0): 2, (VERSION, 3, 1): 2}


def test_a_dataset_that_is_forgotten_and_counted_again_is_no_news(database: Database) -> None:
    lake = Lake(database)
    cells = {(5, 1): 10, (6, 0): 4}
    lake.put("shop", YESTERDAY, day_of(YESTERDAY, cells))
    before = known(database)
    lake.forget("shop")
    assert (news(database, before), known(database)) == ({}, before)
    lake.put("shop", YESTERDAY, day_of(YESTERDAY, cells))
    assert (news(database, before), known(database)) == ({}, before)
    lake.put("shop", YESTERDAY, day_of(YESTERDAY, cells | {(7, 0): 3}))
    assert news(database, before) == {"7": [3, 0]}


def look(installation: Installation, last: Check | None) -> MaturedStream:
    services = installation.services()
    _, champion = version_choice.resolve(services, None)
    try:
        return matured_stream.read(services, champion, "real", last)
    finally:
        services.close()


def last_check(installation: Installation) -> Check | None:
    services = installation.services()
    try:
        return services.checks.last()
    finally:
        services.close()


def put(installation: Installation, days: range, n: int, label: int = 0) -> None:
    services = installation.services()
    for ago in days:
        day = TODAY - ago * DAY_MS
        services.lake.put("shop", day, day_of(day, {(ago % 7, label): n, (ago % 5, 1): 1}))
    services.close()


def test_history_is_the_past_whenever_it_is_counted(installation: Installation) -> None:
    services = installation.services()
    services.log.record([make_event(at=YESTERDAY, case=i % 9, label=i % 2) for i in range(40)])
    services.close()
    assert installation.run(PLAN).status == "waits"
    put(installation, range(40, 60), 500)  # would make periodic fire if it were the present
    put(installation, range(2, 4), 30)
    stream = look(installation, last_check(installation))
    assert stream.history is not None
    assert stream.history.total == 20 * 501
    assert stream.matured == 2 * 31
    assert [block.total for block in stream.blocks] == [20 * 501, 40, 62]
    outcome = installation.run(PLAN)
    assert outcome.status == "waits"
    assert "10,020 older events were counted in a lake" in outcome.explanation
    assert outcome.check is not None
    assert (outcome.check.evidence["matured"], outcome.check.evidence["history"]) == (62, 10020)
    # Later outcomes of these days, and a recount of them, are of the past, too.
    put(installation, range(40, 41), 700)
    put(installation, range(1, 2), 9)
    stream = look(installation, last_check(installation))
    assert stream.history is not None
    assert (stream.history.total, stream.matured) == (200, 10)
    assert [block.total for block in stream.blocks] == [10020, 200, 40, 62, 10]


def test_history_under_another_name_stays_history(installation: Installation) -> None:
    services = installation.services()
    services.log.record([make_event(at=YESTERDAY, case=i % 9, label=i % 2) for i in range(40)])
    services.close()
    assert installation.run(PLAN).status == "waits"
    put(installation, range(40, 60), 500)
    put(installation, range(2, 3), 1)
    assert installation.run(PLAN).status == "waits"
    services = installation.services()
    services.lake.forget("shop")
    for ago in range(40, 60):
        day = TODAY - ago * DAY_MS
        services.lake.put("renamed", day, day_of(day, {(ago % 7, 0): 500, (ago % 5, 1): 1}))
    services.close()
    stream = look(installation, last_check(installation))
    assert (stream.matured, stream.history and stream.history.total) == (0, 20 * 501)


def test_history_that_is_forgotten_and_back_hides_no_news(installation: Installation) -> None:
    services = installation.services()
    services.log.record([make_event(at=YESTERDAY, case=i % 9, label=i % 2) for i in range(40)])
    services.close()
    put(installation, range(50, 51), 500)
    put(installation, range(1, 2), 1)
    assert installation.run(PLAN).status == "waits"
    services = installation.services()
    services.lake.forget("shop")
    day = TODAY - 50 * DAY_MS
    services.lake.put("rest", day, day_of(day, {(9, 0): 1}))
    services.log.record([make_event(at=YESTERDAY, case=8, label=0)])
    services.close()
    assert installation.run(PLAN).status == "waits"
    put(installation, range(50, 51), 500)
    services = installation.services()
    services.log.record([make_event(at=YESTERDAY, case=50 % 7, label=0) for _ in range(30)])
    services.close()
    stream = look(installation, last_check(installation))
    assert (stream.matured, stream.history) == (30, None)


def test_a_time_to_come_makes_no_history_of_the_present(installation: Installation) -> None:
    services = installation.services()
    services.log.record([make_event(at=YESTERDAY, case=i % 9, label=i % 2) for i in range(40)])
    services.close()
    assert installation.run(PLAN).status == "waits"
    put(installation, range(-3000, -2999), 1)
    put(installation, range(2, 3), 500)
    stream = look(installation, last_check(installation))
    assert (stream.matured, stream.history) == (2 + 501, None)


def test_the_first_check_sees_history_in_the_order_of_days(
    sqlite_installation: Installation,
) -> None:
    put(sqlite_installation, range(1, 80), 30)
    first = look(sqlite_installation, None)
    assert first.history is None
    assert first.matured == 79 * 31
    assert len(first.new) > 5
    plan = replace(PLAN, policy="never")
    assert [sqlite_installation.run(plan).status for _ in range(2)] == ["waits", "nothing new"]


def test_checks_of_long_ago_keep_the_past_apart() -> None:
    blocks = [{"1": [1, 0]}, {"1": [2, 3]}]
    old = {"features": ["G1"], "blocks": blocks, "past": [{"0": [5, 0]}]}
    assert _sum(old, {"features": ["G1"], "blocks": []}) == {
        "features": ["G1"],
        "blocks": [{"1": [3, 3]}],
        "past": [{"0": [5, 0]}],
    }
