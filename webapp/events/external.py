"""Predictions made elsewhere, recorded once each, with outcomes that come with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from webapp.db.database import Link
from webapp.events.labels import OutcomeStatus, set_labels
from webapp.events.record import Event, add_counts, count, insert_events, new_events

# recorded: the event or its outcome is new; repeated: both were recorded before;
# conflict: the log has another prediction or outcome under its request id, and keeps it
ExternalStatus = Literal["recorded", "repeated", "conflict"]

_OF_LABEL: dict[OutcomeStatus, ExternalStatus] = {
    "recorded": "recorded",
    "repeated": "repeated",
    "contradicted": "conflict",
}


class ExternalResult(NamedTuple):
    """The result for one event; ``event`` is the one that the log has under its request id."""

    status: ExternalStatus
    event: Event
    about: Literal["request_id", "label"] = "request_id"  # what a conflict is about


def write_external(link: Link, events: Sequence[Event]) -> list[ExternalResult]:
    """Write events that all have a request id. Returns the result of each, in order.

    Counts are written last, all at once, so a transaction that holds some of them waits only for
    other counts: two batches can't deadlock.
    """
    log_events = insert_events(link, events)
    results = [_compare(event, now) for event, now in zip(events, log_events, strict=True)]
    late = [
        i
        for i, (event, result) in enumerate(zip(events, results, strict=True))
        if result.status == "repeated" and event.label is not None
    ]
    outcomes = [(log_events[i].id, int(events[i].label or 0)) for i in late]
    when = [int(events[i].labelled_at or events[i].at) for i in late]
    statuses, changes = set_labels(link, outcomes, when)
    changes.update(count(new_events(events, log_events)))
    add_counts(link, changes)
    for i, status in zip(late, statuses, strict=True):
        results[i] = ExternalResult(_OF_LABEL[status], log_events[i], "label")
    return results


def _compare(event: Event, log_events: Event) -> ExternalResult:
    """Compare with the stored event: a retry has the same version and case, whatever its time."""
    if log_events is event:
        return ExternalResult("recorded", log_events)
    is_retry = (event.version, event.case) == (log_events.version, log_events.case)
    return ExternalResult("repeated" if is_retry else "conflict", log_events)
