"""What the scripts of our own pages ask under ``/page``. Not meant to be built upon.

They ask here and not through Dash's callbacks, because those say nothing to the page when the
server is out of reach. Only JSON is taken, which no other site can send on a visitor's behalf.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from flask import Flask, Response, request

from webapp.api.bodies import read_object
from webapp.api.errors import ApiError, answered
from webapp.api.v1.arguments import once
from webapp.cases import InputError, parse_flag
from webapp.events.log import now_ms
from webapp.pages.compare import report as compare_report
from webapp.services import Services
from webapp.services.compare import request as compare_request
from webapp.services.predict import record
from webapp.services.predict.receipts import ReceiptError, Receipts
from webapp.services.status import status

Values = dict[str, Any]


def register(server: Flask, services: Services, receipts: Receipts) -> None:
    """Add the routes."""

    @server.get("/page/status")
    def page_status() -> Response:
        response = _json({"state": status(services).key})
        response.headers["Cache-Control"] = "no-store"
        return response

    @server.post("/page/record")
    def page_record() -> Response:
        return in_json(lambda: record_prediction(services, receipts, read_object()))

    @server.post("/page/label")
    def page_label() -> Response:
        return in_json(lambda: label_prediction(services, receipts, read_object()))

    @server.get("/page/compare.html")
    def page_compare() -> Response:
        """A comparison as a file to keep or to send."""
        return answered(lambda: compare_file(services))


def compare_file(services: Services) -> Response:
    """What the Compare page would show, as one file of HTML."""
    given = {k: v for k, v in once(request.args).items() if k in compare_request.FIELDS}
    asked = compare_request.read(given, now_ms())
    text = compare_report.render(services.compare.ask(services, asked), now_ms())
    response = Response(text, mimetype="text/html")
    response.headers["Content-Disposition"] = 'attachment; filename="everycase-compare.html"'
    return response


def record_prediction(services: Services, receipts: Receipts, body: Values) -> Values:
    """Log what the form shows: ``version``, ``features`` by name, ``request_id``."""
    version, features = body.get("version"), body.get("features")
    if not isinstance(version, str) or not version:
        raise InputError("version", "is missing: send the name of the version shown")
    if not isinstance(features, dict):
        raise InputError("features", 'is missing: send an object such as {"G1": 0, "G2": 1}')
    request_id = record.check_request_id(body.get("request_id"))
    if request_id is None:
        raise InputError("request_id", "is missing: send a new one for each prediction")
    asked = record.Request(list(features.items()), request_id)
    event = record.answer(services, version, asked, source="form")
    return {"receipt": receipts.give(event.id)}


def label_prediction(services: Services, receipts: Receipts, body: Values) -> Values:
    """Log what was observed: the ``receipt`` of a recorded prediction, and its ``label``."""
    event_id = receipts.event_id(body.get("receipt"))
    label = int(parse_flag("label", body.get("label")))
    outcome = record.label(services, [(event_id, label)])[0]
    if outcome == "contradicted":
        raise ApiError(409, "contradiction", "another outcome is known already, and it stays")
    if outcome == "unknown":
        raise ApiError(404, "unknown_event", "this prediction is not in the log any more")
    return {"status": outcome}


def in_json(act: Callable[[], Values]) -> Response:
    """Its answer, or the error that says what is wrong."""
    try:
        return answered(lambda: _json(act()))
    except ReceiptError as error:
        return ApiError(403, "bad_receipt", str(error), field="receipt").response()


def _json(values: Values) -> Response:
    return Response(json.dumps(values), content_type="application/json")
