"""Retraining and background jobs: start, list, cancel; and how near the policy is to firing."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from flask import Response, request

from webapp.api import audit, auth
from webapp.api.bodies import read_object, single_values
from webapp.cases import InputError, shorten
from webapp.db.tables.jobs import Job
from webapp.services.context import Services
from webapp.services.formatting import iso
from webapp.services.models import jobs, policy_state
from webapp.services.models.shown_traffic import follow_traffic
from webapp.timing import now_ms

MOST = 100
ACTOR = "actor"
_LONGEST_ACTOR = 100


def retrain(services: Services) -> Response:
    """Retrain in the background.

    Answers at once with the job; poll it at `jobs/{job}`. Fields that aren't sent are as in the
    server's settings. With `now`, the default here, it retrains whatever the policy decides; with
    `false` it only checks the policy. A version that passes the gate is promoted if `promote` is
    true. One retrain runs at a time: another is 409.
    """
    body = read_object()
    actor = body.pop(ACTOR, None)
    if not _is_name(actor):
        raise InputError(ACTOR, f"must be a text of at most {_LONGEST_ACTOR} characters")
    access = auth.current()
    if actor:
        audit.note("retrain", actor=access.actor(), said=str(actor))
    job = jobs.start(services, "retrain", {"now": True} | body, access.actor(), now_ms())
    return Response(json.dumps(as_json(job)), 202, content_type="application/json")


def _is_name(value: object) -> bool:
    is_text = isinstance(value, str) and len(value) <= _LONGEST_ACTOR and "\0" not in value
    return value is None or is_text


def policy(services: Services) -> dict[str, Any]:
    """Show how near the retraining policy is to firing.

    `value` of `needed` is reached: matured events for `periodic`, else evidence, as the log of an
    e-value, which is reached when the time-uniform bound passes the margin. Null before the first
    check, and after a promotion.
    """
    now = now_ms()
    status = asdict(policy_state.read_status(follow_traffic(services, now), now))
    for name in ("checked_at", "next_at", "champion_since"):
        status[name] = None if status[name] is None else iso(status[name])
    age = status.pop("age_ms")
    status["windows"] = [str(window) for window in status["windows"]]
    return status | {"age_seconds": None if age is None else age / 1000}


def history(services: Services) -> dict[str, Any]:
    """The last background jobs, newest first."""
    params = single_values(request.args)
    for name in params:
        if name != "limit":
            raise InputError(shorten(name), "is unknown: send limit")
    text = params.get("limit", "20")
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= MOST):
        raise InputError("limit", f"must be a whole number from 1 to {MOST}")
    return {"jobs": [as_json(job) for job in jobs.history(services, now_ms(), int(text))]}


def one(services: Services, job: str) -> dict[str, Any]:
    """One background job: its progress, or its result."""
    return as_json(jobs.find(services, job, now_ms()))


def cancel(services: Services, job: str) -> dict[str, Any]:
    """Cancel a background job.

    A running job stops within seconds; its `state` is then `cancelled`. One that has ended is 409.
    """
    return as_json(jobs.cancel(services, job, now_ms()))


def as_json(job: Job) -> dict[str, Any]:
    """Plain values; times in ISO 8601."""
    times = ("created_at", "started_at", "finished_at")
    return {
        "id": job.id,
        "kind": job.kind,
        "state": job.state,
        "progress": job.progress,
        "step": job.step,
        "message": job.message,
        "version": job.version,
        "actor": job.actor,
        "arguments": dict(job.arguments),
        "result": None if job.result is None else dict(job.result),
        "cancelling": job.cancel_at is not None and not job.over,
        **{name: None if getattr(job, name) is None else iso(getattr(job, name)) for name in times},
    }
