"""DuckDB: Parquet and CSV files, local or in S3."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from webapp.bundle.yes_no import fold_name
from webapp.lake import file_snapshot
from webapp.lake.errors import need, translate_errors
from webapp.lake.parquet_stats import NO_PROOF, read_proof
from webapp.lake.plain_csv import PlainCsv
from webapp.lake.sources import Format, LakeSource

_TABLE = "everycase_source"


class DuckEngine:
    """Files as a view. CSV columns are read as text, so that one odd value doesn't break them."""

    def __init__(self, source: LakeSource) -> None:
        need("duckdb", "lake")
        ibis = need("ibis", "lake")
        self.source = source
        self.proof = NO_PROOF
        self.renamed: Mapping[str, str] = {}
        self._snapshot = file_snapshot.FileSnapshot(())
        self._plain = PlainCsv(())
        self.backend = ibis.duckdb.connect()
        self.backend.raw_sql("SET enable_progress_bar = false")
        with translate_errors(f"{source.display_name} can't be read"):
            if source.place.startswith("s3://"):
                files = _in_bucket(source)
                self.backend.con.register(_TABLE, files)
                self.table = self.backend.table(_TABLE)
                self.renamed = _find_renamed(files.schema.names, self.table.columns)
            else:
                self.table = self._files(source)

    def _files(self, source: LakeSource) -> Any:
        """Read the files that exist now; files added later are left to the next run."""
        self._snapshot = file_snapshot.take_snapshot(source)
        files = self._snapshot.names
        if source.format == "parquet":
            # Statistics leave NaN out, and DuckDB would conclude from them that there is none
            options = {"union_by_name": False, "can_have_nan": True}
            table = self.backend.read_parquet(files, table_name=_TABLE, **options)
            self.proof = read_proof(files, table)
            self.renamed = _find_renamed(_parquet_names(files), table.columns)
            return table
        self._plain = PlainCsv(files)
        options = {"all_varchar": True, "header": True, **self._plain.options}
        try:
            table = self.backend.read_csv(self._plain.files, table_name=_TABLE, **options)
            self.renamed = _find_renamed(self._csv_names(), table.columns)
        except Exception:
            self._plain.check_widths()
            self._plain.close()
            raise
        return table

    def _csv_names(self) -> Sequence[str]:
        """The names in the header of the first file."""
        options = {"all_varchar": True, "header": False, **self._plain.options}
        arguments = ", ".join(f"{name} = ${name}" for name in options)
        first = f"SELECT * FROM read_csv($file, {arguments}) LIMIT 1"
        values = {"file": self._plain.files[0], **options}
        rows = self.backend.con.execute(first, values).fetchall()
        return [name or "" for row in rows for name in row]

    def fetch(self, expression: Any) -> Any:
        """Run a query. Returns an Arrow table."""
        table = self.backend.to_pyarrow(expression)
        self._snapshot.refuse_changes()
        return table

    def register_table(self, name: str, rows: Any) -> None:
        """Make an Arrow table available to this session's queries."""
        self.backend.con.register(name, rows)

    def write(self, rows: Any, path: Path, form: Format, partition: str | None) -> None:
        """Write a file, or a folder with one subfolder per value of ``partition``."""
        options = f"FORMAT {form}" + (", HEADER" if form == "csv" else "")
        if partition is not None:
            options += f", PARTITION_BY (\"{partition}\"), FILENAME_PATTERN 'scored-{{uuid}}'"
        place = str(path).replace("'", "''")
        self.backend.raw_sql(f"COPY ({self.backend.compile(rows)}) TO '{place}' ({options})")
        self._snapshot.refuse_changes()

    def close(self) -> None:
        """Close the in-memory database."""
        self.backend.disconnect()
        self._plain.close()


def _parquet_names(files: Sequence[str]) -> Sequence[str]:
    """The names in the schema of the first file."""
    from pyarrow import parquet

    names: Sequence[str] = parquet.read_schema(files[0]).names
    return names


def _find_renamed(names: Sequence[str], columns: Sequence[str]) -> dict[str, str]:
    """Columns that DuckDB named anew, as their names differed in case only; and those names."""
    pairs = zip(columns, names, strict=False)  # folders such as day=1 are columns, too
    return {column: name for column, name in pairs if fold_name(column) != fold_name(name)}


def _in_bucket(source: LakeSource) -> Any:
    """The files as an Arrow dataset. Arrow's wheel has an S3 client, while DuckDB would have to
    download an extension. DuckDB pushes projections and filters down to the dataset.
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
    paths: Any = _matching(files, path) if "*" in path else path
    if source.format == "parquet":
        return dataset.dataset(paths, filesystem=files, format="parquet", partitioning="hive")
    first = dataset.dataset(paths, filesystem=files, format="csv").schema
    text = {name: pa.string() for name in first.names}
    form = dataset.CsvFileFormat(
        convert_options=csv.ConvertOptions(column_types=text, strings_can_be_null=True)
    )
    schema = pa.schema(list(text.items()))
    return dataset.dataset(paths, filesystem=files, format=form, schema=schema)


def _matching(files: Any, pattern: str) -> list[str]:
    from fnmatch import fnmatch

    from pyarrow import fs

    base = pattern.partition("*")[0].rpartition("/")[0]
    entries = files.get_file_info(fs.FileSelector(base, recursive=True))
    paths = [f.path for f in entries if f.is_file and fnmatch(f.path, pattern)]
    if not paths:
        raise FileNotFoundError(f"nothing matches s3://{pattern}")
    return paths
