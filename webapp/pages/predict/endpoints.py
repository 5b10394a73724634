"""Endpoints of the Predict page's script: record a prediction, its outcome later, and undo both."""

from __future__ import annotations

from flask import Flask, Response

from webapp.api.bodies import read_object
from webapp.api.errors import ApiError
from webapp.api.json_views import Values, respond_in_json
from webapp.cases import InputError, parse_flag, shorten
from webapp.events.namespaces import FORM
from webapp.services.context import Services
from webapp.services.predict import record
from webapp.services.predict.receipts import Receipts
from webapp.timing import now_ms

_KEPT = {
    "labelled": "its outcome is known: undo that first",
    "used": "retraining has read this outcome, so it stays",
    "changed": "its outcome was changed meanwhile",
    "late": "that is possible for an hour only",
}


def register(server: Flask, services: Services, receipts: Receipts) -> None:
    """Add the routes."""

    @server.post("/page/record")
    def page_record() -> Response:
        return respond_in_json(lambda: record_prediction(services, receipts, read_object()))

    @server.post("/page/label")
    def page_label() -> Response:
        return respond_in_json(lambda: label_prediction(services, receipts, read_object()))

    @server.post("/page/undo")
    def page_undo() -> Response:
        return respond_in_json(lambda: undo(services, receipts, read_object()))


def record_prediction(services: Services, receipts: Receipts, body: Values) -> Values:
    """Log what the form shows: ``version``, ``features`` by name, ``request_id``.

    The browser's id names its attempt; the one in the log is made here from it. Raises InputError,
    and what ``record.answer`` raises.
    """
    version, features = body.get("version"), body.get("features")
    if not isinstance(version, str) or not version:
        raise InputError("version", "is missing: send the name of the version shown")
    if not isinstance(features, dict):
        raise InputError("features", "is missing: send an object that has 0 or 1 for each input")
    request_id = record.check_request_id(body.get("request_id"))
    if request_id is None:
        raise InputError("request_id", "is missing: send a new one for each prediction")
    row = record.InputRow(list(features.items()), receipts.request_id(request_id))
    try:
        event = record.answer(services, version, row, source="form", namespace=FORM)
    except record.RequestConflictError:  # whose message would show the id in the log
        raise record.RequestConflictError("request_id", shorten(request_id)) from None
    return {"receipt": receipts.issue(event.id)}


def label_prediction(services: Services, receipts: Receipts, body: Values) -> Values:
    """Log what was observed: the ``receipt`` of a recorded prediction, and its ``label``.

    Who recorded it first gets a receipt to undo it with.
    Raises ReceiptError, InputError, LogUnavailableError, and ApiError 404 and 409.
    """
    event_id = receipts.event_id(body.get("receipt"))
    label = int(parse_flag("label", body.get("label")))
    at = now_ms()
    outcome = services.log.label([(event_id, label)], [at])[0]
    if outcome == "contradicted":
        raise ApiError(409, "contradiction", "another outcome is known already, and it stays")
    if outcome == "unknown":
        raise ApiError(404, "unknown_event", "this prediction is not in the log any more")
    if outcome == "recorded":
        return {"status": outcome, "undo": receipts.issue_outcome(event_id, at)}
    return {"status": outcome}


def undo(services: Services, receipts: Receipts, body: Values) -> Values:
    """Take back a prediction (its ``receipt``) or its outcome (``undo`` of its answer).

    Raises ReceiptError, LogUnavailableError, and ApiError 404 and 409.
    """
    if "undo" in body:
        result = services.log.withdraw_outcome(*receipts.outcome(body["undo"]))
    else:
        result = services.log.withdraw(receipts.event_id(body.get("receipt")))
    if result == "unknown":
        raise ApiError(404, "unknown_event", "this prediction is not in the log any more")
    if result != "withdrawn":
        raise ApiError(409, "kept", _KEPT[result])
    return {"status": result}
