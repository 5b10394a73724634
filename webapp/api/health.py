"""``/healthz``: the process is up. ``/readyz``: champion and event log are. ``/metrics``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from flask import Flask, Response

from webapp.api import auth
from webapp.api.errors import RETRY_SECONDS
from webapp.db.database import LogUnavailableError
from webapp.services.context import Services
from webapp.services.predict import version_choice

if TYPE_CHECKING:
    from webapp.server.metrics import AppMetrics


def register(server: Flask, services: Services, metrics: AppMetrics) -> None:
    """Add the routes."""

    @server.get("/healthz")
    def healthz() -> Response:
        return _json(200, {"status": "ok"})

    @server.get("/readyz")
    def readyz() -> Response:
        problems = {**_champion_problem(services), **_database_problem(services)}
        if not problems:
            return _json(200, {"status": "ready"})
        response = _json(503, {"status": "not ready", "problems": problems})
        response.headers["Retry-After"] = str(RETRY_SECONDS)
        return response

    @server.get("/metrics")
    def metrics_() -> Response:
        from webapp.server.metrics import CONTENT_TYPE

        auth.require("read")
        return Response(metrics.exposition(), content_type=CONTENT_TYPE)

    @server.get("/robots.txt")
    def robots() -> Response:
        return Response("User-agent: *\nAllow: /\n", mimetype="text/plain")


def _champion_problem(services: Services) -> dict[str, str]:
    try:
        version_choice.resolve(services, None)
    except version_choice.VersionNotReadyError as error:
        return {"champion": str(error)}
    return {}


def _database_problem(services: Services) -> dict[str, str]:
    try:
        services.log.ping()
    except LogUnavailableError as error:
        return {"database": str(error)}
    return {}


def _json(status: int, values: dict[str, Any]) -> Response:
    return Response(json.dumps(values), status, mimetype="application/json")
