"""What the script of the Models page asks under ``/page/models``: changes by administrators.

They answer in JSON with texts for people; everything else of the page is Dash's.
"""

from __future__ import annotations

from typing import Any

from flask import Flask, Response

from webapp.api import access
from webapp.api.bodies import read_object
from webapp.api.errors import ApiError
from webapp.api.page import answered
from webapp.cases import InputError
from webapp.events.log import now_ms
from webapp.services import Services, promotion
from webapp.services.promote import NotServableError
from webapp.services.promotion import PROMOTE, ROLL_BACK, Wish

Values = dict[str, Any]


def register(server: Flask, services: Services) -> None:
    """Add the routes."""

    @server.post("/page/models/promote")
    def page_promote() -> Response:
        def act() -> Values:
            access.require("admin")
            return promote(services, read_object(), access.current().who(), now_ms())

        return answered(act)


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


def text(body: Values, field: str) -> str:
    """A text of the body; one that is missing is empty. Raises InputError."""
    value = body.get(field, "")
    if not isinstance(value, str):
        raise InputError(field, "must be a text")
    return value
