"""100,000 events in every engine: the same counts and the same scores, to the last event."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pyarrow as pa
import pytest
from pyarrow import parquet

from tests.support.odd_rows import DAYS, FEATURES, FIRST, HOURS, KNOWN, Wild
from tests.support.postgres import Postgres
from webapp.lake import expression, reasons
from webapp.lake.aggregates import Aggregates
from webapp.lake.columns import ColumnNames, read_columns
from webapp.lake.engines import Engine, find_timestamp_support, open_engine
from webapp.lake.outputs import open_output
from webapp.lake.parquet_stats import Extent
from webapp.lake.score import ScoreRequest, score
from webapp.lake.sources import read_source
from webapp.timing import DAY_MS

pytestmark = [
    pytest.mark.long,
    pytest.mark.filterwarnings("ignore"),  # what these libraries warn of is not ours
    pytest.mark.timeout(900),  # Spark on a busy machine
]

ROWS = 100_000  # 2,000 of them with odd flags, of each kind a hundred
CORES = "local[2]"
SCORES = np.random.default_rng(7).random(1024)
SPAN = expression.Span(FIRST, FIRST + DAYS * DAY_MS, HOURS)
HOURLY = expression.Span(0, 2_000_000_000_000, 0)
NOW = FIRST + 100 * DAY_MS


@pytest.fixture(scope="module")
def wild() -> Wild:
    return Wild.draw(ROWS)


@pytest.fixture(scope="module")
def files(wild: Wild, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return wild.save(tmp_path_factory.mktemp("lake"))


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    """Spark itself, on this machine: two tasks at a time."""
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java 17 or newer: apt-get install default-jre-headless")
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master(CORES).config("spark.ui.enabled", "false")
    session = builder.config("spark.sql.shuffle.partitions", "2").getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    yield session
    session.stop()


@pytest.fixture(scope="module")
def table(postgresql: Postgres, files: dict[str, Path]) -> Iterator[str]:
    """The events in a table of PostgreSQL's."""
    kinds = dict.fromkeys(FEATURES.names, "smallint")
    kinds |= {"G4": "boolean", "G7": "text", "G9": "bigint"}
    columns = ", ".join(f'"{name}" {kind}' for name, kind in kinds.items())
    with postgresql.fresh() as url, psycopg.connect(url, autocommit=True) as link:
        link.execute(
            f'CREATE TABLE events (id bigint, "timestamp" timestamp, version text, {columns}, '
            "label smallint)"
        )
        with link.cursor().copy("COPY events FROM STDIN (FORMAT csv, HEADER)") as copy:
            copy.write(files["csv"].read_bytes())
        yield url


def source(name: str, request: pytest.FixtureRequest) -> Any:
    """The events in one of the engines."""
    engine, _, form = name.partition("-")
    if engine == "postgres":
        return read_source(request.getfixturevalue("table"), table="events")
    if engine == "spark":
        request.getfixturevalue("spark")
    path = request.getfixturevalue("files")[form]
    return read_source(str(path), engine=engine, master=CORES)


ENGINES = ("duckdb-parquet", "duckdb-csv", "spark-parquet", "spark-csv", "postgres")


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    with open_engine(source(request.param, request)) as lake_engine:
        yield lake_engine


def test_counts_are_the_same_everywhere(engine: Engine, wild: Wild) -> None:
    support = find_timestamp_support(engine.source)
    columns = read_columns(engine.table, FEATURES, ColumnNames(), None, support, engine.proof)
    (extent,) = engine.fetch(expression.extent(columns.table, columns.time)).to_pylist()
    timeless = int((wild.at == 0).sum())
    assert extent == {
        "rows": ROWS, "timed": ROWS - timeless, "first": FIRST, "last": FIRST + 19 * DAY_MS
    }  # fmt: skip
    if engine.source.format == "parquet" and engine.source.kind in ("duckdb", "spark"):
        assert engine.proof.times["timestamp"] == Extent(**extent)
        assert "G4" in engine.proof.binary

    days = [FIRST + day * DAY_MS for day in range(DAYS)]
    tally = Aggregates.from_arrow(engine.fetch(expression.counts(columns, SPAN)), days)
    fine, wrong = tally.split_countable(FEATURES, KNOWN)

    names = [fine.names[place] for place in fine.version]
    keys = zip(names, fine.period.tolist(), fine.case.tolist(), fine.label.tolist(), strict=True)
    assert Counter(dict(zip(keys, fine.n.tolist(), strict=True))) == wild.counts()
    assert fine.n.sum() + sum(wrong.values()) + tally.without_case == ROWS - timeless


HALF_PAST = 1_792_888_200_000  # 2026-10-25, 00:30 UTC; an hour later Prague's clocks show the same


