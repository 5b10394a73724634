"""A million events in every engine: the same counts and the same scores, to the last event."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pyarrow as pa
import pytest
from pyarrow import parquet

from tests.postgres import Postgres
from tests.wild_rows import DAYS, FEATURES, FIRST, HOURS, KNOWN, Wild
from webapp.events.schema import DAY_MS
from webapp.lake import expression
from webapp.lake.columns import Names, read_columns
from webapp.lake.engines import Engine, clock_of, fetch, opened
from webapp.lake.outputs import open_output
from webapp.lake.score import Request, score
from webapp.lake.sources import read_source
from webapp.lake.tally import Tally

pytestmark = [
    pytest.mark.filterwarnings("ignore"),  # what these libraries warn of is not ours
    pytest.mark.timeout(900),  # a cluster of processes on a busy machine
]

ROWS = 1_000_000
CLUSTER = "local-cluster[2,1,1024]"  # a master and two workers, each a process of its own
SCORES = np.random.default_rng(7).random(1024)
SPAN = expression.Span(FIRST, FIRST + DAYS * DAY_MS, HOURS)
NOW = FIRST + 100 * DAY_MS


@pytest.fixture(scope="module")
def wild() -> Wild:
    return Wild.draw(ROWS)


@pytest.fixture(scope="module")
def files(wild: Wild, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return wild.save(tmp_path_factory.mktemp("lake"))


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    """A real cluster, on this machine."""
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java 17 or newer: apt-get install default-jre-headless")
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master(CLUSTER).config("spark.ui.enabled", "false")
    builder = builder.config("spark.executor.memory", "768m")
    session = builder.config("spark.sql.shuffle.partitions", "2").getOrCreate()
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
    return read_source(str(path), engine=engine, master=CLUSTER)


ENGINES = ("duckdb-parquet", "duckdb-csv", "spark-parquet", "postgres")


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    with opened(source(request.param, request)) as found:
        yield found


def test_counts_are_the_same_everywhere(engine: Engine, wild: Wild) -> None:
    columns = read_columns(engine.table, FEATURES, Names(), None, clock_of(engine.source))
    (extent,) = fetch(engine, expression.extent(columns.table, columns.time)).to_pylist()
    timeless = int((wild.at == 0).sum())
    assert extent == {
        "rows": ROWS, "timed": ROWS - timeless, "first": FIRST, "last": FIRST + 19 * DAY_MS
    }  # fmt: skip

    days = [FIRST + day * DAY_MS for day in range(DAYS)]
    tally = Tally.of(fetch(engine, expression.counts(columns, SPAN)), days)
    fine, wrong = tally.sifted(FEATURES, KNOWN)

    names = [fine.names[place] for place in fine.version]
    keys = zip(names, fine.period.tolist(), fine.case.tolist(), fine.label.tolist(), strict=True)
    assert Counter(dict(zip(keys, fine.n.tolist(), strict=True))) == wild.counts()
    assert fine.n.sum() + sum(wrong.values()) + tally.without_case == ROWS - timeless


@pytest.mark.parametrize("name", ["duckdb-parquet", "spark-parquet"])
def test_scores_are_the_same_in_files(
    name: str, request: pytest.FixtureRequest, wild: Wild, tmp_path: Path
) -> None:
    place = tmp_path / "scored"
    with opened(source(name, request)) as engine:
        output = open_output(engine, str(place), None, {"version": "one_v1"})
        found = score(engine, output, Request("one_v1", FEATURES, SCORES), NOW)

    assert found.days == DAYS
    assert found.wrong == wild.without_case()
    assert len(list(place.glob("day=*"))) == DAYS + 1  # and rows that have no time
    check(pa.concat_tables(map(read, sorted(place.glob("*/*.parquet")))), wild)


def test_scores_are_the_same_in_a_table(
    request: pytest.FixtureRequest, wild: Wild, table: str
) -> None:
    with opened(source("postgres", request)) as engine:
        output = open_output(engine, "scored", None, {})
        found = score(engine, output, Request("one_v1", FEATURES, SCORES), NOW)
        assert found.wrong == wild.without_case()
        check(engine.backend.table("scored").to_pyarrow(), wild)
        again = score(engine, output, Request("one_v1", FEATURES, SCORES), NOW)
        assert (again.whole, again.skipped) == (False, 1)


def read(path: Path) -> pa.Table:
    return parquet.ParquetFile(path).read(["id", "case", "score", "everycase_version", "version"])


def check(found: pa.Table, wild: Wild) -> None:
    assert found.num_rows == ROWS
    order = np.argsort(found["id"].to_numpy())
    scores = found["score"].to_numpy()[order]
    np.testing.assert_array_equal(scores, wild.scores(SCORES))
    assert set(found["everycase_version"].unique().to_pylist()) == {"one_v1"}
    case = found["case"].to_numpy().astype(float)[order]
    np.testing.assert_array_equal(case, np.where(wild.are_flags, wild.case, np.nan))
