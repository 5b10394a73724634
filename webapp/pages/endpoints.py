"""What the scripts of our own pages ask under ``/page``. Not meant to be built upon.

They ask here and not through Dash's callbacks, because those say nothing to the page when the
server is out of reach. Only JSON is taken, which no other site can send on a visitor's behalf.
"""

from __future__ import annotations

from flask import Flask, Response

from webapp.api.bodies import read_object
from webapp.api.errors import answered
from webapp.pages.compare.endpoints import compare_file
from webapp.pages.json_views import _json, in_json
from webapp.pages.predict.endpoints import label_prediction, record_prediction
from webapp.services.context import Services
from webapp.services.predict.receipts import Receipts
from webapp.services.status import status


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
