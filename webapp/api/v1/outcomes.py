"""Record the outcomes of predictions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from flask import Response

from webapp.api import auth
from webapp.api.bodies import read_json
from webapp.api.errors import ApiError
from webapp.cases import InputError, parse_flag, shorten
from webapp.events import namespaces
from webapp.events.labels import OutcomeStatus
from webapp.services.context import Services
from webapp.services.predict import record

MAX_OUTCOMES = 10_000

_ERRORS: dict[OutcomeStatus, tuple[int, str, str]] = {
    "contradicted": (409, "contradiction", "another outcome is known for it, and stays"),
    "unknown": (404, "unknown_event", "there is no prediction with this id: is it complete?"),
}


@dataclass(frozen=True)
class _OutcomeRow:
    by: Literal["id", "request_id"]
    name: str
    label: int


def record_outcomes(services: Services) -> Response:
    """Record outcomes: label 1 for a positive outcome, 0 for a negative one.

    Send a list of `{"id", "label"}`, or of `{"request_id", "label"}` for predictions that were made
    with an id of your own and the same token. Every row has a status of its own: 200 if it is
    recorded now or was before, 404 for an unknown id, 409 for a contradiction, which changes
    nothing. The response is 200 if all rows are, and 207 otherwise. A malformed row makes it 400,
    and then nothing is recorded.
    """
    rows = _read_rows(read_json())
    pairs = [(name, row.label) for name, row in zip(_find_ids(services, rows), rows, strict=True)]
    statuses = services.log.label(pairs)
    results = [_result(row, status) for row, status in zip(rows, statuses, strict=True)]
    status = 200 if all(result["status"] == 200 for result in results) else 207
    body = json.dumps({"outcomes": results})
    return Response(body, status, content_type="application/json")


def _read_rows(body: Any) -> list[_OutcomeRow]:
    rows = body.get("outcomes") if isinstance(body, dict) else body
    if not isinstance(rows, list):
        raise ApiError(400, "bad_input", 'the body must be a list of {"id": …, "label": 0 or 1}')
    if not 1 <= len(rows) <= MAX_OUTCOMES:
        raise ApiError(400, "bad_input", f"{len(rows):,} rows: send 1 to {MAX_OUTCOMES:,}")
    return [_read_row(row, f"[{i}]") for i, row in enumerate(rows)]


def _read_row(row: Any, where: str) -> _OutcomeRow:
    if not isinstance(row, dict):
        raise InputError(where, 'must be an object such as {"id": "0192…", "label": 1}')
    by: Literal["id", "request_id"] = "request_id" if "request_id" in row else "id"
    other = next((name for name in row if name not in (by, "label")), None)
    if by == "request_id":
        name = record.check_request_id(row[by], f"{where}.{by}")
        if name is None:
            raise InputError(f"{where}.{by}", "is empty: send the one the prediction came with")
    else:
        name = row.get(by)
        if not isinstance(name, str) or not name.strip():
            raise InputError(f"{where}.id", "is missing: send the id that the prediction came with")
        name = name.strip().lower()
    if other is not None:
        raise InputError(f"{where}.{shorten(other)}", f"is unknown: send {by} and label")
    return _OutcomeRow(by, name, int(parse_flag(f"{where}.label", row.get("label"))))


def _find_ids(services: Services, rows: Sequence[_OutcomeRow]) -> list[str]:
    """The events' ids, in the order of the rows; empty for an unknown request id."""
    request_ids = sorted({row.name for row in rows if row.by == "request_id"})
    places = namespaces.labelled_by(auth.sender_token())
    events = services.log.find_requests(request_ids, places) if request_ids else {}
    ids = {name: event.id for name, event in events.items()}
    return [ids.get(row.name, "") if row.by == "request_id" else row.name for row in rows]


def _result(row: _OutcomeRow, status: OutcomeStatus) -> dict[str, Any]:
    if status not in _ERRORS:
        return {row.by: row.name, "status": 200, "result": status}
    number, code, message = _ERRORS[status]
    return {row.by: row.name, "status": number, "error": {"code": code, "message": message}}
