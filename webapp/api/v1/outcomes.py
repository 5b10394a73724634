"""Say what happened after predictions."""

from __future__ import annotations

import json
from typing import Any

from flask import Response

from webapp.api.bodies import read_json
from webapp.api.errors import ApiError
from webapp.cases import InputError, parse_flag, shorten
from webapp.events.log import OutcomeStatus
from webapp.services import Services, record

MAX_OUTCOMES = 10_000

_ERRORS: dict[OutcomeStatus, tuple[int, str, str]] = {
    "contradicted": (409, "contradiction", "another outcome is known for it, and stays"),
    "unknown": (404, "unknown_event", "there is no prediction with this id: is it complete?"),
}


def record_outcomes(services: Services) -> Response:
    """Record what was observed: 1 when the player bought, 0 when not.

    Send a list of `{"id", "label"}`. Every row is answered by itself: 200 when it is recorded now
    or was before, 404 for an unknown id, 409 for a contradiction, which changes nothing. The whole
    is 200 when all rows are, and 207 otherwise. A row that can't be read is 400, and then nothing
    is recorded.
    """
    pairs = _pairs(read_json(exact=True))
    results = [
        _result(event_id, status)
        for (event_id, _), status in zip(pairs, record.label(services, pairs), strict=True)
    ]
    whole = 200 if all(result["status"] == 200 for result in results) else 207
    body = json.dumps({"outcomes": results})
    return Response(body, whole, content_type="application/json")


def _pairs(body: Any) -> list[tuple[str, int]]:
    rows = body.get("outcomes") if isinstance(body, dict) else body
    if not isinstance(rows, list):
        raise ApiError(400, "bad_input", 'the body must be a list of {"id": …, "label": 0 or 1}')
    if not 1 <= len(rows) <= MAX_OUTCOMES:
        raise ApiError(400, "bad_input", f"{len(rows):,} rows: send 1 to {MAX_OUTCOMES:,}")
    return [_pair(row, f"[{i}]") for i, row in enumerate(rows)]


def _pair(row: Any, where: str) -> tuple[str, int]:
    if not isinstance(row, dict):
        raise InputError(where, 'must be an object such as {"id": "0192…", "label": 1}')
    event_id = row.get("id")
    if not isinstance(event_id, str) or not event_id.strip():
        raise InputError(f"{where}.id", "is missing: send the id that the prediction came with")
    other = next((name for name in row if name not in ("id", "label")), None)
    if other is not None:
        raise InputError(f"{where}.{shorten(other)}", "is not known here: send id and label")
    return event_id.strip().lower(), int(parse_flag(f"{where}.label", row.get("label")))


def _result(event_id: str, status: OutcomeStatus) -> dict[str, Any]:
    if status not in _ERRORS:
        return {"id": event_id, "status": 200, "result": status}
    number, code, message = _ERRORS[status]
    return {"id": event_id, "status": number, "error": {"code": code, "message": message}}
