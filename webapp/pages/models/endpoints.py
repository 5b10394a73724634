"""What the script of the Models page asks under ``/page/models``: changes by administrators.

They answer in JSON with texts for people; everything else of the page is Dash's.
"""

from __future__ import annotations

from typing import Any

from flask import Flask, Response

from webapp.api import auth
from webapp.api.bodies import read_object
from webapp.api.errors import ApiError
from webapp.api.json_views import respond_in_json
from webapp.cases import InputError
from webapp.pages.models import jobs as models_jobs
from webapp.pages.models.cards import preparing
from webapp.services.context import QueueError, Services
from webapp.services.models import jobs, promotion
from webapp.services.models.leaderboard import on_simulated
from webapp.services.models.promote import NotServableError
from webapp.services.models.promotion import PROMOTE, ROLL_BACK, Wish
from webapp.timing import now_ms

Values = dict[str, Any]


def register(server: Flask, services: Services) -> None:
    """Add the routes."""

    @server.post("/page/models/promote")
    def page_promote() -> Response:
        def handler() -> Values:
            auth.require("admin")
            return promote(services, read_object(), auth.current().who(), now_ms())

        return respond_in_json(handler)

    @server.post("/page/models/start")
    def page_start() -> Response:
        def handler() -> Values:
            auth.require("admin")
            return start(services, read_object(), auth.current().who(), now_ms())

        return respond_in_json(handler)

    @server.post("/page/models/cancel")
    def page_cancel() -> Response:
        def handler() -> Values:
            auth.require("admin")
            return cancel(services, read_object(), now_ms())

        return respond_in_json(handler)

    @server.get("/page/models/jobs")
    def page_jobs() -> Response:
        return respond_in_json(lambda: working(services, now_ms(), may=auth.current().signed_in()))


def promote(services: Services, body: Values, actor: str, now: int) -> Values:
    """Make a version champion: ``version``, ``champion`` (who it was), ``reason``, ``override``."""
    action = body.get("action", PROMOTE)
    if action not in (PROMOTE, ROLL_BACK):
        raise InputError("action", f"must be {PROMOTE} or {ROLL_BACK}")
    wish = Wish(
        text(body, "version"),
        text(body, "champion"),
        text(body, "reason"),
        action,
        body.get("override") is True,
    )
    try:
        made = promotion.fulfil(services, wish, actor, now)
    except NotServableError as error:
        raise ApiError(409, "version_not_ready", str(error), field="version") from None
    verb = "is champion again" if action == ROLL_BACK else "is the champion now"
    return {"version": made.version, "said": f"{made.version} {verb}."}


def start(services: Services, body: Values, actor: str, now: int) -> Values:
    """Have a job of a ``kind`` begun: retrain or backtest."""
    kind = text(body, "kind")
    try:
        job = jobs.start(services, kind, asked(services, kind), actor, now)
    except jobs.JobConflictError as error:
        raise ApiError(409, "conflict", str(error)) from None
    except QueueError as error:
        raise ApiError(503, "no_queue", str(error)) from None
    return {"id": job.id}


def asked(services: Services, kind: str) -> Values:
    """What a person means: on what traffic there is; a retrain waits for no policy."""
    given: Values = {"now": True} if kind == "retrain" else {}
    return given | ({"simulated": True} if on_simulated(services) else {})


def cancel(services: Services, body: Values, now: int) -> Values:
    """Ask for the end of the job with this ``id``."""
    try:
        return {"state": jobs.cancel(services, text(body, "id"), now).state}
    except jobs.UnknownJobError as error:
        raise ApiError(404, "unknown_job", str(error), field="id") from None
    except jobs.JobConflictError as error:
        raise ApiError(409, "conflict", str(error)) from None


def working(services: Services, now: int, *, may: bool) -> Values:
    """What is at work, as text of HTML by kind; a version that is being prepared is work, too."""
    found = {kind: jobs.running(services, now, kind) for kind in jobs.KINDS}
    return {
        "running": bool(preparing(services)) or any(job is not None for job in found.values()),
        "work": {
            kind: models_jobs.shown(job, preparing(services, kind), may=may)
            for kind, job in found.items()
        },
    }


def text(body: Values, field: str) -> str:
    """A text of the body; one that is missing is empty. Raises InputError."""
    value = body.get(field, "")
    if not isinstance(value, str):
        raise InputError(field, "must be a text")
    return value
