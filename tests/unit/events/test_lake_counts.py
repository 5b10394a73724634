"""Days counted in a lake: complete or unchanged, counted once, and never stale."""

from __future__ import annotations

import multiprocessing
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.support.events import assert_consistent, make_event, select
from tests.support.lake import TODAY, VERSION, day_of
from webapp.db.database import Database
from webapp.events.counts import CountsQuery, CountsReader
from webapp.events.lake import counts as lake_counts
from webapp.events.lake.counts import CountedDay, Lake, LakeCountsError, LakeRows
from webapp.events.log import EventLog
from webapp.timing import DAY_MS, HOUR_MS

YESTERDAY = TODAY - DAY_MS


def counts(database: Database, grain: str = "day") -> dict[tuple[Any, ...], int]:
    rows = select(
        database,
        f"SELECT version, period, \"case\", label, n FROM counts WHERE source = 'lake' "
        f"AND grain = '{grain}'",
    )
    return {tuple(row[:4]): int(row[4]) for row in rows}


def test_a_day_is_counted_once_and_replaced_whole(database: Database) -> None:
    lake = Lake(database)
    first = day_of(YESTERDAY, {(5, 1): 10, (6, -1): 4})
    assert lake.put("shop", YESTERDAY, first, at=50) == "recorded"
    assert counts(database, "hour") == {
        (VERSION, YESTERDAY + 3 * HOUR_MS, 5, 1): 10,
        (VERSION, YESTERDAY + 3 * HOUR_MS, 6, -1): 4,
    }
    assert lake.put("shop", YESTERDAY, first, at=60) == "same"
    assert lake.counted_days("shop") == {YESTERDAY: CountedDay(60, 14, 10)}
    again = day_of(YESTERDAY, {(5, 1): 9, (7, 0): 2}, hour=4)
    assert lake.put("shop", YESTERDAY, again, at=70) == "replaced"
    assert counts(database) == {(VERSION, YESTERDAY, 5, 1): 9, (VERSION, YESTERDAY, 7, 0): 2}
    assert {key[1] for key in counts(database, "hour")} == {YESTERDAY + 4 * HOUR_MS}
    assert_consistent(database)
    assert lake.put("shop", YESTERDAY, day_of(YESTERDAY, {}), at=80) == "replaced"
    assert (counts(database), lake.counted_days("shop")) == ({}, {YESTERDAY: CountedDay(80, 0, 0)})


def test_datasets_add_up_and_are_forgotten_apart(database: Database) -> None:
    lake, log = Lake(database), EventLog(database)
    log.record([make_event(case=5)])
    for name, n in (("web", 3), ("app", 4)):
        lake.put(name, YESTERDAY, day_of(YESTERDAY, {(5, 1): n, (8, 0): n}), at=n)
    lake.put("app", YESTERDAY - DAY_MS, day_of(YESTERDAY - DAY_MS, {(9, -1): 1}), at=1)
    assert counts(database)[VERSION, YESTERDAY, 5, 1] == 7
    app, web = lake.datasets()
    assert app == ("app", 2, 9, 8, YESTERDAY - DAY_MS, YESTERDAY, 4)
    assert web.name == "web"
    assert log.totals() == {"api": 1, "lake": 15}
    assert lake.forget("app") == 9
    assert counts(database) == {(VERSION, YESTERDAY, 5, 1): 3, (VERSION, YESTERDAY, 8, 0): 3}
    assert [dataset.name for dataset in lake.datasets()] == ["web"]
    assert lake.forget("nobody") == 0
    assert_consistent(database)
    with pytest.raises(ValueError, match=r"Lake\.forget"):
        log.forget("lake")


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        (0, "", "row 1: version must be a name"),
        (0, "v" * 101, "of 1 to 100 characters"),
        (1, YESTERDAY + 1, "the start of an hour of the day"),
        (1, YESTERDAY + DAY_MS, "the start of an hour of the day"),
        (2, -1, "case must be a whole number from 0 to 65,535: -1"),
        (2, 1 << 16, "case must be"),
        (3, 2, "label must be 0, 1, or -1"),
        (4, 0, "n must be a whole number above 0: 0"),
        (4, 1 << 45, "must add up to less than"),
    ],
)
def test_what_cannot_be_right_is_refused(
    column: int, value: object, message: str, tmp_path: Any
) -> None:
    row: list[Any] = [VERSION, YESTERDAY, 1, 0, 3]
    row[column] = value
    with pytest.raises(LakeCountsError, match=message):
        Lake(Database(f"sqlite:///{tmp_path}/no.db")).put(
            "shop", YESTERDAY, LakeRows(*([value] for value in row))
        )


