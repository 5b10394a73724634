"""Predictions made elsewhere, taken into the log once each, with outcomes that come with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from webapp.db.database import Link
from webapp.events.labels import OutcomeStatus, set_labels
from webapp.events.record import Event, add_counts, count, insert_events, new_ones

# recorded: the event or its outcome is new; repeated: both were known already;
# conflict: its request id or its outcome says something else in the log, and nothing was changed
MadeStatus = Literal["recorded", "repeated", "conflict"]

_OF_LABEL: dict[OutcomeStatus, MadeStatus] = {
    "recorded": "recorded",
    "repeated": "repeated",
    "contradicted": "conflict",
}


class Made(NamedTuple):
    """What became of one; ``event`` is what stands in the log under its request id."""

    status: MadeStatus
    event: Event
    about: Literal["request_id", "label"] = "request_id"  # what a conflict is about


def write_made(link: Link, made: Sequence[Event]) -> list[Made]:
    """Write events that all have a request id; what became of each, in order.

    Counts come last, all at once: who holds some of them waits for nothing but others, so two
    batches never wait for each other in a circle.
    """
    stored = insert_events(link, made)
    found = [_compare(given, now) for given, now in zip(made, stored, strict=True)]
    late = [
        i
        for i, (given, is_now) in enumerate(zip(made, found, strict=True))
        if is_now.status == "repeated" and given.label is not None
    ]
    outcomes = [(stored[i].id, int(made[i].label or 0)) for i in late]
    when = [int(made[i].labelled_at or made[i].at) for i in late]
    statuses, changes = set_labels(link, outcomes, when)
    changes.update(count(new_ones(made, stored)))
    add_counts(link, changes)
    for i, status in zip(late, statuses, strict=True):
        found[i] = Made(_OF_LABEL[status], stored[i], "label")
    return found


def _compare(given: Event, now: Event) -> Made:
    """A retry may come at another time; the same prediction it is by version and case."""
    if now is given:
        return Made("recorded", now)
    is_same = (given.version, given.case) == (now.version, now.case)
    return Made("repeated" if is_same else "conflict", now)
