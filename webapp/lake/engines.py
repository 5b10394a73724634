"""Engines: each opens a source as an Ibis table and hands back what an expression found."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from webapp.lake import expression
from webapp.lake.parquet_stats import Extent, Proof
from webapp.lake.sources import Format, Kind, Source
from webapp.lake.times import Clock, Time

_CLOCKS: dict[Kind, Clock] = {"bigquery": "zoned", "duckdb": "plain"}


class Engine(Protocol):
    """A source, opened."""

    source: Source
    table: Any  # Ibis
    backend: Any  # Ibis
    proof: Proof  # what is known of columns without looking at rows

    def fetch(self, asked: Any) -> Any:
        """What an expression finds, as an Arrow table."""
        ...

    def lend(self, name: str, rows: Any) -> None:
        """Make an Arrow table a table of this session's."""
        ...

    def write(self, rows: Any, path: Path, form: Format, partition: str | None) -> None:
        """Write an expression's rows as files, where it can."""
        ...

    def close(self) -> None:
        """Give back what it holds."""
        ...


@contextmanager
def opened(source: Source) -> Iterator[Engine]:
    """The source in its engine. Raises LakeError."""
    engine = _open(source)
    try:
        yield engine
    finally:
        engine.close()


def extent(engine: Engine, name: str, time: Time) -> Extent:
    """The days that the column of that name has times of: as proven, or as the rows say."""
    if name in engine.proof.times:
        return engine.proof.times[name]
    (found,) = engine.fetch(expression.extent(engine.table, time)).to_pylist()
    return Extent(**found)


def clock_of(source: Source) -> Clock:
    """Which timestamps the engine can cut to hours. (DuckDB's zones are an extension of it.)"""
    return _CLOCKS.get(source.kind, "both")


def _open(source: Source) -> Engine:
    if source.kind == "duckdb":
        from webapp.lake.duck import DuckEngine

        return DuckEngine(source)
    if source.kind == "spark":
        from webapp.lake.spark import SparkEngine

        return SparkEngine(source)
    from webapp.lake.servers import ServerEngine

    return ServerEngine(source)
