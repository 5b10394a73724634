"""Engines: each opens a source as an Ibis table and runs queries on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from webapp.lake import expression
from webapp.lake.parquet_stats import Extent, Proof
from webapp.lake.sources import EngineKind, Format, LakeSource
from webapp.lake.times import Time, TimestampSupport

_SUPPORT: dict[EngineKind, TimestampSupport] = {"bigquery": "zoned", "duckdb": "plain"}


class Engine(Protocol):
    """An open source."""

    source: LakeSource
    table: Any  # Ibis
    backend: Any  # Ibis
    proof: Proof  # what is known about columns without reading rows
    renamed: Mapping[str, str]  # columns of the table, and what they are called in the source

    def fetch(self, query: Any) -> Any:
        """Run a query. Returns an Arrow table."""
        ...

    def register_table(self, name: str, rows: Any) -> None:
        """Make an Arrow table available to this session's queries."""
        ...

    def write(self, rows: Any, path: Path, form: Format, partition: str | None) -> None:
        """Write a query's rows as files. Raises LakeError if the engine can't."""
        ...

    def close(self) -> None:
        """Release connections and memory."""
        ...


@contextmanager
def open_engine(source: LakeSource) -> Iterator[Engine]:
    """Open a source in its engine. Raises LakeError."""
    engine = _open(source)
    try:
        yield engine
    finally:
        engine.close()


def extent(engine: Engine, time: Time) -> Extent:
    """The first and last day in a column of times, proven or read from the rows."""
    if time.column in engine.proof.times:
        return engine.proof.times[time.column]
    (row,) = engine.fetch(expression.extent(engine.table, time)).to_pylist()
    return Extent(**row)


def find_timestamp_support(source: LakeSource) -> TimestampSupport:
    """The kinds of timestamps, with zone or without, that the engine can truncate to hours.

    DuckDB would need an extension for zones.
    """
    return _SUPPORT.get(source.kind, "both")


def _open(source: LakeSource) -> Engine:
    if source.kind == "duckdb":
        from webapp.lake.duck import DuckEngine

        return DuckEngine(source)
    if source.kind == "spark":
        from webapp.lake.spark import SparkEngine

        return SparkEngine(source)
    from webapp.lake.servers import ServerEngine

    return ServerEngine(source)
