"""Counts of a lake that were damaged, or that are pruned while they change."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.events import assert_consistent, execute, make_event, select
from tests.support.lake import TODAY, VERSION, day_of
from tests.unit.events.test_lake_counts import YESTERDAY, counts
from webapp.db.database import Database
from webapp.events.integrity import check, repair
from webapp.events.lake import integrity as lake_integrity
from webapp.events.lake.counts import Lake
from webapp.events.log import EventLog
from webapp.timing import DAY_MS


@pytest.mark.parametrize("what", ["put", "forget"])
@pytest.mark.parametrize("backend", ["postgresql"])  # in SQLite one waits for the other at once
def test_hours_that_are_pruned_meanwhile_are_not_subtracted(database: Database, what: str) -> None:
    lake, log, old = Lake(database), EventLog(database), TODAY - 20 * DAY_MS
    lake.put("shop", old, day_of(old, {(5, 1): 10}))
    for table, names in (("counts", "source"), ("lake_counts", "dataset")):
        name = "lake" if names == "source" else "shop"
        execute(
            database,
            f'INSERT INTO {table} (version, {names}, grain, period, "case", label, n) '
            f"VALUES ('{VERSION}', '{name}', 'hour', {old}, 5, 1, 10)",
        )
    with ThreadPoolExecutor(1) as pool, database.writing() as link:
        link.run("LOCK TABLE lake_counts IN SHARE ROW EXCLUSIVE MODE")  # pruning ends here
        pruning = pool.submit(log.prune)
        wait_for_lock(database, 1)
        with ThreadPoolExecutor(1) as other:
            cells = {(5, 1): 11}
            doing = other.submit(
                *(
                    (lake.put, "shop", old, day_of(old, cells))
                    if what == "put"
                    else (lake.forget, "shop")
                )
            )
            wait_for_lock(database, 2)
            link.run("COMMIT")
            assert pruning.result(20) == 1
            assert doing.result(20) == ("replaced" if what == "put" else 10)
    assert counts(database, "hour") == {}
    assert_consistent(database)


def wait_for_lock(database: Database, number: int) -> None:
    """Until so many others wait for locks."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
    waiting += "AND datname = current_database()"
    until = time.monotonic() + 2
    while select(database, waiting)[0][0] < number:
        assert time.monotonic() < until, "nobody waits"
        time.sleep(0.01)


def test_damaged_counts_are_found_and_repaired(database: Database) -> None:
    EventLog(database).record([make_event(case=5)])
    Lake(database).put("shop", YESTERDAY, day_of(YESTERDAY, {(5, 1): 10, (6, 0): 1}))
    sound = counts(database)
    execute(database, "UPDATE counts SET n = n + 1 WHERE source = 'lake' AND \"case\" = 5")
    wrong, findings = check(database)
    assert wrong == 2
    assert {(finding.counted, finding.events) for finding in findings} == {(11, 10)}
    assert repair(database) == 2
    assert counts(database) == sound
    assert_consistent(database)


def test_damage_to_what_a_dataset_brought_is_found_and_counted_again(database: Database) -> None:
    lake, rows = Lake(database), day_of(YESTERDAY, {(5, 1): 10, (6, -1): 1})
    lake.put("shop", YESTERDAY, rows)
    lake.put("other", YESTERDAY, day_of(YESTERDAY, {(5, 1): 3}))
    sound = counts(database)
    assert lake_integrity.check(database) == []
    execute(database, "DELETE FROM lake_counts WHERE dataset = 'shop' AND label = 1")
    assert check(database)[0] == 2
    assert lake_integrity.check(database) == [("shop", YESTERDAY, 11, 1)]
    repair(database)
    assert lake_integrity.repair(database) == [("shop", YESTERDAY, 11, 1)]
    assert (lake_integrity.check(database), check(database)) == ([], (0, []))
    assert EventLog(database).totals() == {"lake": 4}
    assert (lake.counted_days("shop"), len(lake.counted_days("other"))) == ({}, 1)
    assert lake.put("shop", YESTERDAY, rows) == "replaced"
    assert counts(database) == sound
    assert lake_integrity.check(database) == []


def test_damage_without_its_day_is_found_too(database: Database) -> None:
    lake, rows = Lake(database), day_of(YESTERDAY, {(5, 1): 10})
    lake.put("shop", YESTERDAY, rows)
    execute(database, "DELETE FROM lake_periods")
    assert lake_integrity.repair(database) == [("shop", YESTERDAY, 0, 10)]
    assert lake.put("shop", YESTERDAY, rows) == "replaced"
    assert [dataset.events for dataset in lake.datasets()] == [10]
    execute(database, "DELETE FROM lake_counts")
    repair(database)
    assert lake_integrity.repair(database) == [("shop", YESTERDAY, 10, 0)]
    assert lake.put("shop", YESTERDAY, rows) == "recorded"
    assert counts(database) == {(VERSION, YESTERDAY, 5, 1): 10}
    assert_consistent(database)
