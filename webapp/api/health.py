"""``/healthz``: the process answers. ``/readyz``: the champion can, too."""

from __future__ import annotations

import json

from flask import Flask, Response

from webapp.services import Services, predict


def register(server: Flask, services: Services) -> None:
    """Add both routes."""

    @server.get("/healthz")
    def healthz() -> Response:
        return _json(200, {"status": "ok"})

    @server.get("/readyz")
    def readyz() -> Response:
        try:
            predict.find(services, None)
        except predict.VersionNotReadyError as error:
            return _json(503, {"status": "not ready", "reason": str(error)})
        return _json(200, {"status": "ready"})

    @server.get("/robots.txt")
    def robots() -> Response:
        return Response("User-agent: *\nAllow: /\n", mimetype="text/plain")


def _json(status: int, values: dict[str, str]) -> Response:
    return Response(json.dumps(values), status, mimetype="application/json")