@pytest.mark.parametrize(
    ("dataset", "day", "rows", "message"),
    [
        ("", YESTERDAY, day_of(YESTERDAY, {}), "dataset must be a name"),
        (" a", YESTERDAY, day_of(YESTERDAY, {}), "dataset must be a name"),
        ("a\nb", YESTERDAY, day_of(YESTERDAY, {}), "dataset must be a name"),
        ("a", YESTERDAY + HOUR_MS, day_of(YESTERDAY, {}), "day must be the start of a day"),
        ("a", YESTERDAY, LakeRows(["v"], [], [], [], []), "must have the same length"),
    ],
)
def test_so_is_a_wrong_name_or_day(
    dataset: str, day: int, rows: LakeRows, message: str, tmp_path: Any
) -> None:
    with pytest.raises(LakeCountsError, match=message):
        Lake(Database(f"sqlite:///{tmp_path}/no.db")).put(dataset, day, rows)


def test_hours_are_kept_as_long_as_those_of_events(database: Database) -> None:
    lake, log, old = Lake(database), EventLog(database), TODAY - 20 * DAY_MS
    lake.put("shop", old, day_of(old, {(5, 1): 10}))
    assert counts(database, "hour") == {}  # not even until the next pruning
    young = TODAY - 5 * DAY_MS
    lake.put("shop", young, day_of(young, {(5, 1): 10}))
    assert len(counts(database, "hour")) == 1
    assert log.prune(TODAY + 12 * DAY_MS) == 1
    assert counts(database, "hour") == {}
    assert select(database, "SELECT * FROM lake_counts WHERE grain = 'hour'") == []
    assert_consistent(database)
    lake.put("shop", old, day_of(old, {(5, 1): 11}))
    assert counts(database, "hour") == {}
    assert counts(database)[VERSION, old, 5, 1] == 11
    assert_consistent(database)


def test_a_replaced_day_with_the_same_totals_is_read_anew(database: Database) -> None:
    lake, reader = Lake(database), CountsReader(database)
    queries = [
        CountsQuery(VERSION, ("api", "lake"), YESTERDAY, TODAY, grain) for grain in ("day", "hour")
    ]
    lake.put("shop", YESTERDAY, day_of(YESTERDAY, {(5, 1): 10, (6, 0): 4}))
    before = [reader.read(each)[:, 1:].tolist() for each in queries]
    assert before == 2 * [[[5, 1, 10], [6, 0, 4]]]
    lake.put("shop", YESTERDAY, day_of(YESTERDAY, {(7, 1): 10, (8, 0): 4}))
    assert [reader.read(each)[:, 1:].tolist() for each in queries] == 2 * [[[7, 1, 10], [8, 0, 4]]]
    lake.forget("shop")
    lake.put("shop", YESTERDAY, day_of(YESTERDAY, {(5, 1): 10, (6, 0): 4}))
    assert [reader.read(each)[:, 1:].tolist() for each in queries] == before


