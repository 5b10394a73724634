"""The place of each version in the list of looks: its colour and dash, for ever.

A place is given once, to versions as they are first seen, and stays when others come and go.
"""

from __future__ import annotations

from collections.abc import Sequence

from webapp.db.database import Database, LogUnavailableError


class VersionLooks:
    """The table, a row for each version that was ever shown."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._places: dict[str, int] = {}

    def places(self, versions: Sequence[str]) -> dict[str, int]:
        """The place of each of these versions, 0 the first; new ones get the next, in this order.

        Without the database new ones are placed for this answer alone.
        """
        missing = [name for name in versions if name not in self._places]
        if missing:
            try:
                self._places = self._add(missing)
            except LogUnavailableError:
                first = len(self._places)
                return self._places | {name: first + i for i, name in enumerate(missing)}
        return {name: self._places[name] for name in versions}

    def _add(self, versions: Sequence[str]) -> dict[str, int]:
        """Give a place to those that have none, and read all."""
        places = self._read()
        missing = [name for name in versions if name not in places]
        if not missing:
            return places
        with self._database.writing() as link:
            for name in missing:
                link.run(_ADD, (name,))
        return self._read()

    def _read(self) -> dict[str, int]:
        with self._database.reading() as link:
            rows = link.run("SELECT version, place FROM version_looks").fetchall()
        return {str(version): int(place) for version, place in rows}


# Two that add at once may share a place, which is a repeated colour; nobody waits for a lock.
_ADD = (
    "INSERT INTO version_looks (version, place) "
    "SELECT CAST(? AS VARCHAR(100)), COALESCE(MAX(place), -1) + 1 FROM version_looks "
    "WHERE TRUE ON CONFLICT (version) DO NOTHING"
)
