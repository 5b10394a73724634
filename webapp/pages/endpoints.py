"""The endpoint that the frame of every page calls. Those of one page are in that page's folder."""

from __future__ import annotations

from flask import Flask, Response

from webapp.api.json_views import json_response
from webapp.services.context import Services
from webapp.services.status import status


def register(server: Flask, services: Services) -> None:
    """Add the route."""

    @server.get("/page/status")
    def page_status() -> Response:
        """A key that changes with the status, for a page that was left open."""
        response = json_response({"state": status(services).key})
        response.headers["Cache-Control"] = "no-store"
        return response