def odd_rows() -> tuple[pa.Table, list[int], list[int]]:
    """Rows whose values are odd one at a time; their cases, and hours."""
    odd: list[tuple[str, Any]] = [("G1", None), ("G1", 2), ("G1", 100), ("G2", -5), ("G10", -128)]
    odd += [("G4", None), ("G5", 0.5), ("G5", float("nan")), ("G5", None), ("G7", ""), ("G7", "2")]
    odd += [("G9", 1 << 40), ("G9", -(1 << 62)), ("G9", None), ("label", 3), ("label", -1)]
    kinds = {"G4": pa.bool_(), "G5": pa.float64(), "G7": pa.string(), "G9": pa.int64()}
    fine = dict.fromkeys(FEATURES.names, 1) | {"G4": True, "G7": " TRUE ", "label": None}
    rows = [fine] * 3 + [fine | {name: value} for name, value in odd]
    at = [HALF_PAST, HALF_PAST + 3_600_000, HALF_PAST + 1_800_000] + [HALF_PAST] * len(odd)
    columns: dict[str, Any] = {"timestamp": pa.array(at, pa.timestamp("ms", "Europe/Prague"))}
    for name in (*FEATURES.names, "label"):
        columns[name] = pa.array([row[name] for row in rows], kinds.get(name, pa.int8()))
    hour = HALF_PAST - 1_800_000
    return pa.table(columns), [hour, hour + 3_600_000], [1, 2]


@pytest.mark.parametrize("name", ["duckdb-parquet", "spark-parquet", "postgres"])
def test_odd_values_and_a_clock_put_back(
    name: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    table, hours, n = odd_rows()
    parquet.write_table(table, tmp_path / "odd.parquet")
    place = read_source(str(tmp_path / "odd.parquet"), engine=name.partition("-")[0])
    if name == "postgres":
        place = read_source(request.getfixturevalue("table"), table="odd")
        with open_engine(replace(place, table="events")) as engine:
            engine.backend.create_table("odd", table)
    elif name == "spark-parquet":  # which is told to keep UTC, whatever it had
        zone = "spark.sql.session.timeZone"
        request.getfixturevalue("spark").conf.set(zone, "America/New_York")
    with open_engine(place) as engine:
        support = find_timestamp_support(engine.source)
        columns = read_columns(
            engine.table, FEATURES, ColumnNames(), "one_v1", support, engine.proof
        )
        rows = engine.fetch(expression.counts(columns, HOURLY)).to_pylist()
        wrong = engine.fetch(expression.count_faults(engine.table, columns.flags))
    counts = sorted((row["period"], row["case"], row["n"]) for row in rows if row["case"] >= 0)
    assert counts == [(hour, 1023, k) for hour, k in zip(hours, n, strict=True)]
    assert sum(row["n"] for row in rows) == table.num_rows
    why = reasons.count_reasons(wrong, list(columns.flags.checks))
    assert why == {
        "G1 is empty": 1, "G1 is neither 0 nor 1": 2, "G2 is neither 0 nor 1": 1,
        "G10 is neither 0 nor 1": 1, "G4 is empty": 1, "G5 is neither 0 nor 1": 1,
        "G5 is empty": 2, "G7 is empty": 1, "G7 is neither 0 nor 1": 1,
        "G9 is neither 0 nor 1": 2, "G9 is empty": 1, "label is neither 0 nor 1": 2,
    }  # fmt: skip


@pytest.mark.parametrize("name", ["duckdb-parquet", "spark-parquet"])
def test_scores_are_the_same_in_files(
    name: str, request: pytest.FixtureRequest, wild: Wild, tmp_path: Path
) -> None:
    place = tmp_path / "scored"
    with open_engine(source(name, request)) as engine:
        output = open_output(engine, str(place), None, {"version": "one_v1"})
        result = score(engine, output, ScoreRequest("one_v1", FEATURES, SCORES), NOW)

    assert result.days == DAYS
    assert result.wrong == wild.without_case()
    assert len(list(place.glob("day=*"))) == DAYS + 1  # and rows that have no time
    check(pa.concat_tables(map(read, sorted(place.glob("*/*.parquet")))), wild)


def test_scores_are_the_same_in_a_table(
    request: pytest.FixtureRequest, wild: Wild, table: str
) -> None:
    with open_engine(source("postgres", request)) as engine:
        output = open_output(engine, "scored", None, {})
        result = score(engine, output, ScoreRequest("one_v1", FEATURES, SCORES), NOW)
        assert result.wrong == wild.without_case()
        check(engine.backend.table("scored").to_pyarrow(), wild)
        again = score(engine, output, ScoreRequest("one_v1", FEATURES, SCORES), NOW)
        assert (again.whole, again.skipped) == (False, 1)


def read(path: Path) -> pa.Table:
    return parquet.ParquetFile(path).read(["id", "case", "score", "everycase_version", "version"])


def check(table: pa.Table, wild: Wild) -> None:
    assert table.num_rows == ROWS
    order = np.argsort(table["id"].to_numpy())
    scores = table["score"].to_numpy()[order]
    np.testing.assert_array_equal(scores, wild.scores(SCORES))
    assert set(table["everycase_version"].unique().to_pylist()) == {"one_v1"}
    case = table["case"].to_numpy().astype(float)[order]
    np.testing.assert_array_equal(case, np.where(wild.are_flags, wild.case, np.nan))
