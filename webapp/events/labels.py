"""Labels in the log: the outcomes observed for events, and their counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Literal

from webapp.db.database import Link
from webapp.db.ids import is_id
from webapp.events.record import EVENT, SLICE, Event, Key, add_counts, count, read_event

# recorded: the first for its event; repeated: recorded before;
# contradicted: the event has another outcome and keeps it; unknown: there is no such event
OutcomeStatus = Literal["recorded", "repeated", "contradicted", "unknown"]


def write_labels(
    link: Link, outcomes: Sequence[tuple[str, int]], when: Sequence[int]
) -> list[OutcomeStatus]:
    """Write outcomes ``(id, label)`` and when each was known. Returns their statuses, in order."""
    statuses, changes = set_labels(link, outcomes, when)
    add_counts(link, changes)
    return statuses


def set_labels(
    link: Link, outcomes: Sequence[tuple[str, int]], when: Sequence[int]
) -> tuple[list[OutcomeStatus], Counter[Key]]:
    """Write outcomes as ``write_labels`` does, but return the changes of counts to be made."""
    events = find_events(link, sorted({id_ for id_, _ in outcomes}), lock=True)
    labels = {id_: event.label for id_, event in events.items()}
    statuses: list[OutcomeStatus] = []
    new: dict[str, tuple[int, int]] = {}
    for (id_, label), at in zip(outcomes, when, strict=True):
        if id_ not in labels:
            statuses.append("unknown")
        elif labels[id_] is None:
            labels[id_], new[id_] = label, (label, at)
            statuses.append("recorded")
        else:
            statuses.append("repeated" if labels[id_] == label else "contradicted")
    if new:
        update = "UPDATE events SET label = ?, labelled_at = ? WHERE id = ?"
        link.run_many(update, [(label, at, id_) for id_, (label, at) in new.items()])
    return statuses, _count_changes([(events[id_], label) for id_, (label, _) in new.items()])


def _count_changes(pairs: Sequence[tuple[Event, int]]) -> Counter[Key]:
    """The changes of counts by new labels: one unknown less, one with the label more."""
    changes = count(event for event, _ in pairs)
    changes = Counter({key: -n for key, n in changes.items()})
    for (version, source, grain, period, case, _), label in _keys(pairs):
        changes[version, source, grain, period, case, label] += 1
    return changes


def _keys(pairs: Sequence[tuple[Event, int]]) -> Iterator[tuple[Key, int]]:
    for event, label in pairs:
        for key in count([event]):
            yield key, label


def find_events(link: Link, ids: Sequence[str], *, lock: bool = False) -> dict[str, Event]:
    """The events with these ids, by id. Unknown ids are left out.

    ``lock`` keeps other transactions from labelling them; rows are locked in order of ids, so two
    transactions can't deadlock.
    """
    end = " FOR UPDATE" if lock and not link.is_sqlite else ""
    columns = ", ".join(EVENT)
    events: dict[str, Event] = {}
    ids = [id_ for id_ in ids if is_id(id_)]  # PostgreSQL rejects a query with any other text
    for start in range(0, len(ids), SLICE):
        part: tuple[Any, ...] = tuple(ids[start : start + SLICE])
        places = ", ".join("?" * len(part))
        select = f"SELECT {columns} FROM events WHERE id IN ({places}) ORDER BY id{end}"
        for row in link.run(select, part):
            event = read_event(row)
            events[event.id] = event
    return events
