"""What a webhook is told: changes of the headline verdict, and promotions.

Each is noted once, whoever looks, and delivered once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from webapp.db.database import Database, Link
from webapp.db.sql import insert_into

# silent: nobody has to be told; pending: to be sent; sending: somebody does it now;
# sent: it arrived; lost: given up
State = Literal["silent", "pending", "sending", "sent", "lost"]
MOST_TRIES = 20
Kind = Literal["drift", "promotion"]
_COLUMNS = ("id", "at", "version", "verdict", "previous", "sentence", "tries", "kind")
_NAMES = ("at", "version", "verdict", "previous", "sentence", "state", "tries")


@dataclass(frozen=True)
class Alert:
    """A change of a version's verdict, or a promotion of it; ``at`` in ms since 1970, UTC.

    ``previous`` is the verdict before it, or the champion.
    """

    id: int
    at: int
    version: str
    verdict: str
    previous: str | None
    sentence: str
    tries: int
    kind: Kind = "drift"


class Alerts:
    """The table of changes. Everything raises LogUnavailableError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def note(self, version: str, verdict: str, sentence: str, at: int) -> bool:
        """Write it down if it differs from the last of this version: did it?

        The first look at a version is a change only when it finds drift.
        """
        with self._database.writing() as link:
            _lock(link)
            select = "SELECT verdict FROM alerts WHERE version = ? AND kind = 'drift' "
            select += "ORDER BY id DESC LIMIT 1"
            row = link.run(select, (version,)).fetchone()
            previous = None if row is None else str(row[0])
            if previous == verdict:
                return False
            state: State = "silent" if previous is None and verdict != "drifted" else "pending"
            values = (at, version, verdict, previous, sentence[:2000], state, 0)
            link.run(insert_into("alerts", _NAMES), values)
            return state == "pending"

    def note_promotions(self) -> int:
        """Write down the promotions since the last look: how many.

        The first look only notes where the ledger ends: what was before it is old news.
        """
        with self._database.writing() as link:
            _lock(link)
            seen = link.run("SELECT max(promotion) FROM alerts").fetchone()[0]
            select = "SELECT id, at, version, previous, actor, reason FROM promotions"
            if seen is None:
                last = link.run("SELECT coalesce(max(id), 0) FROM promotions").fetchone()[0]
                _note_promotion(link, (last, 0, "", None, "", ""), "silent")
                return 0
            new = link.run(f"{select} WHERE id > ? ORDER BY id", (seen,)).fetchall()
            for row in new:
                _note_promotion(link, row, "pending")
            return len(new)

    def take(self) -> Alert | None:
        """The oldest that is to be sent; from now on it is the caller's to send, nobody else's."""
        with self._database.writing() as link:
            lock = "" if link.is_sqlite else " FOR UPDATE SKIP LOCKED"
            select = f"SELECT {', '.join(_COLUMNS)} FROM alerts WHERE state = 'pending'"
            row = link.run(f"{select} ORDER BY id LIMIT 1{lock}").fetchone()
            if row is None:
                return None
            link.run("UPDATE alerts SET state = 'sending' WHERE id = ?", (row[0],))
            return Alert(*row)

    def done(self, alert: Alert, *, sent: bool) -> None:
        """It arrived, or it is to be tried again, unless it was tried too often."""
        tries = alert.tries + 1
        state: State = "sent" if sent else "lost" if tries >= MOST_TRIES else "pending"
        with self._database.writing() as link:
            link.run(
                "UPDATE alerts SET state = ?, tries = ? WHERE id = ?", (state, tries, alert.id)
            )


def _lock(link: Link) -> None:
    if not link.is_sqlite:  # two machines at once: each sees what the other wrote
        link.run("LOCK TABLE alerts IN SHARE ROW EXCLUSIVE MODE")


def _note_promotion(link: Link, row: Sequence[Any], state: State) -> None:
    id_, at, version, previous, actor, reason = row
    told = f"{version} is champion now, in place of {previous or 'nobody'}: by {actor}. {reason}"
    values = (at, version, "promoted", previous, told.strip()[:2000], state, 0, "promotion", id_)
    link.run(insert_into("alerts", (*_NAMES, "kind", "promotion")), values)
