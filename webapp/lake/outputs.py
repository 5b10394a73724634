"""Outputs for scores: a file, a folder, or a table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from webapp.lake.engines import Engine
from webapp.lake.errors import LakeError
from webapp.lake.folders import FileOutput, FolderOutput
from webapp.lake.score import Output
from webapp.lake.sources import ENDINGS, Format


def open_output(engine: Engine, text: str, form: Format | None, what: dict[str, str]) -> Output:
    """The output that ``text`` names. ``what`` describes the scores. Raises LakeError."""
    kind = engine.source.kind
    if kind == "postgres":
        return TableOutput(engine, text)
    if kind not in ("duckdb", "spark"):
        raise LakeError(
            f"scores can't be written from {kind} yet: everycase lake sql prints the query"
        )
    if "://" in text:
        raise LakeError("scores can only be written to a local path, not to a URL")
    path = Path(text).absolute()
    ending = next((end for end in ENDINGS if path.name.lower().endswith(end)), None)
    write = engine.write
    if ending is not None:
        return FileOutput(path, form or ENDINGS[ending], write)
    return FolderOutput(path, form or "parquet", write, what)


class TableOutput:
    """A table in the same database, created in one transaction."""

    by_day = False

    def __init__(self, engine: Engine, name: str) -> None:
        self._engine = engine
        self._schema, _, self._name = name.rpartition(".")

    def written_days(self) -> dict[int, int]:
        """No days: it is all or nothing."""
        return {}

    def is_whole(self) -> bool:
        """True if the table exists."""
        tables: list[str] = self._engine.backend.list_tables(database=self._schema or None)
        return self._name in tables

    def write(self, rows: Any, days: Sequence[int] | None, at: int) -> int | None:
        """Write all rows, replacing the table."""
        parts = [part for part in (self._schema, self._name) if part]
        name = ".".join('"' + part.replace('"', '""') + '"' for part in parts)
        query = self._engine.backend.compile(rows)
        connection = self._engine.backend.con
        with connection.transaction(), connection.cursor() as cursor:
            cursor.execute(f"DROP TABLE IF EXISTS {name}")
            cursor.execute(f"CREATE TABLE {name} AS {query}")
        return None
