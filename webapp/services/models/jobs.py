"""Background jobs, as pages and API start, list and cancel them.

``start`` writes a job down and queues it; ``history`` and ``find`` read jobs, ``running`` gives the
one that is queued or running, ``cancel`` asks for the end of one, which is ``cancelled`` within
seconds. Kinds are ``retrain`` (its arguments are those of ``RetrainPlan``) and ``backtest`` (of the
log; its ``result`` is the command's JSON).

``Job`` is ``webapp.db.tables.jobs.Job``. Poll ``find`` about once a second while ``not job.over``.
Everything raises LogUnavailableError while the database is unavailable.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from webapp.cases import InputError, shorten
from webapp.db.tables.jobs import Job
from webapp.services.context import QueueError, Services


class UnknownJobError(LookupError):
    """There is no such job."""


class JobConflictError(RuntimeError):
    """A job can't be started or cancelled now: one of its kind is running, or it has ended."""


def _retrain_arguments(services: Services, values: Mapping[str, Any]) -> Mapping[str, Any]:
    return services.plan.with_values(values).as_dict()


def _backtest_arguments(services: Services, values: Mapping[str, Any]) -> Mapping[str, Any]:
    for name in values:
        if name not in _OF_BACKTEST:
            raise InputError(shorten(name), f"is unknown: send {', '.join(_OF_BACKTEST)}")
    plan = services.plan.with_values(values).as_dict()
    return {name: plan[name] for name in _OF_BACKTEST}


_OF_BACKTEST = ("estimators", "windows", "every", "simulated", "seed")
UNTAKEN = "No worker has picked it up. With JOBS=0, run everycase work on the same queue."
KINDS: dict[str, Callable[[Services, Mapping[str, Any]], Mapping[str, Any]]] = {
    "retrain": _retrain_arguments,
    "backtest": _backtest_arguments,
}


def start(services: Services, kind: str, arguments: Mapping[str, Any], actor: str, now: int) -> Job:
    """Write a new job down and queue it. Raises InputError, JobConflictError and QueueError."""
    if kind not in KINDS:
        raise InputError("kind", f"must be one of {', '.join(KINDS)}")
    job_arguments = KINDS[kind](services, arguments)
    services.jobs.give_up_lost(now)
    job = services.jobs.add_unless_busy(kind, job_arguments, actor, now)
    if job is None:
        _send_again(services, kind, now)
        raise JobConflictError(f"a {kind} is already running: wait for it to finish, or cancel it")
    try:
        services.queue(job.id)
    except QueueError as error:
        services.jobs.end(job.id, "failed", str(error), now)
        raise
    return job


def _send_again(services: Services, kind: str, now: int) -> None:
    """Queue a job again that no worker takes: its message was lost with a process that was killed.

    An extra message does no harm, as a job is started only once. Raises QueueError.
    """
    stranded_job = services.jobs.find_stranded(kind, now)
    if stranded_job is not None:
        services.queue(stranded_job.id)


def history(services: Services, now: int, limit: int = 20, kind: str | None = None) -> list[Job]:
    """The last jobs, newest first."""
    services.jobs.give_up_lost(now)
    return [_with_hint(services, job, now) for job in services.jobs.history(limit, kind)]


def find(services: Services, id_: str, now: int) -> Job:
    """One job. Raises UnknownJobError."""
    services.jobs.give_up_lost(now)
    job = services.jobs.get(id_)
    if job is None:
        raise UnknownJobError(f"there is no job {shorten(id_)}")
    return _with_hint(services, job, now)


def _with_hint(services: Services, job: Job, now: int) -> Job:
    """The job; if it waits although nothing runs, with a hint about JOBS=0 as its message."""
    if (
        job.state != "queued"
        or (stranded_job := services.jobs.find_stranded(job.kind, now)) is None
    ):
        return job
    return replace(job, message=UNTAKEN) if stranded_job.id == job.id else job


def running(services: Services, now: int, kind: str | None = None) -> Job | None:
    """The newest job that has not ended yet."""
    return next((job for job in history(services, now, 50, kind) if not job.over), None)


def cancel(services: Services, id_: str, now: int) -> Job:
    """Ask for the end of a job. Raises UnknownJobError, and JobConflictError if it has ended."""
    job = find(services, id_, now)
    if not services.jobs.cancel(id_, now):
        raise JobConflictError(f"it has ended already: {job.state}")
    return find(services, id_, now)
