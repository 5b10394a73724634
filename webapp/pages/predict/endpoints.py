"""What the Predict page's script sends: a prediction to record, and its outcome."""

from __future__ import annotations

from webapp.api.errors import ApiError
from webapp.cases import InputError, parse_flag
from webapp.pages.json_views import Values
from webapp.services.context import Services
from webapp.services.predict import record
from webapp.services.predict.receipts import Receipts


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
