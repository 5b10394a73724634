"""DuckDB: Parquet and CSV files, here or in S3."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from webapp.lake import file_snapshot
from webapp.lake.errors import need, translated
from webapp.lake.parquet_stats import NOTHING, of_parquet
from webapp.lake.sources import Format, Source

_TABLE = "everycase_source"


class DuckEngine:
    """Files as a view. Text files are read as text, so that one odd value spoils no column."""

    def __init__(self, source: Source) -> None:
        need("duckdb", "lake")
        ibis = need("ibis", "lake")
        self.source = source
        self.proof = NOTHING
        self._pinned = file_snapshot.Pinned(())
        self.backend = ibis.duckdb.connect()
        self.backend.raw_sql("SET enable_progress_bar = false")
        with translated(f"{source.shown} can't be read"):
            if source.place.startswith("s3://"):
                self.backend.con.register(_TABLE, _in_bucket(source))
                self.table = self.backend.table(_TABLE)
            else:
                self.table = self._files(source)

    def _files(self, source: Source) -> Any:
        """The files that there are now; those that come later are another run's."""
        self._pinned = file_snapshot.found(source)
        files = self._pinned.names
        if source.format == "parquet":
            table = self.backend.read_parquet(files, table_name=_TABLE, union_by_name=False)
            self.proof = of_parquet(files, table)
            return table
        return self.backend.read_csv(files, table_name=_TABLE, all_varchar=True, header=True)

    def fetch(self, expression: Any) -> Any:
        """What an expression finds, as an Arrow table."""
        found = self.backend.to_pyarrow(expression)
        self._pinned.refuse_changes()
        return found

    def lend(self, name: str, rows: Any) -> None:
        """Make an Arrow table a table of this session's."""
        self.backend.con.register(name, rows)

    def write(self, rows: Any, path: Path, form: Format, partition: str | None) -> None:
        """A file, or a folder with a folder a value of ``partition``."""
        options = f"FORMAT {form}" + (", HEADER" if form == "csv" else "")
        if partition is not None:
            options += f", PARTITION_BY (\"{partition}\"), FILENAME_PATTERN 'scored-{{uuid}}'"
        place = str(path).replace("'", "''")
        self.backend.raw_sql(f"COPY ({self.backend.compile(rows)}) TO '{place}' ({options})")
        self._pinned.refuse_changes()

    def close(self) -> None:
        """Close the database, which is in memory."""
        self.backend.disconnect()


def _in_bucket(source: Source) -> Any:
    """The files as a dataset of Arrow's, whose S3 client is in the wheel: DuckDB's own would have
    to be downloaded. DuckDB asks it for the columns and the rows that a query needs only.
    """
    import pyarrow as pa
    from pyarrow import csv, dataset, fs

    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    options: dict[str, Any] = {"region": region} if region else {}
    if endpoint:
        parts = urlsplit(endpoint)
        options |= {"endpoint_override": parts.netloc, "scheme": parts.scheme}
    files = fs.S3FileSystem(**options)
    path = source.place.removeprefix("s3://").rstrip("/")
    found: Any = _matching(files, path) if "*" in path else path
    if source.format == "parquet":
        return dataset.dataset(found, filesystem=files, format="parquet", partitioning="hive")
    first = dataset.dataset(found, filesystem=files, format="csv").schema
    text = {name: pa.string() for name in first.names}
    form = dataset.CsvFileFormat(
        convert_options=csv.ConvertOptions(column_types=text, strings_can_be_null=True)
    )
    schema = pa.schema(list(text.items()))
    return dataset.dataset(found, filesystem=files, format=form, schema=schema)


def _matching(files: Any, pattern: str) -> list[str]:
    from fnmatch import fnmatch

    from pyarrow import fs

    base = pattern.partition("*")[0].rpartition("/")[0]
    listed = files.get_file_info(fs.FileSelector(base, recursive=True))
    found = [f.path for f in listed if f.is_file and fnmatch(f.path, pattern)]
    if not found:
        raise FileNotFoundError(f"nothing matches s3://{pattern}")
    return found
