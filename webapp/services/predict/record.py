"""Predict and log: every answer is in the log before it is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat

from webapp.bundle.reading import MAX_REQUEST_ID, conflict_message
from webapp.bundle.reading import check_request_id as check_request_id
from webapp.cases import InputError, shorten
from webapp.catalog.prepared import Prepared
from webapp.db.ids import new_id, new_ids
from webapp.db.schema import Source
from webapp.events import namespaces
from webapp.events.record import Event
from webapp.services.context import Services
from webapp.services.predict import version_choice
from webapp.timing import now_ms

MAX_BATCH_ID = MAX_REQUEST_ID - 6  # room for the number of a row

Items = Sequence[tuple[str, object]]


class RequestConflictError(ValueError):
    """A request id was used before for another request; ``field`` is where it was sent."""

    def __init__(self, field: str, request_id: str) -> None:
        super().__init__(conflict_message(field, request_id))
        self.field = field


@dataclass(frozen=True)
class InputRow:
    """One row to predict, as (name, value) pairs, and the request id that makes a retry safe."""

    items: Items
    request_id: str | None = None


def answer(
    services: Services,
    version: str | None,
    row: InputRow,
    source: Source = "api",
    namespace: str = namespaces.sent_by("open", "api"),
) -> Event:
    """Predict one complete row and log it. Returns the event as it is in the log.

    ``namespace`` says whose the request id is. Raises InputError, UnknownVersionError,
    VersionNotReadyError, RequestConflictError and LogUnavailableError; then nothing was logged.
    """
    name, prepared = version_choice.resolve(services, version)
    case = prepared.features.parse(row.items)
    at = now_ms()
    score = float(prepared.scores[case])
    event = Event(
        new_id(at), at, source, name, case, score, request_id=row.request_id, namespace=namespace
    )
    first = services.log.record([event])[0]
    if first is not event:
        _refuse_conflict(services, version, event, first, row)
    return first


def check(services: Services, version: str | None, row: InputRow) -> None:
    """Check that ``answer`` could answer, without a prediction: nothing is logged.

    Raises InputError, UnknownVersionError and VersionNotReadyError.
    """
    _, prepared = version_choice.resolve(services, version)
    prepared.features.parse(row.items)


def answer_rows(
    services: Services,
    version: str | None,
    rows: Sequence[Mapping[str, object]],
    request_ids: Sequence[str | None],
    request_id: str | None = None,
    source: Source = "batch",
    namespace: str = namespaces.sent_by("open", "batch"),
    at: Sequence[int] | None = None,
) -> Sequence[Event]:
    """Predict complete rows and log them in one transaction. Returns the events as logged.

    ``request_id`` is the batch's, for rows without one of their own; ``namespace`` says whose
    request ids are; ``at`` is the time of each prediction (ms since 1970), by default now. Raises
    as ``answer`` does, with the row in the name of the field; then nothing was logged.
    """
    name, prepared = version_choice.resolve(services, version)
    cases = prepared.features.parse_rows(rows)
    batch_rows = [i for i, own in enumerate(request_ids) if request_id is not None and own is None]
    ids = _fill_ids(request_ids, request_id, batch_rows)
    events = _events(name, prepared, cases, (source, namespace), at, ids)

    def check(stored_events: Sequence[Event]) -> None:
        repeats = sum(events[i] is not stored_events[i] for i in batch_rows)
        if 0 < repeats < len(batch_rows):  # not as many rows as the first time
            raise RequestConflictError("request_id", shorten(str(request_id)))
        for i, (event, first) in enumerate(zip(events, stored_events, strict=True)):
            if first is not event:
                row = InputRow(list(rows[i].items()), event.request_id)
                _refuse_conflict(services, version, event, first, row, f"rows[{i}].")

    return services.log.record_all(events, check)


def _events(
    version: str,
    prepared: Prepared,
    cases: Sequence[int],
    sender: tuple[Source, str],
    at: Sequence[int] | None,
    request_ids: Sequence[str | None],
) -> list[Event]:
    if at is None:
        now = now_ms()
        at, ids = [now] * len(cases), new_ids(now, len(cases))
    else:
        ids = [new_id(when) for when in at]
    scores, no_label = prepared.scores[cases].tolist(), repeat(None)
    source, namespace = map(repeat, sender)
    columns = (ids, at, source, repeat(version), cases, scores, no_label, no_label)
    return list(map(Event._make, zip(*columns, request_ids, namespace, strict=False)))


def _fill_ids(
    row_ids: Sequence[str | None], batch_id: str | None, batch_rows: Sequence[int]
) -> Sequence[str | None]:
    """The rows' request ids; those of ``batch_rows`` are made from the batch's."""
    if not batch_rows:
        return row_ids
    ids = list(row_ids)
    for i in batch_rows:
        ids[i] = f"{batch_id}/{i}"
    return ids


def _refuse_conflict(
    services: Services,
    version: str | None,
    event: Event,
    first: Event,
    row: InputRow,
    where: str = "",
) -> None:
    """Raise RequestConflictError unless ``event`` is a retry of ``first``.

    A retry without a version may come while another version is champion.
    """
    case = event.case
    answerer = services.catalog.get(first.version)
    if answerer is not None and answerer.prepared is not None:  # its cases may have other numbers
        try:
            case = answerer.prepared.features.parse(row.items)
        except InputError:
            case = -1
    if case != first.case or version not in (None, first.version):
        raise RequestConflictError(f"{where}request_id", shorten(str(row.request_id)))
