"""Withdrawals: a prediction of the form, or its outcome, recorded by mistake, leaves the log again.

Only for a while, and an outcome only until retraining has read it. The number of withdrawals by day
tells the readers of counts of a change that no total shows: one event in the place of another.
"""

from __future__ import annotations

from collections import Counter
from typing import Literal

from webapp.db.database import Link
from webapp.db.sql import insert_into
from webapp.events.labels import find_events
from webapp.events.record import Event, Key, add_counts, count
from webapp.timing import DAY_MS, HOUR_MS

TIME_MS = HOUR_MS  # to think better of it

# labelled: the prediction has an outcome; used: retraining has read the outcome; changed: the event
# has another outcome, or none; late: too much time has passed; unknown: there is no such event
Withdrawal = Literal["withdrawn", "labelled", "used", "changed", "late", "unknown"]


def withdraw_event(link: Link, event_id: str, now: int) -> Withdrawal:
    """Delete a prediction without an outcome, and its counts."""
    event = _find_own(link, event_id)
    if event is None:
        return "unknown"
    if event.label is not None:
        return "labelled"
    if now > event.at + TIME_MS:
        return "late"
    link.run("DELETE FROM events WHERE id = ?", (event_id,))
    _change(link, event, _negative(count([event])))
    return "withdrawn"


def withdraw_outcome(link: Link, event_id: str, at: int, now: int) -> Withdrawal:
    """Delete the outcome that was recorded of an event at this time (ms)."""
    event = _find_own(link, event_id)
    if event is None:
        return "unknown"
    if event.label is None or event.labelled_at != at:
        return "changed"
    if now > at + TIME_MS:
        return "late"
    if link.run(_CHECK_SINCE, (at,)).fetchone() is not None:
        return "used"
    link.run("UPDATE events SET label = NULL, labelled_at = NULL WHERE id = ?", (event_id,))
    changes = count([event._replace(label=None)])
    changes.update(_negative(count([event])))
    _change(link, event, changes)
    return "withdrawn"


def _find_own(link: Link, event_id: str) -> Event | None:
    """The form's event of that id, locked; others aren't withdrawn."""
    event = find_events(link, [event_id], lock=True).get(event_id)
    return event if event is not None and event.source == "form" else None


def _negative(changes: Counter[Key]) -> Counter[Key]:
    return Counter({key: -n for key, n in changes.items()})


def _change(link: Link, event: Event, changes: Counter[Key]) -> None:
    add_counts(link, changes)
    insert = insert_into("withdrawals", ("day", "n"))
    upsert = "ON CONFLICT (day) DO UPDATE SET n = withdrawals.n + excluded.n"
    link.run(f"{insert} {upsert}", (event.at - event.at % DAY_MS, 1))


_CHECK_SINCE = "SELECT 1 FROM checks WHERE traffic = 'real' AND at >= ? LIMIT 1"
