"""Predict one row or many; every prediction is logged before it is sent."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from flask import Response

from webapp.api import auth
from webapp.api.bodies import read_json, read_list, read_object
from webapp.api.errors import ApiError
from webapp.cases import InputError
from webapp.events.namespaces import sent_by
from webapp.events.record import Event
from webapp.services.context import Services
from webapp.services.predict import record

MAX_ROWS = 10_000


def predict_one(services: Services) -> dict[str, Any]:
    """Predict one row.

    Send every feature as 0 or 1, in `features` or beside `version` and `request_id`. Without
    `version` the champion answers. A `request_id` of your own makes a retry safe: the same id with
    the same input gets the first answer again and is counted once, with another input it is 409.
    """
    body = read_object()
    row, request_id = _take_row(body, ("version",))
    event = record.answer(
        services,
        _version(body),
        record.InputRow(list(row.items()), request_id),
        namespace=sent_by(auth.sender_token(), "api"),
    )
    return _prediction(event) | {"version": event.version}


def predict_batch(services: Services) -> Response:
    """Predict up to 10,000 rows in one transaction.

    Send a list of rows, or an object with `rows`, `version` and `request_id`. All rows are logged
    or none: the first bad one is named in the error. A `request_id`, of the batch or of single
    rows, makes a retry safe.
    """
    body = read_json()
    body = {"rows": body} if isinstance(body, list) else body
    if not isinstance(body, dict):
        raise ApiError(400, "bad_input", "the body must be a list of rows, or an object with rows")
    _refuse_others(body, ("rows", "version", "request_id"))
    rows = [
        _take_row(row, (), f"rows[{i}].")
        if "request_id" in row or "features" in row
        else (row, None)
        for i, row in enumerate(read_list(body, "rows", MAX_ROWS, '{"features": {…}}'))
    ]
    events = record.answer_rows(
        services,
        _version(body),
        [features for features, _ in rows],
        [request_id for _, request_id in rows],
        record.check_request_id(body.get("request_id"), longest=record.MAX_BATCH_ID),
        namespace=sent_by(auth.sender_token(), "batch"),
    )
    return _batch(events)


def _take_row(
    body: Mapping[str, Any], beside: tuple[str, ...], where: str = ""
) -> tuple[Mapping[str, Any], str | None]:
    """The features of a row, and its request id. Raises InputError.

    ``beside`` names what else may be in the row; ``where`` begins the names of fields in errors.
    """
    request_id = body.get("request_id")
    if request_id is not None:
        request_id = record.check_request_id(request_id, f"{where}request_id")
    if "features" in body:
        _refuse_others(body, ("features", "request_id", *beside), where)
        if not isinstance(body["features"], dict):
            raise InputError(f"{where}features", "must be an object that has 0 or 1 for each input")
        return body["features"], request_id
    if not beside and "request_id" not in body:
        return body, request_id
    aside = ("request_id", *beside)
    return {name: value for name, value in body.items() if name not in aside}, request_id


def _refuse_others(body: Mapping[str, Any], names: tuple[str, ...], where: str = "") -> None:
    for name in body:
        if name not in names:
            raise InputError(f"{where}{name}", f"is unknown: send {', '.join(names)}")


def _version(body: Mapping[str, Any]) -> str | None:
    version = body.get("version")
    if version is None:
        return None
    if not isinstance(version, str) or not version.strip():
        raise InputError("version", "is not a name: send the name of a version")
    return version.strip()


def _prediction(event: Event) -> dict[str, Any]:
    answer: dict[str, Any] = {"id": event.id, "case": event.case, "probability": event.score}
    if event.request_id is not None:
        answer["request_id"] = event.request_id
    return answer


def _batch(events: Sequence[Event]) -> Response:
    """JSON, formatted by hand for speed: most of 10,000 answers differ in their ids only."""
    if any(event.request_id is not None for event in events):
        rows = [json.dumps(_prediction(event)) for event in events]
    else:
        scores = {event.case: event.score for event in events}
        ends = {c: f'", "case": {c}, "probability": {s!r}}}' for c, s in scores.items()}
        rows = [f'{{"id": "{event.id}{ends[event.case]}' for event in events]
    versions = json.dumps(events[0].version)
    body = f'{{"version": {versions}, "predictions": [{", ".join(rows)}]}}'
    return Response(body, content_type="application/json")
