"""Labelled files that versions are compared on. Only their counts are stored, never their rows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from webapp.db.database import Database, Link
from webapp.db.sql import insert_into
from webapp.timing import DAY_MS

KEPT_MS = 30 * DAY_MS
MOST = 2_000  # files kept, as anyone may send one
MOST_OF_ONE = 50  # of one browser, or of one network's browsers without a cookie
_COLUMNS = ("id", "at", "name", "sha256", "features", "counted", "owner", "network")


@dataclass(frozen=True)
class Owner:
    """Digests of a browser's cookie, empty without one, and of the network that it is in."""

    browser: str = ""
    network: str = ""


NOBODY = Owner()


@dataclass(frozen=True)
class Upload:
    """A labelled file. ``id`` is random; ``at`` is when it was last sent, in ms since 1970, UTC;
    ``counted`` has its counts over the cases of ``features``.
    """

    id: str
    at: int
    name: str
    sha256: str
    features: tuple[str, ...]
    counted: Mapping[str, Any]
    owner: Owner = NOBODY


class Uploads:
    """The table of files. All methods raise LogUnavailableError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, upload: Upload) -> Upload:
        """Store a file's counts. Returns the file as it is stored.

        A file that the same browser sent before keeps its id, and its time is renewed. Drops files
        that are old, the oldest of a browser that has too many, and if there are too many in all,
        the oldest of the network that has the most: nobody's are dropped for another's.
        """
        owner = upload.owner
        with self._database.writing() as link:
            link.run("DELETE FROM uploads WHERE at < ?", (upload.at - KEPT_MS,))
            earlier_id = _find_same(link, upload) if owner.browser else None
            upload = replace(upload, id=earlier_id or upload.id)
            link.run("DELETE FROM uploads WHERE id = ?", (upload.id,))
            values = (upload.id, upload.at, upload.name, upload.sha256)
            forms = (json.dumps(upload.features), json.dumps(upload.counted))
            link.run(
                insert_into("uploads", _COLUMNS), (*values, *forms, owner.browser, owner.network)
            )
            mine = "owner = ?" if owner.browser else "owner = '' AND network = ?"
            _keep_newest(link, mine, owner.browser or owner.network, MOST_OF_ONE)
            _make_room(link)
        return upload

    def get(self, id_: str) -> Upload | None:
        """The file with that id, or None if it was never stored or has been dropped."""
        with self._database.reading() as link:
            select = f"SELECT {', '.join(_COLUMNS)} FROM uploads WHERE id = ?"
            row = link.run(select, (id_,)).fetchone()
        if row is None:
            return None
        features, counts = (json.loads(v) if isinstance(v, str) else v for v in row[4:6])
        owner = Owner(row[6], row[7])
        return Upload(row[0], row[1], row[2], row[3], tuple(features), counts, owner)


def _find_same(link: Link, upload: Upload) -> str | None:
    """The id of the same file of the same browser, if it is stored."""
    select = "SELECT id, features FROM uploads WHERE owner = ? AND sha256 = ?"
    rows = link.run(select, (upload.owner.browser, upload.sha256)).fetchall()
    for id_, features in rows:
        names = json.loads(features) if isinstance(features, str) else features
        if tuple(names) == upload.features:
            return str(id_)
    return None


def _keep_newest(link: Link, which: str, value: str, most: int) -> None:
    newest = f"SELECT id FROM uploads WHERE {which} ORDER BY at DESC, id LIMIT ?"
    link.run(f"DELETE FROM uploads WHERE {which} AND id NOT IN ({newest})", (value, value, most))


def _make_room(link: Link) -> None:
    """Drop the oldest files of the networks that have the most, down to MOST in all."""
    total = int(link.run("SELECT count(*) FROM uploads").fetchone()[0])
    largest = "SELECT network, count(*) FROM uploads GROUP BY network ORDER BY 2 DESC, 1 LIMIT 1"
    for _ in range(total - MOST):
        network, n = link.run(largest).fetchone()
        _keep_newest(link, "network = ?", network, int(n) - 1)
