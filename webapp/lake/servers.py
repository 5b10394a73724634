"""Database servers: PostgreSQL, BigQuery, Athena and Trino, through Ibis's backends."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from webapp.lake.errors import LakeError, first_line, need
from webapp.lake.parquet_stats import NO_PROOF
from webapp.lake.sources import EngineKind, Format, LakeSource

# The driver that each needs beside Ibis, and the package that installs it
_DRIVERS: dict[EngineKind, tuple[str, str]] = {
    "postgres": ("psycopg", "ibis-framework[postgres]"),
    "bigquery": ("google.cloud.bigquery", "ibis-framework[bigquery]"),
    "athena": ("pyathena", "ibis-framework[athena]"),
    "trino": ("trino", "ibis-framework[trino]"),
}


class ServerEngine:
    """A table on a server. The server does the work and sends only the counts."""

    def __init__(self, source: LakeSource) -> None:
        need("ibis", "lake")
        _need_driver(source.kind)
        self.source = source
        self.proof = NO_PROOF
        self.renamed: Mapping[str, str] = {}
        try:
            self.backend = _connect(source)
        except Exception as error:
            raise LakeError(
                f"{source.display_name} can't be reached: {first_line(error)}"
            ) from error
        if source.kind == "postgres":
            self.backend.raw_sql("SET timezone = 'UTC'").close()
        self.table = self._table(source.table)

    def _table(self, name: str) -> Any:
        database, _, table = name.rpartition(".")
        try:
            return self.backend.table(table, database=database or None)
        except Exception as error:
            tables = ", ".join(sorted(self.backend.list_tables())[:20])
            existing = f"the tables are {tables}" if tables else "there are no tables"
            raise LakeError(f"there is no table {name}; {existing}") from error

    def fetch(self, expression: Any) -> Any:
        """Run a query. Returns an Arrow table."""
        return self.backend.to_pyarrow(expression)

    def register_table(self, name: str, rows: Any) -> None:
        """Make an Arrow table available to this session's queries."""
        if self.source.kind == "postgres":
            self.backend.raw_sql(f"DROP TABLE IF EXISTS pg_temp.{name}").close()
        self.backend.create_table(name, rows, temp=True)

    def write(self, rows: Any, path: Path, form: Format, partition: str | None) -> None:
        """Raise LakeError: a server can't write local files."""
        raise LakeError(f"scores can't be written to files from {self.source.kind}")

    def close(self) -> None:
        """Close the connection."""
        self.backend.disconnect()


def _need_driver(kind: EngineKind) -> None:
    from importlib import import_module

    module, package = _DRIVERS[kind]
    try:
        import_module(module)
    except ImportError:
        raise LakeError(f"{kind} needs its driver: pip install '{package}'") from None


def _connect(source: LakeSource) -> Any:
    import ibis

    url = source.place
    if urlsplit(url).scheme == "postgres":  # as Heroku writes it
        url = "postgresql" + url.removeprefix("postgres")
    return ibis.connect(url)
