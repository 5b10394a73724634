"""Which of a model's two classes is the positive one, as people chose it."""

from __future__ import annotations

from webapp.db.database import Database
from webapp.db.sql import insert_into

LONGEST = 1000  # characters of a class
_COLUMNS = ("digest", "at", "version", "positive", "actor")


class ClassChoices:
    """The table, a row for each model. Raises LogUnavailableError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def choose(self, digest: str, version: str, positive: str, actor: str, at: int) -> None:
        """Record a choice, in place of an earlier one for the same model.

        ``digest`` is that of the model's files, ``version`` what it is called, ``at`` in ms.
        """
        updates = ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS[1:])
        again = f"ON CONFLICT (digest) DO UPDATE SET {updates}"
        values = (digest, at, version, positive, actor)
        with self._database.writing() as link:
            link.run(f"{insert_into('class_choices', _COLUMNS)} {again}", values)

    def by_digest(self) -> dict[str, str]:
        """The chosen class of each model."""
        with self._database.reading() as link:
            rows = link.run("SELECT digest, positive FROM class_choices").fetchall()
        return {str(digest): str(positive) for digest, positive in rows}
