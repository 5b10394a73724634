"""Alerts for a webhook: changes of the headline verdict, harm, and promotions.

Each is recorded once, whichever process notices it, and delivered once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from webapp.db.database import Database, Link
from webapp.db.sql import insert_into
from webapp.db.tables.ledger import DEFAULT_ACTOR

# silent: recorded only; pending: to be sent; sending: a process is sending it;
# sent: it arrived; lost: given up
DeliveryState = Literal["silent", "pending", "sending", "sent", "lost"]
MOST_TRIES = 20
AlertKind = Literal["drift", "promotion"]
_COLUMNS = ("id", "at", "version", "verdict", "previous", "sentence", "tries", "kind", "harm")
_NAMES = ("at", "version", "verdict", "previous", "sentence", "state", "tries")
_HURTS = "worse"


@dataclass(frozen=True)
class Alert:
    """A change of a version's verdict, or a promotion of it; ``at`` in ms since 1970, UTC.

    ``previous`` is the verdict before it, or the champion. ``harm`` says whether the version lost
    skill; None of a promotion.
    """

    id: int
    at: int
    version: str
    verdict: str
    previous: str | None
    sentence: str
    tries: int
    kind: AlertKind = "drift"
    harm: str | None = None


class Alerts:
    """The table of alerts. All methods raise LogUnavailableError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def note(self, version: str, verdict: str, sentence: str, at: int, *, harm: str) -> bool:
        """Record the verdict if it differs from this version's last one, or began or ended to hurt.

        Returns True if an alert is to be sent. A version's first verdict is a change only if it is
        drift.
        """
        with self._database.writing() as link:
            _lock(link)
            select = "SELECT verdict, harm FROM alerts WHERE version = ? AND kind = 'drift' "
            select += "ORDER BY id DESC LIMIT 1"
            row = link.run(select, (version,)).fetchone()
            if row is not None and row[0] == verdict and not _has_turned(row[1], harm):
                return False
            previous = None if row is None else str(row[0])
            state: DeliveryState = (
                "silent" if previous is None and verdict != "drifted" else "pending"
            )
            values = (at, version, verdict, previous, sentence[:2000], state, 0, harm)
            link.run(insert_into("alerts", (*_NAMES, "harm")), values)
            return state == "pending"

    def note_promotions(self) -> int:
        """Record the promotions since the last call. Returns how many there were.

        The first call only records where the ledger ends: earlier promotions raise no alert. Nor
        does a champion by default, whom nobody promoted.
        """
        with self._database.writing() as link:
            _lock(link)
            last_noted = link.run("SELECT max(promotion) FROM alerts").fetchone()[0]
            select = "SELECT id, at, version, previous, actor, reason FROM promotions"
            if last_noted is None:
                last = link.run("SELECT coalesce(max(id), 0) FROM promotions").fetchone()[0]
                _note_promotion(link, (last, 0, "", None, "", ""), "silent")
                return 0
            new = link.run(f"{select} WHERE id > ? ORDER BY id", (last_noted,)).fetchall()
            states = [_promotion_state(*row[3:5]) for row in new]
            for row, state in zip(new, states, strict=True):
                _note_promotion(link, row, state)
            return states.count("pending")

    def take(self) -> Alert | None:
        """Claim the oldest pending alert. From then on only the caller sends it."""
        with self._database.writing() as link:
            lock = "" if link.is_sqlite else " FOR UPDATE SKIP LOCKED"
            select = f"SELECT {', '.join(_COLUMNS)} FROM alerts WHERE state = 'pending'"
            row = link.run(f"{select} ORDER BY id LIMIT 1{lock}").fetchone()
            if row is None:
                return None
            link.run("UPDATE alerts SET state = 'sending' WHERE id = ?", (row[0],))
            return Alert(*row)

    def record_delivery(self, alert: Alert, *, is_sent: bool) -> None:
        """Record that an alert arrived, or that it failed: it is retried up to MOST_TRIES times."""
        tries = alert.tries + 1
        state: DeliveryState = "sent" if is_sent else "lost" if tries >= MOST_TRIES else "pending"
        with self._database.writing() as link:
            link.run(
                "UPDATE alerts SET state = ?, tries = ? WHERE id = ?", (state, tries, alert.id)
            )


def _has_turned(before: str | None, now: str) -> bool:
    """True if harm began or ended; what lies between the two is no news."""
    return before is not None and (before == _HURTS) != (now == _HURTS)


def _lock(link: Link) -> None:
    if not link.is_sqlite:  # so that two machines see each other's rows
        link.run("LOCK TABLE alerts IN SHARE ROW EXCLUSIVE MODE")


def _promotion_state(previous: str | None, actor: str) -> DeliveryState:
    return "silent" if previous is None and actor == DEFAULT_ACTOR else "pending"


def _note_promotion(link: Link, row: Sequence[Any], state: DeliveryState) -> None:
    id_, at, version, previous, actor, reason = row
    predecessor = f", replacing {previous}" if previous else ""
    sentence = f"{version} is now champion{predecessor} (by {actor}). {reason}"
    values = (
        at,
        version,
        "promoted",
        previous,
        sentence.strip()[:2000],
        state,
        0,
        "promotion",
        id_,
    )
    link.run(insert_into("alerts", (*_NAMES, "kind", "promotion")), values)
