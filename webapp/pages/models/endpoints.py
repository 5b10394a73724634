"""Endpoints under ``/page/models`` for the page's script: changes by administrators, and jobs.

They answer in JSON with texts for people; everything else on the page is Dash's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from flask import Flask, Response

from webapp.api import audit, auth
from webapp.api.bodies import read_object
from webapp.api.errors import ApiError, as_api_error
from webapp.api.json_views import Values, respond_in_json
from webapp.cases import InputError
from webapp.components.page_query import address_query
from webapp.pages.models import jobs as models_jobs
from webapp.pages.models.cards import preparing
from webapp.pages.models.newest_versions import newest_versions
from webapp.services.context import Services
from webapp.services.models import jobs, positive_class
from webapp.services.models.promotion_evidence import PROMOTE, ROLL_BACK
from webapp.services.models.promotion_request import PromotionRequest, promote_with_evidence
from webapp.services.models.shown_traffic import is_simulated_shown
from webapp.services.traffic import windows
from webapp.services.traffic.source_choice import ChosenSource
from webapp.timing import now_ms

# This page's own codes and fields for errors that the API has, too
_CODES = {"job_conflict": "conflict", "queue_unavailable": "no_queue"}
_FIELDS = {"job": "id"}


def register(server: Flask, services: Services) -> None:
    """Add the routes."""

    @server.post("/page/models/promote")
    def page_promote() -> Response:
        return _respond_to_admin(
            lambda actor: request_promotion(services, read_object(), actor, now_ms())
        )

    @server.post("/page/models/choose")
    def page_choose() -> Response:
        return _respond_to_admin(
            lambda actor: choose_class(services, read_object(), actor, now_ms())
        )

    @server.post("/page/models/start")
    def page_start() -> Response:
        return _respond_to_admin(lambda actor: start(services, read_object(), actor, now_ms()))

    @server.post("/page/models/cancel")
    def page_cancel() -> Response:
        return _respond_to_admin(lambda _actor: cancel(services, read_object(), now_ms()))

    @server.get("/page/models/versions")
    def page_versions() -> Response:
        query = address_query()
        return respond_in_json(lambda: newest_versions(services, query, now_ms(), auth.current()))

    @server.get("/page/models/jobs")
    def page_jobs() -> Response:
        return respond_in_json(
            lambda: running_jobs(services, now_ms(), can_admin=auth.current().signed_in())
        )


def _respond_to_admin(act: Callable[[str], Values]) -> Response:
    """Carry out an act of an administrator, whose name it is given, and note it in the audit."""
    actor = auth.current().actor()

    def handler() -> Values:
        auth.require("admin")
        return act(actor)

    return audit.note_act(actor, lambda: respond_in_json(handler))


@contextmanager
def _page_errors() -> Iterator[None]:
    """Raise errors of the services as the API does, with this page's codes and fields."""
    try:
        yield
    except Exception as error:
        api_error = as_api_error(error)
        if api_error is None:
            raise
        raise ApiError(
            api_error.status,
            _CODES.get(api_error.code, api_error.code),
            api_error.message,
            field=_FIELDS.get(api_error.field or "", api_error.field),
            retry_after=api_error.retry_after,
        ) from None


def request_promotion(services: Services, body: Values, actor: str, now: int) -> Values:
    """Promote ``version`` over ``champion``, for a ``reason``, or roll back to it.

    ``override`` is needed if the gate objects. Raises ApiError and InputError.
    """
    action = body.get("action", PROMOTE)
    if action not in (PROMOTE, ROLL_BACK):
        raise InputError("action", f"must be {PROMOTE} or {ROLL_BACK}")
    request = PromotionRequest(
        text(body, "version"),
        text(body, "champion"),
        text(body, "reason"),
        action,
        body.get("override") is True,
    )
    promotion = promote_with_evidence(services, request, actor, now)
    verb = "is champion again" if action == ROLL_BACK else "is the champion now"
    return {"version": promotion.version, "said": f"{promotion.version} {verb}."}


def choose_class(services: Services, body: Values, actor: str, now: int) -> Values:
    """Choose the class that a ``version``'s probability stands for, its ``positive`` one.

    Raises ApiError and InputError.
    """
    version = text(body, "version")
    with _page_errors():
        name = positive_class.choose(services, version, text(body, "positive"), actor, now)
    positive_class.wait_until_taken_up(services, version)
    return {"positive": name, "said": positive_class.describe_choice(services, version, name)}


def start(services: Services, body: Values, actor: str, now: int) -> Values:
    """Start a job of a ``kind``, retrain or backtest, on the page's ``source``.

    Raises ApiError and InputError.
    """
    kind = text(body, "kind")
    source = windows.source(text(body, "source"))
    with _page_errors():
        job = jobs.start(services, kind, job_arguments(services, kind, now, source), actor, now)
    return {"id": job.id}


def job_arguments(
    services: Services, kind: str, now: int, source: ChosenSource | None = None
) -> Values:
    """The arguments of a person's job: the traffic that is shown, and no policy to wait for."""
    arguments: Values = {"now": True} if kind == "retrain" else {}
    return arguments | ({"simulated": True} if is_simulated_shown(services, now, source) else {})


def cancel(services: Services, body: Values, now: int) -> Values:
    """Ask for the end of the job with this ``id``. Raises ApiError."""
    with _page_errors():
        return {"state": jobs.cancel(services, text(body, "id"), now).state}


def running_jobs(services: Services, now: int, *, can_admin: bool) -> Values:
    """The running job of each kind as HTML; a version that is being prepared counts as well."""
    job_by_kind = {kind: jobs.running(services, now, kind) for kind in jobs.KINDS}
    return {
        "running": bool(preparing(services)) or any(job_by_kind.values()),
        "work": {
            kind: models_jobs.running_markup(job, preparing(services, kind), can_admin=can_admin)
            for kind, job in job_by_kind.items()
        },
    }


def text(body: Values, field: str) -> str:
    """A text of the body, empty if it is missing. Raises InputError."""
    value = body.get(field, "")
    if not isinstance(value, str):
        raise InputError(field, "must be a text")
    return value
