"""Counting and scoring a lake, beside SQL by hand and beside MLflow's Spark function.

DuckDB counts LAKE_ROWS (10,000,000) rows; Spark counts and scores LAKE_SPARK_ROWS (10,000,000).
MLflow's function gets a tenth of them, and its time is multiplied by ten: a model takes as long for
each row as for the first.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure, alternate, ratios
from webapp.catalog.prepared import read_prepared
from webapp.lake import expression
from webapp.lake.columns import ColumnNames, read_columns, read_flags
from webapp.lake.engines import Engine, extent, find_timestamp_support, open_engine
from webapp.lake.outputs import open_output
from webapp.lake.score import ScoreRequest, score, score_table
from webapp.lake.sources import read_source
from webapp.settings import ROOT
from webapp.timing import DAY_MS

ROWS = int(os.environ.get("LAKE_ROWS", "10000000"))
SPARK_ROWS = int(os.environ.get("LAKE_SPARK_ROWS", "10000000"))
ROUNDS, VERSION, DAYS = 3, "hgb_games_v1", 60
FIRST = 20_000 * DAY_MS
COUNT_BAR, SPARK_BAR, SCORE_BAR = 0.8, 1.2, 20
_PREPARED = read_prepared(ROOT / "models" / VERSION / "everycase")
_NAMES = _PREPARED.features.names
_SHARE = 10  # MLflow gets one row in ten
_BITS = " + ".join(f'CAST("{name}" AS INT) * {1 << i}' for i, name in enumerate(_NAMES))


def measure() -> list[Figure]:
    """Counting by DuckDB; counting and scoring by Spark, where there is Java."""
    figures = []
    with tempfile.TemporaryDirectory(prefix="everycase-lake-", dir=ROOT) as folder:
        place = Path(folder)
        figures += _duck(_events(place / "many.parquet", ROWS))
        if shutil.which("java") is None:
            print("  no Java: Spark is left out")
        else:
            few = _events(place / "few.parquet", SPARK_ROWS // _SHARE)
            figures += _spark(_events(place / "some.parquet", SPARK_ROWS), few, place)
    return figures


def _events(path: Path, n: int) -> Path:
    """Write ``n`` events in order of time: ten small numbers each, and a label for some."""
    import duckdb

    flags = ", ".join(
        f'CAST(hash(i * 16 + {bit}) % 10 < {bit % 4 + 1} AS TINYINT) AS "{name}"'
        for bit, name in enumerate(_NAMES)
    )
    step = DAYS * DAY_MS / n
    duckdb.connect().execute(
        f"COPY (SELECT make_timestamp({FIRST * 1000} + 1000 * CAST(i * {step} AS BIGINT)) AS "
        f"timestamp, {flags}, CASE WHEN hash(i * 16 + 11) % 10 < 7 THEN "
        "CAST(hash(i * 16 + 12) % 8 = 0 AS TINYINT) END AS label "
        f"FROM range({n}) AS t(i)) TO '{path}' (FORMAT parquet)"
    )
    return path


def _duck(path: Path) -> list[Figure]:
    with open_engine(read_source(str(path))) as engine:
        link = engine.backend.con
        by_hand = (
            f"SELECT date_trunc('day', timestamp) AS day, {_BITS} AS \"case\", label, count(*) "
            f"FROM '{path}' GROUP BY ALL"
        )
        theirs = lambda: link.sql(by_hand).to_arrow_table()  # noqa: E731
        times = _alternate(lambda: _count(engine), theirs)
    print(f"  DuckDB, {ROWS:,} rows: {min(times[0]):.2f} s, by hand {min(times[1]):.2f} s")
    what = f"lake count, {ROWS:,} Parquet rows"
    return [Figure(what, "DuckDB's SQL by hand", ratios(times[1], times[0]), at_least=COUNT_BAR)]


def _count(engine: Engine) -> Any:
    """Count as ``lake count`` does: find the range of days, then one GROUP BY."""
    columns = read_columns(
        engine.table,
        _PREPARED.features,
        ColumnNames(),
        VERSION,
        find_timestamp_support(engine.source),
        engine.proof,
    )
    days = extent(engine, columns.time)
    assert days.first is not None
    assert days.last is not None
    until = days.last + DAY_MS
    return engine.fetch(expression.counts(columns, expression.Span(days.first, until, until)))


def _spark(path: Path, few: Path, folder: Path) -> list[Figure]:
    os.environ["PYSPARK_PYTHON"] = sys.executable  # the model's libraries are in this one
    with open_engine(read_source(str(path), engine="spark", master="local[2]")) as engine:
        session: Any = getattr(engine, "session")  # noqa: B009
        session.sparkContext.setLogLevel("ERROR")
        return [_spark_counts(engine, session), *_spark_scores(engine, session, few, folder)]


def _spark_counts(engine: Engine, session: Any) -> Figure:
    by_hand = (
        f"SELECT date_trunc('day', timestamp) AS day, {_BITS} AS `case`, label, count(*) AS n "
        "FROM everycase_source GROUP BY 1, 2, 3"
    ).replace('"', "`")
    times = _alternate(lambda: _count(engine), lambda: session.sql(by_hand).toArrow())
    print(f"  Spark, {SPARK_ROWS:,} rows: {min(times[0]):.2f} s, by hand {min(times[1]):.2f} s")
    what = f"lake count, {SPARK_ROWS:,} rows on Spark"
    return Figure(what, "Spark's SQL by hand", ratios(*times), at_most=SPARK_BAR)


def _spark_scores(engine: Engine, session: Any, few: Path, folder: Path) -> list[Figure]:
    """Compute all columns and discard them (Spark's ``noop``), which measures scoring alone.

    Also write them as files, which Spark can't do faster than it copies the source.
    """
    theirs = _udf(session, few)
    ours = session.sql(engine.backend.compile(_score_expression(engine)))
    source = session.read.parquet(engine.source.place)
    score_times = _alternate(lambda: _compute(ours), lambda: _compute(theirs))
    file_times = _alternate(
        lambda: _score(engine, folder / "ours"),
        lambda: theirs.write.mode("overwrite").parquet(str(folder / "theirs")),
        lambda: source.write.mode("overwrite").parquet(str(folder / "copy")),
    )
    best = [min(times) for times in (*score_times, *file_times)]
    print(f"  scores: {best[0]:.2f} s, by spark_udf {best[1] * _SHARE:.1f} s; as files "
          f"{best[2]:.2f} s, {best[3] * _SHARE:.1f} s; a copy {best[4]:.2f} s")  # fmt: skip
    rows, against = f"{SPARK_ROWS:,} rows on Spark", f"mlflow.pyfunc.spark_udf of {VERSION}"
    return [
        Figure(f"lake score, {rows}, nothing written", against, _speedups(score_times),
               at_least=SCORE_BAR, digits=1),
        Figure(f"lake score, {rows}, all columns as files", against, _speedups(file_times),
               digits=1),
        Figure(f"lake score, {rows}", "Spark's copy of the source",
               ratios(file_times[0], file_times[2])),
    ]  # fmt: skip


def _speedups(times: Sequence[tuple[float, ...]]) -> tuple[float, ...]:
    return tuple(ratio * _SHARE for ratio in ratios(times[1], times[0]))


def _score_expression(engine: Engine) -> Any:
    scores = score_table(engine, _PREPARED.scores)
    case = read_flags(engine.table, _PREPARED.features, engine.proof).case
    return expression.score_rows(engine.table, case, scores, VERSION)


def _compute(frame: Any) -> None:
    frame.write.format("noop").mode("overwrite").save()


def _score(engine: Engine, place: Path) -> None:
    shutil.rmtree(place, ignore_errors=True)
    output = open_output(engine, str(place / "all.parquet"), None, {})
    score(engine, output, ScoreRequest(VERSION, _PREPARED.features, _PREPARED.scores), 0)


def _udf(session: Any, path: Path) -> Any:
    """The model as MLflow brings it into Spark, in this Python."""
    import mlflow

    udf = mlflow.pyfunc.spark_udf(
        session, str(ROOT / "models" / VERSION), result_type="double", env_manager="local"
    )
    return session.read.parquet(str(path)).withColumn("score", udf(*_NAMES))


def _alternate(*calls: Callable[[], Any]) -> list[tuple[float, ...]]:
    """Seconds of each call, in turns, after a round to warm up."""
    for call in calls:
        call()
    return alternate(ROUNDS, *(lambda call=call: _seconds(call) for call in calls))


def _seconds(call: Callable[[], Any]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start
