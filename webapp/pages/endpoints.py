"""What every page needs: its status, and the icon. One page's endpoints are in its folder."""

from __future__ import annotations

from flask import Flask, Response, send_file

from webapp.api.json_views import json_response
from webapp.components import glossary
from webapp.components.build import build
from webapp.components.document import ICON_FILE
from webapp.services.context import Services
from webapp.services.status import status
from webapp.timing import DAY_MS, HOUR_MS


def register(server: Flask, services: Services) -> None:
    """Add the routes."""

    @server.get("/page/status")
    def page_status() -> Response:
        """A key that changes with the status, and the build, for a page that was left open."""
        response = json_response({"state": status(services).key, "build": build()})
        response.headers["Cache-Control"] = "no-store"
        return response

    @server.get("/page/glossary.json")
    def page_glossary() -> Response:
        """The texts that explain the terms of all pages (assets/js/24-terms.js)."""
        response = json_response(glossary.as_json())
        response.headers["Cache-Control"] = f"max-age={HOUR_MS // 1000}"
        return response

    @server.get("/favicon.ico")
    def favicon() -> Response:
        """The icon, where programs look that don't read the page."""
        return send_file(ICON_FILE, mimetype="image/svg+xml", max_age=DAY_MS // 1000)
