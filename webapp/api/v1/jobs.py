"""Retraining and background jobs: begin, look, cancel; and how near the policy is to firing."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from flask import Response, request

from webapp.api import auth
from webapp.api.bodies import read_object, single_values
from webapp.cases import InputError, shorten
from webapp.db.tables.jobs import Job
from webapp.services.context import Services
from webapp.services.formatting import iso
from webapp.services.models import jobs, policy_state
from webapp.timing import now_ms

MOST = 100
ACTOR = "actor"
_LONGEST_ACTOR = 100


def retrain(services: Services) -> Response:
    """Have a version retrained in the background.

    Answers at once with the job: look after it at `jobs/{job}`. What isn't sent is as the server's
    settings say. `now` retrains whatever the policy says, which is the default here; `false` only
    checks the policy. What passes the gate is promoted when `promote` says so. One retrain at a
    time: another is 409.
    """
    body = read_object()
    actor = body.pop(ACTOR, None)
    if not _is_name(actor):
        raise InputError(ACTOR, f"must be a text of at most {_LONGEST_ACTOR} characters")
    made = jobs.start(
        services, "retrain", {"now": True} | body, actor or auth.current().who(), now_ms()
    )
    return Response(json.dumps(as_json(made)), 202, content_type="application/json")


def _is_name(value: object) -> bool:
    is_text = isinstance(value, str) and len(value) <= _LONGEST_ACTOR and "\0" not in value
    return value is None or is_text


def policy(services: Services) -> dict[str, Any]:
    """How near the retraining policy is to firing.

    `value` of `needed` has come together: matured events for `periodic`, else evidence, the log of
    an e-value that is reached when the time-uniform bound passes the margin. Null before the first
    check, and after a promotion.
    """
    found = asdict(policy_state.state(services, now_ms()))
    for name in ("checked_at", "next_at", "champion_since"):
        found[name] = None if found[name] is None else iso(found[name])
    age = found.pop("age_ms")
    found["windows"] = [str(window) for window in found["windows"]]
    return found | {"age_seconds": None if age is None else age / 1000}


def history(services: Services) -> dict[str, Any]:
    """The last background jobs, newest first."""
    given = single_values(request.args)
    for name in given:
        if name != "limit":
            raise InputError(shorten(name), "is not known here: send limit")
    text = given.get("limit", "20")
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= MOST):
        raise InputError("limit", f"must be a whole number from 1 to {MOST}")
    return {"jobs": [as_json(job) for job in jobs.history(services, now_ms(), int(text))]}


def one(services: Services, job: str) -> dict[str, Any]:
    """One background job: how far it is, or what came of it."""
    return as_json(jobs.find(services, job, now_ms()))


def cancel(services: Services, job: str) -> dict[str, Any]:
    """Cancel a background job.

    One that runs stops within seconds: its `state` is `cancelled` then. One that is over is 409.
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
