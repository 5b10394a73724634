"""Spark: a session on a cluster or on this machine, over files or a table of its catalog."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from webapp.lake.errors import LakeError, need, translated
from webapp.lake.file_snapshot import Pinned
from webapp.lake.parquet_stats import NOTHING, of_parquet
from webapp.lake.sources import Format, Source

_TABLE = "everycase_source"
_SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.ui.enabled": "false",
    "spark.sql.shuffle.partitions": "8",
    "spark.ui.showConsoleProgress": "false",
}


class SparkEngine:
    """A session of our own, or the one that there is."""

    def __init__(self, source: Source) -> None:
        sql = need("pyspark.sql", "spark")
        ibis = need("ibis", "spark")
        self.source = source
        self.proof = NOTHING
        self._pinned = Pinned(())
        self._session, self._is_ours = _session(sql, source.master)
        with translated(f"{source.shown} can't be read"):
            self.backend = ibis.pyspark.connect(self._session)
            self._session.conf.set("spark.sql.session.timeZone", "UTC")
            self.table = self._read(source)

    def _read(self, source: Source) -> Any:
        if source.table:
            return self.backend.table(source.table)
        reader = self._session.read.option("recursiveFileLookup", "false")
        if source.format == "parquet":
            frame = reader.parquet(source.place)
            self._pinned = _here(frame.inputFiles())
        else:
            frame = reader.csv(source.place, header=True, inferSchema=False, mode="FAILFAST")
        frame.createOrReplaceTempView(_TABLE)
        table = self.backend.table(_TABLE)
        self.proof = of_parquet(self._pinned.names, table)
        return table

    def fetch(self, expression: Any) -> Any:
        """What an expression finds. Ibis would bring it row by row, ten times as slowly."""
        found = self._session.sql(self.backend.compile(expression)).toArrow()
        self._pinned.refuse_changes()
        return found

    def lend(self, name: str, rows: Any) -> None:
        """Make an Arrow table a table of this session's."""
        frame = self._session.createDataFrame(rows)
        # Every worker gets all of it: Spark doesn't know how small it is, and would sort the events
        frame.hint("broadcast").createOrReplaceTempView(name)

    def write(self, rows: Any, path: Path, form: Format, partition: str | None) -> None:
        """A folder of files, with a folder a value of ``partition``."""
        writer = self._session.sql(self.backend.compile(rows)).write
        if partition is not None:
            writer = writer.partitionBy(partition)
        if form == "csv":
            writer.csv(str(path), header=True)
        else:
            writer.parquet(str(path))
        self._pinned.refuse_changes()

    @property
    def session(self) -> Any:
        """The Spark session."""
        return self._session

    def close(self) -> None:
        """Stop the session if it is ours."""
        if self._is_ours:
            self._session.stop()


def _here(files: list[str]) -> Pinned:
    """Files of this machine, which can be looked at without Spark; none if any is elsewhere."""
    places = [urlsplit(file) for file in files]
    if any(place.scheme != "file" for place in places):
        return Pinned(())
    return Pinned(Path(unquote(place.path)) for place in places)


def _session(sql: Any, master: str) -> tuple[Any, bool]:
    known = sql.SparkSession.getActiveSession()
    if known is not None:
        return known, False
    if shutil.which("java") is None:
        raise LakeError("Spark needs Java 17 or newer on the PATH (Debian: default-jre-headless)")
    builder = sql.SparkSession.builder.master(master).appName("everycase")
    for name, value in _SETTINGS.items():
        builder = builder.config(name, value)
    with translated(f"Spark at {master} can't be reached"):
        return builder.getOrCreate(), True
