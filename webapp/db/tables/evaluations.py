"""Labelled rows that versions weren't trained on. Only their counts are stored, never the rows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from webapp.db.database import Database
from webapp.db.sql import insert_into

LONGEST = 1000  # characters of a source
_FACTS = ("build", "at", "version", "source", "sha256", "row_range", "n", "positives", "actor")
_COLUMNS = (*_FACTS, "counted")


@dataclass(frozen=True)
class Evaluation:
    """What was stored for a version; ``build`` is that of its facts, ``at`` is in ms.

    ``n`` and ``positives`` are those of all counted rows, ``row_range`` is the range of the file
    that was asked for.
    """

    build: str
    at: int
    version: str
    source: str
    sha256: str
    row_range: str
    n: int
    positives: int
    actor: str


class Evaluations:
    """The table, a row for each build. Raises LogUnavailableError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def store(self, evaluation: Evaluation, rows: Sequence[tuple[int, int, int]]) -> None:
        """Store the counts, by case, n and positives, in place of earlier ones of the build."""
        updates = ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS[1:])
        again = f"ON CONFLICT (build) DO UPDATE SET {updates}"
        facts = tuple(getattr(evaluation, name) for name in _FACTS)
        with self._database.writing() as link:
            statement = f"{insert_into('evaluations', _COLUMNS)} {again}"
            link.run(statement, (*facts, json.dumps(rows)))

    def remove(self, build: str) -> bool:
        """Remove what was stored for the build. False if nothing was."""
        with self._database.writing() as link:
            return bool(link.run("DELETE FROM evaluations WHERE build = ?", (build,)).rowcount)

    def find(self, build: str) -> Evaluation | None:
        """What was stored for the build, without the counts; None if nothing was."""
        with self._database.reading() as link:
            select = f"SELECT {', '.join(_FACTS)} FROM evaluations WHERE build = ?"
            row = link.run(select, (build,)).fetchone()
        return None if row is None else Evaluation(*row)

    def sources(self) -> dict[str, tuple[str, int]]:
        """By build: where its rows come from, and how many they are."""
        with self._database.reading() as link:
            rows = link.run("SELECT build, source, n FROM evaluations").fetchall()
        return {str(build): (str(source), int(n)) for build, source, n in rows}

    def counted(self, build: str) -> list[tuple[int, int, int]]:
        """Case, n and positives of the cases that occurred; empty if nothing was stored."""
        with self._database.reading() as link:
            select = "SELECT counted FROM evaluations WHERE build = ?"
            row = link.run(select, (build,)).fetchone()
        if row is None:
            return []
        values = json.loads(row[0]) if isinstance(row[0], str) else row[0]
        return [(int(case), int(n), int(positives)) for case, n, positives in values]
