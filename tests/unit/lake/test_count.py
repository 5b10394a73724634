"""Events are counted day by day: odd rows are reported, and no day is counted twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from tests.support.odd_rows import DAYS, FEATURES, FIRST, KNOWN, Wild
from webapp.cases import Features
from webapp.events.lake.counts import CountedDay
from webapp.lake import chunks
from webapp.lake.count import CountRequest, CountResult, choose_features, count
from webapp.lake.engines import open_engine
from webapp.lake.errors import LakeError
from webapp.lake.sources import read_source
from webapp.timing import DAY_MS, HOUR_MS

pytestmark = pytest.mark.filterwarnings("ignore")  # what DuckDB and Ibis warn of is not ours

REQUEST = CountRequest("games", KNOWN)
NOW = FIRST + 400 * DAY_MS  # hours are long gone


class Landing:
    """A log in memory. ``fail_after``: it is killed after so many days."""

    def __init__(
        self, live: Sequence[int] = (), fail_after: int = 1000, version: str = "one_v1"
    ) -> None:
        self.days: dict[int, Any] = {}
        self.puts: list[int] = []
        self._live, self._fail_after, self._version = list(live), fail_after, version

    def counted_days(self, dataset: str) -> dict[int, Any]:  # noqa: ARG002
        return {day: CountedDay(at, 0, 0) for day, (at, _) in self.days.items()}

    def put(self, dataset: str, day: int, rows: Any, at: int | None = None) -> str:  # noqa: ARG002
        if len(self.puts) == self._fail_after:
            raise KeyboardInterrupt
        self.puts.append(day)
        before = self.days.get(day)
        self.days[day] = at, rows
        return "recorded" if before is None else "same" if before[1] == rows else "replaced"

    def logged_days(self, since: int, until: int, versions: Sequence[str]) -> list[int]:
        return [d for d in self._live if since <= d < until and self._version in versions]

    def counts(self) -> Counter[tuple[Any, ...]]:
        result: Counter[tuple[Any, ...]] = Counter()
        for _, rows in self.days.values():
            for *key, n in zip(*rows, strict=True):
                result[tuple(key)] += n
        return result


@pytest.fixture(scope="module")
def wild() -> Wild:
    return Wild.draw(20_000, odd=0.01)


@pytest.fixture(scope="module")
def place(wild: Wild, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return wild.save(tmp_path_factory.mktemp("lake"))["parquet"]


def run(
    place: Path, landing: Landing, request: CountRequest = REQUEST, now: int = NOW
) -> CountResult:
    with open_engine(read_source(str(place))) as engine:
        return count(engine, landing, request, now)


def by_day(wild: Wild) -> Counter[tuple[Any, ...]]:
    result: Counter[tuple[Any, ...]] = Counter()
    for (version, period, case, label), n in wild.counts().items():
        result[version, period - period % DAY_MS, case, label] += n
    return result


def test_all_that_can_be_counted_is_counted_and_the_rest_reported(place: Path, wild: Wild) -> None:
    landing = Landing()
    result = run(place, landing)
    assert landing.counts() == by_day(wild)
    assert result.days == {"recorded": DAYS}
    assert result.events + sum(result.wrong.values()) == len(wild.at)
    assert result.wrong["the time is missing or invalid"] == (wild.at == 0).sum()
    assert {"G7 is neither 0 nor 1", "G4 is empty", "version is empty"} <= set(result.wrong)
    assert result.wrong["unknown version ghost_v1"] > 0


def test_recent_days_come_by_the_hour(place: Path, wild: Wild) -> None:
    landing = Landing()
    run(place, landing, now=FIRST + 28 * DAY_MS)  # hours from the twelfth day on
    assert chunks.first_hour(FIRST + 28 * DAY_MS) == FIRST + 12 * DAY_MS
    assert landing.counts() == wild.counts()


def test_a_run_that_is_killed_goes_on_with_what_is_missing(place: Path, wild: Wild) -> None:
    landing = Landing(fail_after=7)
    with pytest.raises(KeyboardInterrupt):
        run(place, landing)
    landing._fail_after = 1000
    result = run(place, landing)
    assert result.skipped == 7
    assert len(landing.puts) == DAYS  # none of them twice
    assert landing.counts() == by_day(wild)
    again = run(place, landing)
    assert (again.skipped, again.days) == (DAYS - 1, {"same": 1})  # the last may have grown
    assert run(place, landing, replace(REQUEST, again=True)).days == {"same": DAYS}


def test_a_day_that_was_not_over_is_counted_anew(place: Path) -> None:
    landing = Landing()
    run(place, landing, now=FIRST + 5 * DAY_MS + HOUR_MS)
    assert run(place, landing).skipped == 5


@pytest.mark.parametrize("at_once", [1, 3, 100])
def test_days_at_once_change_nothing(place: Path, wild: Wild, at_once: int) -> None:
    landing = Landing()
    run(place, landing, replace(REQUEST, at_once=at_once))
    assert landing.counts() == by_day(wild)


def test_from_and_to_are_days(place: Path) -> None:
    landing = Landing()
    since, until = FIRST + 2 * DAY_MS, FIRST + 5 * DAY_MS
    run(place, landing, replace(REQUEST, since=since, until=until))
    assert sorted(landing.days) == [since, since + DAY_MS, since + 2 * DAY_MS]


def test_days_that_the_log_has_itself_are_refused(place: Path) -> None:
    day = FIRST + 9 * DAY_MS
    with pytest.raises(LakeError, match=r"counted twice.*--to 2026-09-1\d.*--beside-live"):
        run(place, Landing(live=[day]))
    landing = Landing(live=[day])
    run(place, landing, replace(REQUEST, until=day))
    assert max(landing.days) == day - DAY_MS
    run(place, landing, replace(REQUEST, beside_live=True))
    assert len(landing.days) == DAYS


def test_only_days_of_the_same_version_are_refused(tmp_path: Path) -> None:
    """The log has the first day of one version; the lake has that of the other, and the next."""
    path = events(tmp_path, [FIRST, FIRST + DAY_MS], version=["two_v1", "one_v1"])
    run(path, Landing(live=[FIRST]))
    with pytest.raises(LakeError, match="the log already has events of one_v1 on 2026-09-05"):
        run(path, Landing(live=[FIRST + DAY_MS]))


def test_midnight_is_of_the_day_that_begins(tmp_path: Path) -> None:
    at = [FIRST - 1, FIRST, FIRST + DAY_MS - 1, FIRST + DAY_MS]
    landing = Landing()
    request = replace(REQUEST, version="one_v1", since=FIRST, until=FIRST + DAY_MS)
    result = run(events(tmp_path, at), landing, request)
    assert (result.events, landing.counts()) == (2, {("one_v1", FIRST, 1023, -1): 2})


def test_a_clock_that_was_wrong_once_makes_no_thousands_of_days(tmp_path: Path) -> None:
    landing = Landing()
    totals: list[int] = []
    with open_engine(
        read_source(str(events(tmp_path, [5, FIRST, FIRST + 3_000_000 * DAY_MS])))
    ) as lake:
        request = replace(REQUEST, version="one_v1")
        count(lake, landing, request, NOW, lambda _count, all_of_them: totals.append(all_of_them))
    assert set(totals) == {3}
    assert landing.puts == [0, FIRST, FIRST + 3_000_000 * DAY_MS]


def test_an_empty_source_is_nothing(tmp_path: Path) -> None:
    landing = Landing()
    result = run(events(tmp_path, []), landing, replace(REQUEST, version="one_v1"))
    assert (result.events, landing.puts) == (0, [])


def events(folder: Path, at: list[int], **more: Any) -> Path:
    """Events of case 1023 at these times."""
    ones = pa.array([1] * len(at), pa.int8())
    table = pa.table({"timestamp": pa.array(at, pa.int64())} | dict.fromkeys(FEATURES.names, ones))
    for name, values in more.items():
        table = table.append_column(name, pa.array(values))
    parquet.write_table(table, folder / "events.parquet")
    return folder / "events.parquet"


def test_strict_lands_nothing_where_something_is_odd(place: Path) -> None:
    landing = Landing()
    with pytest.raises(LakeError, match=r"--strict.*rows"):
        run(place, landing, replace(REQUEST, strict=True))
    assert not landing.days


def test_days_that_are_gone_from_the_lake_are_taken_out(tmp_path: Path) -> None:
    table = Wild.draw(3000, odd=0).table()
    path = tmp_path / "events.parquet"
    parquet.write_table(table, path)
    landing = Landing()
    run(path, landing)
    day = pa.scalar(FIRST + 4 * DAY_MS, pa.timestamp("ms"))
    import pyarrow.compute as pc

    parquet.write_table(
        table.filter(pc.not_equal(pc.floor_temporal(table["timestamp"]), day)), path
    )
    run(path, landing, replace(REQUEST, again=True))
    assert not landing.days[FIRST + 4 * DAY_MS][1].n


@pytest.mark.parametrize(
    ("at", "unit"),
    [
        (pa.array([FIRST + HOUR_MS] * 2, pa.timestamp("ms")), "ms"),
        (pa.array([FIRST * 1000 + 1] * 2, pa.timestamp("us", "Europe/Prague")), "ms"),
        (pa.array([FIRST + 5] * 2, pa.int64()), "ms"),
        (pa.array([FIRST // 1000 + 5] * 2, pa.int32()), "s"),
        (pa.array([FIRST // DAY_MS] * 2, pa.int32()).cast(pa.date32()), "ms"),
        (pa.array(["2026-09-04 01:02:03.9", "2026-09-04T02:30:00+02:00"]), "ms"),
        (pa.array([str(FIRST), str(FIRST + 1)]), "ms"),
    ],
)
def test_times_of_all_kinds(at: Any, unit: Any, tmp_path: Path) -> None:
    one = pa.array([1, 1], pa.int8())
    table = pa.table({"when": at, **dict.fromkeys(FEATURES.names, one)})
    parquet.write_table(table, tmp_path / "events.parquet")
    landing = Landing()
    names = replace(REQUEST.names, timestamp="when", unit=unit)
    result = run(
        tmp_path / "events.parquet", landing, replace(REQUEST, names=names, version="one_v1")
    )
    assert not result.wrong
    assert landing.counts() == {("one_v1", FIRST, 1023, -1): 2}


def test_a_folder_with_a_folder_a_day(wild: Wild, tmp_path: Path) -> None:
    table = wild.table()
    for part in range(4):
        folder = tmp_path / f"part={part}"
        folder.mkdir()
        parquet.write_table(table.slice(part * 5000, 5000), folder / "events.parquet")
    for source in (tmp_path, tmp_path / "*" / "*.parquet"):
        landing = Landing()
        run(source, landing)
        assert landing.counts() == by_day(wild)


def test_which_inputs_rows_are_read_by() -> None:
    two = Features.numbered(2)
    features_by_version = {"a_v1": FEATURES, "b_v1": two}
    assert choose_features(["G1", "G2"], features_by_version, None) == two
    assert choose_features(["G1"], features_by_version, "a_v1") == FEATURES
    with pytest.raises(LakeError, match="name one with --version"):
        choose_features(list(FEATURES.names), features_by_version, None)
    with pytest.raises(LakeError, match="no usable version c_v1"):
        choose_features(["G1"], features_by_version, "c_v1")
    with pytest.raises(LakeError, match="train one"):
        choose_features(["G1"], {}, None)
