"""Labelled files that versions are compared on. Only their counts are stored, never their rows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from webapp.db.database import Database
from webapp.db.sql import insert_into
from webapp.timing import DAY_MS

KEPT_MS = 30 * DAY_MS
MOST = 2_000  # files kept, as anyone may send one
_COLUMNS = ("id", "at", "name", "sha256", "features", "counted")


@dataclass(frozen=True)
class Upload:
    """A labelled file. ``id`` is as hard to guess as its content; ``at`` is when it was last sent,
    in ms since 1970, UTC; ``counted`` has its counts over the cases of ``features``.
    """

    id: str
    at: int
    name: str
    sha256: str
    features: tuple[str, ...]
    counted: Mapping[str, Any]


class Uploads:
    """The table of files. All methods raise LogUnavailableError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, upload: Upload) -> None:
        """Store a file's counts, or renew their time if it was sent before. Drops old files."""
        values = (upload.id, upload.at, upload.name, upload.sha256)
        forms = (json.dumps(upload.features), json.dumps(upload.counted))
        oldest = "SELECT id FROM uploads ORDER BY at DESC, id LIMIT ?"
        again = "ON CONFLICT (id) DO UPDATE SET at = excluded.at"
        with self._database.writing() as link:
            link.run("DELETE FROM uploads WHERE at < ?", (upload.at - KEPT_MS,))
            link.run(f"{insert_into('uploads', _COLUMNS)} {again}", (*values, *forms))
            link.run(f"DELETE FROM uploads WHERE id NOT IN ({oldest})", (MOST,))

    def get(self, id_: str) -> Upload | None:
        """The file with that id, or None if it was never stored or has been dropped."""
        with self._database.reading() as link:
            select = f"SELECT {', '.join(_COLUMNS)} FROM uploads WHERE id = ?"
            row = link.run(select, (id_,)).fetchone()
        if row is None:
            return None
        features, counts = (json.loads(v) if isinstance(v, str) else v for v in row[4:])
        return Upload(row[0], row[1], row[2], row[3], tuple(features), counts)
