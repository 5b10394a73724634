"""Say what happened after predictions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from flask import Response

from webapp.api.bodies import read_json
from webapp.api.errors import ApiError
from webapp.cases import InputError, parse_flag, shorten
from webapp.events.labels import OutcomeStatus
from webapp.services.context import Services
from webapp.services.predict import record

MAX_OUTCOMES = 10_000

_ERRORS: dict[OutcomeStatus, tuple[int, str, str]] = {
    "contradicted": (409, "contradiction", "another outcome is known for it, and stays"),
    "unknown": (404, "unknown_event", "there is no prediction with this id: is it complete?"),
}


@dataclass(frozen=True)
class _Row:
    by: Literal["id", "request_id"]
    name: str
    label: int


def record_outcomes(services: Services) -> Response:
    """Record what was observed: 1 when the player bought, 0 when not.

    Send a list of `{"id", "label"}`, or of `{"request_id", "label"}` for predictions that had an id
    of your own. Every row is answered by itself: 200 when it is recorded now or was before, 404 for
    an unknown id, 409 for a contradiction, which changes nothing. The whole is 200 when all rows
    are, and 207 otherwise. A row that can't be read is 400, and then nothing is recorded.
    """
    rows = _rows(read_json(exact=True))
    pairs = [(name, row.label) for name, row in zip(_ids(services, rows), rows, strict=True)]
    statuses = services.log.label(pairs)
    results = [_result(row, status) for row, status in zip(rows, statuses, strict=True)]
    whole = 200 if all(result["status"] == 200 for result in results) else 207
    body = json.dumps({"outcomes": results})
    return Response(body, whole, content_type="application/json")


def _rows(body: Any) -> list[_Row]:
    rows = body.get("outcomes") if isinstance(body, dict) else body
    if not isinstance(rows, list):
        raise ApiError(400, "bad_input", 'the body must be a list of {"id": …, "label": 0 or 1}')
    if not 1 <= len(rows) <= MAX_OUTCOMES:
        raise ApiError(400, "bad_input", f"{len(rows):,} rows: send 1 to {MAX_OUTCOMES:,}")
    return [_row(row, f"[{i}]") for i, row in enumerate(rows)]


def _row(row: Any, where: str) -> _Row:
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
        raise InputError(f"{where}.{shorten(other)}", f"is not known here: send {by} and label")
    return _Row(by, name, int(parse_flag(f"{where}.label", row.get("label"))))


def _ids(services: Services, rows: Sequence[_Row]) -> list[str]:
    """The events' ids; nothing where a request id stands for none."""
    asked = sorted({row.name for row in rows if row.by == "request_id"})
    found = services.log.find_requests(asked) if asked else {}
    known = {name: event.id for name, event in found.items()}
    return [known.get(row.name, "") if row.by == "request_id" else row.name for row in rows]


def _result(row: _Row, status: OutcomeStatus) -> dict[str, Any]:
    if status not in _ERRORS:
        return {row.by: row.name, "status": 200, "result": status}
    number, code, message = _ERRORS[status]
    return {row.by: row.name, "status": number, "error": {"code": code, "message": message}}
