"""Labels in the log: what was observed for events, moved in the counts with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Literal

from webapp.db.database import Link
from webapp.db.ids import is_id
from webapp.events.record import EVENT, SLICE, Event, Key, add_counts, count, read_event

# recorded: it is the first for its event; repeated: it was known already;
# contradicted: another one is known, nothing was changed; unknown: there is no such event
OutcomeStatus = Literal["recorded", "repeated", "contradicted", "unknown"]


def write_labels(
    link: Link, outcomes: Sequence[tuple[str, int]], when: Sequence[int]
) -> list[OutcomeStatus]:
    """Write outcomes ``(id, label)`` and when each was known; what became of each, in order."""
    statuses, changes = set_labels(link, outcomes, when)
    add_counts(link, changes)
    return statuses


def set_labels(
    link: Link, outcomes: Sequence[tuple[str, int]], when: Sequence[int]
) -> tuple[list[OutcomeStatus], Counter[Key]]:
    """As ``write_labels``, without the counts: what is to change in them comes back."""
    known = find_events(link, sorted({id_ for id_, _ in outcomes}), lock=True)
    labels = {id_: event.label for id_, event in known.items()}
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
    return statuses, _moved([(known[id_], label) for id_, (label, _) in new.items()])


def _moved(labelled: Sequence[tuple[Event, int]]) -> Counter[Key]:
    """What labels change in the counts: one less that is unknown, one more that is known."""
    changes = count(event for event, _ in labelled)
    changes = Counter({key: -n for key, n in changes.items()})
    for (version, source, grain, period, case, _), label in _keys(labelled):
        changes[version, source, grain, period, case, label] += 1
    return changes


def _keys(labelled: Sequence[tuple[Event, int]]) -> Iterator[tuple[Key, int]]:
    for event, label in labelled:
        for key in count([event]):
            yield key, label


def find_events(link: Link, ids: Sequence[str], *, lock: bool = False) -> dict[str, Event]:
    """The events of these ids.

    ``lock`` keeps others from labelling them meanwhile: in one order, so no circle of waits.
    """
    end = " FOR UPDATE" if lock and not link.is_sqlite else ""
    columns = ", ".join(EVENT)
    found: dict[str, Event] = {}
    ids = [id_ for id_ in ids if is_id(id_)]  # PostgreSQL refuses a query with anything else
    for start in range(0, len(ids), SLICE):
        part: tuple[Any, ...] = tuple(ids[start : start + SLICE])
        places = ", ".join("?" * len(part))
        select = f"SELECT {columns} FROM events WHERE id IN ({places}) ORDER BY id{end}"
        for row in link.run(select, part):
            event = read_event(row)
            found[event.id] = event
    return found
