"""JSON answers of the endpoints that the pages' own scripts call."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from flask import Response

from webapp.api.errors import ApiError, answered
from webapp.services.predict.receipts import ReceiptError

Values = dict[str, Any]


def in_json(act: Callable[[], Values]) -> Response:
    """Its answer, or the error that says what is wrong."""
    try:
        return answered(lambda: _json(act()))
    except ReceiptError as error:
        return ApiError(403, "bad_receipt", str(error), field="receipt").response()


def _json(values: Values) -> Response:
    return Response(json.dumps(values), content_type="application/json")
