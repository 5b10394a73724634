"""Changes of the headline verdict: noted once, whoever looks, and delivered once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from webapp.events.database import Database
from webapp.events.record import insert_into

# silent: nobody has to be told; pending: to be sent; sending: somebody does it now;
# sent: it arrived; lost: given up
State = Literal["silent", "pending", "sending", "sent", "lost"]
MOST_TRIES = 20
_COLUMNS = ("id", "at", "version", "verdict", "previous", "sentence", "tries")


@dataclass(frozen=True)
class Alert:
    """A change of a version's verdict; ``at`` in ms since 1970, UTC."""

    id: int
    at: int
    version: str
    verdict: str
    previous: str | None
    sentence: str
    tries: int


class Alerts:
    """The table of changes. Everything raises LogUnavailableError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def note(self, version: str, verdict: str, sentence: str, at: int) -> bool:
        """Write it down if it differs from the last of this version: did it?

        The first look at a version is a change only when it finds drift.
        """
        with self._database.writing() as link:
            if not link.is_sqlite:  # two machines at once: each sees what the other wrote
                link.run("LOCK TABLE alerts IN SHARE ROW EXCLUSIVE MODE")
            select = "SELECT verdict FROM alerts WHERE version = ? ORDER BY id DESC LIMIT 1"
            row = link.run(select, (version,)).fetchone()
            previous = None if row is None else str(row[0])
            if previous == verdict:
                return False
            state: State = "silent" if previous is None and verdict != "drifted" else "pending"
            names = ("at", "version", "verdict", "previous", "sentence", "state", "tries")
            values = (at, version, verdict, previous, sentence[:2000], state, 0)
            link.run(insert_into("alerts", names), values)
            return state == "pending"

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
