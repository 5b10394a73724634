"""What every page needs: its status, and the icon. One page's endpoints are in its folder."""

from __future__ import annotations

from flask import Flask, Response, request, send_file

from webapp.api.json_views import json_response
from webapp.components import bundles, glossary
from webapp.components.build import build
from webapp.components.document import ICON_FILE
from webapp.components.shell import versions_key
from webapp.services.context import Services
from webapp.services.status import status
from webapp.timing import DAY_MS, HOUR_MS

_YEAR = 365 * DAY_MS // 1000  # seconds


def register(server: Flask, services: Services) -> None:
    """Add the routes."""

    @server.get("/page/status")
    def page_status() -> Response:
        """Keys that change with the status, the versions and the build, for an open page."""
        keys = {"state": status(services).key, "versions": versions_key(services)}
        response = json_response({**keys, "build": build()})
        response.headers["Cache-Control"] = "no-store"
        return response

    @server.get("/assets/everycase.js")
    def scripts() -> Response:
        """All scripts."""
        return _bundle_response("js", "text/javascript")

    @server.get("/assets/everycase.css")
    def styles() -> Response:
        """All styles."""
        return _bundle_response("css", "text/css")

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


def _bundle_response(kind: bundles.Kind, mimetype: str) -> Response:
    """A bundle, to be kept for good by who asked for this very one.

    While machines are replaced one by one, a page of the new build may get it from an old one.
    """
    bundle = bundles.read_bundle(kind)
    response = Response(bundle.text, mimetype=mimetype)
    is_current = request.args.get("m") == bundle.digest
    policy = f"public, max-age={_YEAR}, immutable" if is_current else "no-cache"
    response.headers["Cache-Control"] = policy
    response.set_etag(bundle.digest)
    response.make_conditional(request)
    return response
