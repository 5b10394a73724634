"""Databases that are servers: PostgreSQL, BigQuery, Athena and Trino, by Ibis's own connections."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from webapp.lake.errors import LakeError, first_line, need
from webapp.lake.parquet_stats import NOTHING
from webapp.lake.sources import Format, Kind, Source

# What each needs beside Ibis: its driver, and how it is installed
_DRIVERS: dict[Kind, tuple[str, str]] = {
    "postgres": ("psycopg", "ibis-framework[postgres]"),
    "bigquery": ("google.cloud.bigquery", "ibis-framework[bigquery]"),
    "athena": ("pyathena", "ibis-framework[athena]"),
    "trino": ("trino", "ibis-framework[trino]"),
}


class ServerEngine:
    """A table of a server. The work is done there; only counts come here."""

    def __init__(self, source: Source) -> None:
        need("ibis", "lake")
        _need_driver(source.kind)
        self.source = source
        self.proof = NOTHING
        try:
            self.backend = _connect(source)
        except Exception as error:
            raise LakeError(f"{source.shown} can't be reached: {first_line(error)}") from error
        if source.kind == "postgres":
            self.backend.raw_sql("SET timezone = 'UTC'").close()
        self.table = self._table(source.table)

    def _table(self, name: str) -> Any:
        database, _, table = name.rpartition(".")
        try:
            return self.backend.table(table, database=database or None)
        except Exception as error:
            found = ", ".join(sorted(self.backend.list_tables())[:20])
            raise LakeError(f"there is no table {name}; there are {found or 'none'}") from error

    def fetch(self, expression: Any) -> Any:
        """What an expression finds, as an Arrow table."""
        return self.backend.to_pyarrow(expression)

    def lend(self, name: str, rows: Any) -> None:
        """Make an Arrow table a table of this session's."""
        if self.source.kind == "postgres":
            self.backend.raw_sql(f"DROP TABLE IF EXISTS pg_temp.{name}").close()
        self.backend.create_table(name, rows, temp=True)

    def write(self, rows: Any, path: Path, form: Format, partition: str | None) -> None:
        """A server writes no files here."""
        raise LakeError(f"scores can't be written to files from {self.source.kind}")

    def close(self) -> None:
        """Close the connection."""
        self.backend.disconnect()


def _need_driver(kind: Kind) -> None:
    from importlib import import_module

    module, package = _DRIVERS[kind]
    try:
        import_module(module)
    except ImportError:
        raise LakeError(f"{kind} needs its driver: pip install '{package}'") from None


def _connect(source: Source) -> Any:
    import ibis

    url = source.place
    if urlsplit(url).scheme == "postgres":  # as Heroku writes it
        url = "postgresql" + url.removeprefix("postgres")
    return ibis.connect(url)
