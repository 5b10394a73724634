"""Predict and remember: every answer that is given to somebody is in the log first."""

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
from webapp.events.labels import OutcomeStatus
from webapp.events.record import Event
from webapp.services.context import Services
from webapp.services.predict import version_choice
from webapp.timing import now_ms

MAX_BATCH_ID = MAX_REQUEST_ID - 6  # room for the number of a row

Items = Sequence[tuple[str, object]]


class RequestConflictError(ValueError):
    """A request id comes a second time, with another request; ``field`` says where it stands."""

    def __init__(self, field: str, request_id: str) -> None:
        super().__init__(conflict_message(field, request_id))
        self.field = field


@dataclass(frozen=True)
class Request:
    """One row to answer, as (name, value) pairs, and the id that makes a retry safe."""

    items: Items
    request_id: str | None = None


def answer(
    services: Services,
    version: str | None,
    request: Request,
    source: Source = "api",
) -> Event:
    """Predict one complete row and log it; the event as it stands in the log.

    Raises InputError, UnknownVersionError, VersionNotReadyError, RequestConflictError and
    LogUnavailableError; then nothing was logged.
    """
    name, prepared = version_choice.resolve(services, version)
    case = prepared.features.parse(request.items)
    at = now_ms()
    score = float(prepared.scores[case])
    event = Event(new_id(at), at, source, name, case, score, request_id=request.request_id)
    stored = services.log.record([event])[0]
    if stored is not event:
        _check_same(services, version, event, stored, request)
    return stored


def answer_rows(
    services: Services,
    version: str | None,
    rows: Sequence[Mapping[str, object]],
    request_ids: Sequence[str | None],
    request_id: str | None = None,
    source: Source = "batch",
    at: Sequence[int] | None = None,
) -> Sequence[Event]:
    """Predict complete rows and log them in one transaction; each as it stands in the log.

    ``request_id`` is that of the whole, for the rows without one of their own; ``at`` is when each
    was asked for (ms since 1970), by default now. Raises as ``answer`` does, with the row in the
    name of the field; then nothing was logged.
    """
    name, prepared = version_choice.resolve(services, version)
    cases = prepared.features.parse_rows(rows)
    unnamed = [i for i, own in enumerate(request_ids) if request_id is not None and own is None]
    events = _events(name, prepared, cases, source, at, _fill(request_ids, request_id, unnamed))

    def check(stored: Sequence[Event]) -> None:
        known = sum(events[i] is not stored[i] for i in unnamed)
        if 0 < known < len(unnamed):  # not as many rows as the first time
            raise RequestConflictError("request_id", shorten(str(request_id)))
        for i, (event, first) in enumerate(zip(events, stored, strict=True)):
            if first is not event:
                request = Request(list(rows[i].items()), event.request_id)
                _check_same(services, version, event, first, request, f"rows[{i}].")

    return services.log.record_all(events, check)


def _events(
    version: str,
    prepared: Prepared,
    cases: Sequence[int],
    source: Source,
    at: Sequence[int] | None,
    request_ids: Sequence[str | None],
) -> list[Event]:
    if at is None:
        now = now_ms()
        at, ids = [now] * len(cases), new_ids(now, len(cases))
    else:
        ids = [new_id(when) for when in at]
    scores, unknown = prepared.scores[cases].tolist(), repeat(None)
    columns = (ids, at, repeat(source), repeat(version), cases, scores, unknown, unknown)
    return list(map(Event._make, zip(*columns, request_ids, strict=False)))


def _fill(
    own: Sequence[str | None], whole: str | None, unnamed: Sequence[int]
) -> Sequence[str | None]:
    """Request ids of rows, made from that of the whole where a row has none."""
    filled = list(own) if unnamed else own
    for i in unnamed:
        filled[i] = f"{whole}/{i}"  # type: ignore[index]
    return filled


def label(
    services: Services, outcomes: Sequence[tuple[str, int]], at: Sequence[int] | None = None
) -> list[OutcomeStatus]:
    """Log what was observed for events: ``(id, label)``. Raises LogUnavailableError."""
    return services.log.label(outcomes, at)


def _check_same(
    services: Services,
    version: str | None,
    event: Event,
    stored: Event,
    request: Request,
    where: str = "",
) -> None:
    """Is it a retry of what ``stored`` answered? Another champion meanwhile doesn't matter."""
    case = event.case
    before = services.catalog.get(stored.version)
    if before is not None and before.prepared is not None:  # it may number its cases otherwise
        try:
            case = before.prepared.features.parse(request.items)
        except InputError:
            case = -1
    if case != stored.case or version not in (None, stored.version):
        raise RequestConflictError(f"{where}request_id", shorten(str(request.request_id)))