def test_unchanged_days_are_not_read_again(database: Database) -> None:
    lake, reader = Lake(database), CountsReader(database)
    days = [YESTERDAY - i * DAY_MS for i in range(3)]
    for day in days:
        lake.put("shop", day, day_of(day, {(5, 1): 10}))
    query = CountsQuery(VERSION, ("lake",), days[-1], TODAY)

    def kept() -> dict[int, object]:
        return {day: reader._kept[(VERSION, "lake", "day"), day][1] for day in days}

    reader.read(query)
    before = kept()
    lake.put("shop", YESTERDAY, day_of(YESTERDAY, {(6, 1): 10}))
    assert reader.read(query)[:, 1].tolist() == [5, 5, 6]
    now = kept()
    assert [now[day] is before[day] for day in days] == [False, True, True]


def test_days_of_live_traffic_are_known(database: Database) -> None:
    lake, log = Lake(database), EventLog(database)
    for day, source in enumerate(["api", "edge", "demo", "replay", "api"]):
        version = "other_v1" if day == 4 else VERSION
        log.record([make_event(at=TODAY - day * DAY_MS, source=source, version=version)])
    lake.put("shop", TODAY - 6 * DAY_MS, day_of(TODAY - 6 * DAY_MS, {(1, 1): 1}))
    assert lake.logged_days(TODAY - 9 * DAY_MS, TODAY + DAY_MS, [VERSION]) == [YESTERDAY, TODAY]
    assert lake.logged_days(YESTERDAY, TODAY, [VERSION, "other_v1"]) == [YESTERDAY]
    assert lake.logged_days(0, TODAY + 1, ["other_v1"]) == [TODAY - 4 * DAY_MS]


def test_two_at_once_leave_the_day_of_one_of_them(database: Database) -> None:
    contents = [{(case, 1): 2 + i for case in range(40 + i)} for i in range(2)]

    def count(cells: dict[tuple[int, int], int]) -> set[str]:
        return {Lake(database).put("shop", YESTERDAY, day_of(YESTERDAY, cells)) for _ in range(6)}

    with ThreadPoolExecutor(2) as pool:
        puts = set().union(*pool.map(count, contents))
    assert "recorded" in puts
    cells = {(case, label): n for (_, _, case, label), n in counts(database).items()}
    assert cells in contents
    assert Lake(database).counted_days("shop")[YESTERDAY].events == sum(cells.values())
    assert_consistent(database)


def test_one_that_is_killed_leaves_the_day_as_it_was(database: Database) -> None:
    lake = Lake(database)
    lake.put("shop", YESTERDAY, day_of(YESTERDAY, {(5, 1): 10}), at=1)
    before = lake.counted_days("shop"), counts(database)
    url = database.url.render_as_string(hide_password=False)
    process = multiprocessing.get_context("fork").Process(target=_die, args=(url,))
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    assert (lake.counted_days("shop"), counts(database)) == before
    assert_consistent(database)
    assert lake.put("shop", YESTERDAY, day_of(YESTERDAY, {(6, 1): 10})) == "replaced"


def test_who_forgets_lets_others_write_and_goes_on_where_it_ended(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake, log = Lake(database), EventLog(database)
    for ago in range(1, 4):
        day = TODAY - ago * DAY_MS
        lake.put("shop", day, day_of(day, {(ago, 1): 10}))
    pauses: list[float] = []

    def rest(seconds: float) -> None:
        pauses.append(seconds)
        log.record([make_event(case=9)])
        if len(pauses) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(lake_counts.time, "sleep", rest)
    with pytest.raises(KeyboardInterrupt):
        lake.forget("shop")
    assert (len(counts(database)), [d.events for d in lake.datasets()]) == (1, [10])
    assert_consistent(database)
    assert lake.forget("shop") == 10
    assert (counts(database), lake.datasets()) == ({}, [])
    assert all(seconds > 0 for seconds in pauses)
    assert log.totals() == {"api": 3}


def _die(url: str) -> None:
    """As the last of its statements has run, and nothing is committed."""
    replace = lake_counts._replace

    def killed(*args: Any) -> None:
        replace(*args)
        os.kill(os.getpid(), signal.SIGKILL)

    lake_counts._replace = killed
    Lake(Database(url)).put("shop", YESTERDAY, day_of(YESTERDAY, {(6, 1): 10}))
