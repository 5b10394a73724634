"""Predict and remember: every answer that is given to somebody is in the log first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from webapp.cases import InputError
from webapp.events.ids import new_ids
from webapp.events.log import OutcomeStatus, now_ms
from webapp.events.record import Event
from webapp.events.schema import Source
from webapp.services import Services, predict

MAX_REQUEST_ID = 200

Items = Sequence[tuple[str, object]]


class RequestConflictError(ValueError):
    """A request id comes a second time, with another request."""


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
    prepared = predict.find(services, version)
    case = prepared.features.parse(request.items)
    name = predict.name_of(services, version)
    at = now_ms()
    event = Event(
        new_ids(at, 1)[0],
        at,
        source,
        name,
        case,
        float(prepared.scores[case]),
        request_id=request.request_id,
    )
    stored = services.log.record([event])[0]
    if stored is not event:
        _check_same(services, version, event, stored, request)
    return stored


def check_request_id(value: object) -> str | None:
    """A request id as it may be sent. Raises InputError."""
    if value is None:
        return None
    if (
        not isinstance(value, str)
        or not 1 <= len(value) <= MAX_REQUEST_ID
        or not value.isprintable()
    ):
        problem = f"is not an id: send 1 to {MAX_REQUEST_ID} printable characters"
        raise InputError("request_id", problem)
    return value


def label(services: Services, outcomes: Sequence[tuple[str, int]]) -> list[OutcomeStatus]:
    """Log what was observed for events: ``(id, label)``. Raises LogUnavailableError."""
    return services.log.label(outcomes)


def _check_same(
    services: Services, version: str | None, event: Event, stored: Event, request: Request
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
        raise RequestConflictError(
            f"request_id {request.request_id} was used for another request: send a new one"
        )
