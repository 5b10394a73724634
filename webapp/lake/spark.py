"""Spark: a session on a cluster or on this machine, over files or a table of its catalog."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from webapp.lake.errors import LakeError, need, translate_errors
from webapp.lake.file_snapshot import FileSnapshot
from webapp.lake.parquet_stats import NO_PROOF, read_proof
from webapp.lake.sources import Format, LakeSource

_TABLE = "everycase_source"
_SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.ui.enabled": "false",
    "spark.sql.shuffle.partitions": "8",
    "spark.ui.showConsoleProgress": "false",
}


class SparkEngine:
    """The active Spark session, or a new one."""

    def __init__(self, source: LakeSource) -> None:
        sql = need("pyspark.sql", "spark")
        ibis = need("ibis", "spark")
        self.source = source
        self.proof = NO_PROOF
        self.renamed: Mapping[str, str] = {}
        self._snapshot = FileSnapshot(())
        self._session, self._is_ours = _session(sql, source.master)
        with translate_errors(f"{source.display_name} can't be read"):
            self.backend = ibis.pyspark.connect(self._session)
            self._session.conf.set("spark.sql.session.timeZone", "UTC")
            self.table = self._read(source)

    def _read(self, source: LakeSource) -> Any:
        if source.table:
            return self.backend.table(source.table)
        reader = self._session.read.option("recursiveFileLookup", "false")
        if source.format == "parquet":
            frame = reader.parquet(source.place)
            self._snapshot = _local_files(frame.inputFiles())
        else:
            frame = reader.csv(source.place, header=True, inferSchema=False, mode="FAILFAST")
        frame.createOrReplaceTempView(_TABLE)
        table = self.backend.table(_TABLE)
        self.proof = read_proof(self._snapshot.names, table)
        return table

    def fetch(self, expression: Any) -> Any:
        """Run a query. Ibis would fetch the result row by row, ten times slower."""
        table = self._session.sql(self.backend.compile(expression)).toArrow()
        self._snapshot.refuse_changes()
        return table

    def register_table(self, name: str, rows: Any) -> None:
        """Make an Arrow table available to this session's queries."""
        frame = self._session.createDataFrame(rows)
        # Broadcast: Spark doesn't know how small it is, and would sort the events to join them
        frame.hint("broadcast").createOrReplaceTempView(name)

    def write(self, rows: Any, path: Path, form: Format, partition: str | None) -> None:
        """Write a folder of files, with one subfolder per value of ``partition``."""
        writer = self._session.sql(self.backend.compile(rows)).write
        if partition is not None:
            writer = writer.partitionBy(partition)
        if form == "csv":
            writer.csv(str(path), header=True)
        else:
            writer.parquet(str(path))
        self._snapshot.refuse_changes()

    @property
    def session(self) -> Any:
        """The Spark session."""
        return self._session

    def close(self) -> None:
        """Stop the session if this engine started it."""
        if self._is_ours:
            self._session.stop()


def _local_files(files: list[str]) -> FileSnapshot:
    """A snapshot of local files; empty if any of them is elsewhere."""
    places = [urlsplit(file) for file in files]
    if any(place.scheme != "file" for place in places):
        return FileSnapshot(())
    return FileSnapshot(Path(unquote(place.path)) for place in places)


def _session(sql: Any, master: str) -> tuple[Any, bool]:
    active = sql.SparkSession.getActiveSession()
    if active is not None:
        return active, False
    if shutil.which("java") is None:
        raise LakeError("Spark needs Java 17 or newer on the PATH (Debian: default-jre-headless)")
    builder = sql.SparkSession.builder.master(master).appName("everycase")
    for name, value in _SETTINGS.items():
        builder = builder.config(name, value)
    with translate_errors(f"Spark at {master} can't be reached"):
        return builder.getOrCreate(), True
