"""Background work as pages and API ask for it.

- ``start(services, kind, arguments, actor, now)`` -> ``Job``: writes it down and has it begun.
  Kinds are ``retrain`` (arguments: those of ``Plan``) and ``backtest`` (of the log; ``estimators``,
  ``windows``, ``every``, ``simulated``, ``seed``; its ``result`` is the command's JSON).
- ``history(services, now, limit)`` -> list of ``Job``, newest first; ``find(services, id, now)``.
- ``running(services, now, kind)`` -> the ``Job`` that is queued or running, or None.
- ``cancel(services, id, now)`` -> ``Job``: asks for its end; it is ``cancelled`` within seconds.

``Job`` is ``webapp.db.tables.jobs.Job``: ``state``, ``progress`` (0 to 1), ``step``, ``message``,
``version``, ``result``, times. Poll ``find`` about once a second while ``not job.over``. Everything
raises LogUnavailableError while the database is unavailable.
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
    """It can't be done now: one of its kind is at work, or it is over; the message says which."""


def _retrain(services: Services, given: Mapping[str, Any]) -> Mapping[str, Any]:
    return services.plan.with_values(given).as_dict()


def _backtest(services: Services, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Of the log's own history, under every policy."""
    for name in given:
        if name not in _OF_BACKTEST:
            known = ", ".join(_OF_BACKTEST)
            raise InputError(shorten(name), f"is not known here: send {known}")
    asked = services.plan.with_values(given).as_dict()
    return {name: asked[name] for name in _OF_BACKTEST}


_OF_BACKTEST = ("estimators", "windows", "every", "simulated", "seed")
UNTAKEN = "Nobody takes it: with JOBS=0, does everycase work run, with the same queue?"
KINDS: dict[str, Callable[[Services, Mapping[str, Any]], Mapping[str, Any]]] = {
    "retrain": _retrain,
    "backtest": _backtest,
}


def start(services: Services, kind: str, arguments: Mapping[str, Any], actor: str, now: int) -> Job:
    """A new job, queued. Raises InputError, JobConflictError, QueueError."""
    if kind not in KINDS:
        raise InputError("kind", f"must be one of {', '.join(KINDS)}")
    checked = KINDS[kind](services, arguments)
    services.jobs.give_up_lost(now)
    job = services.jobs.add_alone(kind, checked, actor, now)
    if job is None:
        _send_again(services, kind, now)
        raise JobConflictError(f"a {kind} is at work already: wait for its end, or cancel it")
    try:
        services.queue(job.id)
    except QueueError as error:
        services.jobs.end(job.id, "failed", str(error), now)
        raise
    return job


def _send_again(services: Services, kind: str, now: int) -> None:
    """The message of one that nobody takes: it was lost with a process that was killed.

    A message too many does no harm, as a job is begun only once. Raises QueueError.
    """
    waits = services.jobs.stranded(kind, now)
    if waits is not None:
        services.queue(waits.id)


def history(services: Services, now: int, limit: int = 20, kind: str | None = None) -> list[Job]:
    """The last jobs, newest first."""
    services.jobs.give_up_lost(now)
    return [_explained(services, job, now) for job in services.jobs.history(limit, kind)]


def find(services: Services, id_: str, now: int) -> Job:
    """One job. Raises UnknownJobError."""
    services.jobs.give_up_lost(now)
    job = services.jobs.get(id_)
    if job is None:
        raise UnknownJobError(f"there is no job {shorten(id_)}")
    return _explained(services, job, now)


def _explained(services: Services, job: Job, now: int) -> Job:
    """One that waits though nothing runs says so: with JOBS=0 there may be nobody to take it."""
    if job.state != "queued" or (waits := services.jobs.stranded(job.kind, now)) is None:
        return job
    return replace(job, message=UNTAKEN) if waits.id == job.id else job


def running(services: Services, now: int, kind: str | None = None) -> Job | None:
    """The newest that is not over yet."""
    return next((job for job in history(services, now, 50, kind) if not job.over), None)


def cancel(services: Services, id_: str, now: int) -> Job:
    """Ask for its end. Raises UnknownJobError, and JobConflictError when it is over."""
    job = find(services, id_, now)
    if not services.jobs.cancel(id_, now):
        raise JobConflictError(f"it is over: {job.state}")
    return find(services, id_, now)
