"""Background jobs: the one that is running, and the history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dash import html

from webapp.components.icons import icon
from webapp.components.markup import markup
from webapp.db.tables.jobs import Job
from webapp.grammar import NBSP
from webapp.pages.models import texts
from webapp.services.formatting import iso, minute, past_day
from webapp.services.models import gate_report
from webapp.training.policy.rules import POLICIES

HISTORY = "models-jobs"
SHOWN = 10
_STEPS: dict[str, tuple[tuple[str, str], ...]] = {
    "retrain": (
        ("count", "counted"),
        ("fit", "fitted"),
        ("validate", "validated"),
        ("gate", "judged"),
        ("register", "registered"),
    ),
    "backtest": (("count", "counted"), *((policy, policy) for policy in POLICIES)),
}
_STATES = {
    "queued": ("clock", "unsure", "Queued"),
    "running": ("refresh", "unsure", "Running"),
    "done": ("check", "good", "Done"),
    "failed": ("warning", "bad", "Failed"),
    "cancelled": ("ban", "unsure", "Cancelled"),
}


def running(job: Job, *, can_admin: bool) -> html.Div:
    """A queued or running job with its progress, and the button that cancels it."""
    percent = round(min(1.0, max(0.0, job.progress)) * 100)
    name = texts.JOBS.get(job.kind, job.kind)
    title = [f"{name}: ", html.Strong(job.version)] if job.version else name
    head = [
        html.Span(title),
        html.Strong(f"{percent}{NBSP}%"),
        _cancel(job, name, can_admin=can_admin),
    ]
    bar = html.Div(
        html.Span(style={"width": f"{percent}%"}),
        className="ec-progress",
        role="progressbar",
        **{
            "aria-label": name,
            "aria-valuemin": "0",
            "aria-valuemax": "100",
            "aria-valuenow": str(percent),
        },
    )
    return html.Div(
        [html.Div(head, className="ec-work-head"), bar, _steps(job)],
        className="ec-work",
        **{"data-job": job.id},
    )


def running_markup(job: Job | None, preparing: Sequence[str], *, can_admin: bool) -> str:
    """The running job of a kind as HTML; empty if nothing is running.

    A new version is prepared before it can be served, which is shown as well.
    """
    if job is not None:
        return markup(running(job, can_admin=can_admin))
    if not preparing:
        return ""
    table = "its table is" if len(preparing) == 1 else "their tables are"
    text = [
        html.Strong(f"Preparing {', '.join(preparing)}"),
        f": {table} being computed and checked.",
    ]
    return markup(html.Div(html.P(text), className="ec-work"))


def _cancel(job: Job, name: str, *, can_admin: bool) -> html.Button:
    is_cancelling = job.cancel_at is not None
    return html.Button(
        "Cancelling…" if is_cancelling else "Cancel",
        type="button",
        className="ec-button ec-small",
        disabled=None if can_admin and not is_cancelling else True,
        **{"data-cancel": job.id, "aria-label": f"Cancel: {name.lower()}"},
    )


def _steps(job: Job) -> html.Div:
    """The steps that are done, the current one, and those that follow; else the job's message."""
    steps = _STEPS.get(job.kind, ())
    names = [name for name, _ in steps]
    message = job.message or ("Waiting in the queue" if job.state == "queued" else "Started")
    if job.step not in names:
        return html.Div(html.Strong(message), className="ec-steps")
    now = names.index(job.step)
    parts: list[Any] = [
        html.Span([icon("check"), word], className="ec-step-done") for _, word in steps[:now]
    ]
    parts.append(html.Strong(message, className="ec-step-now"))
    parts += [html.Span(name) for name, _ in steps[now + 1 :]]
    return html.Div(parts, className="ec-steps")


_RESULTS = {
    "waits": "No retrain needed yet",
    "nothing new": "No new outcomes",
    "not judged": "Outcomes one-sided: not judged",
    "busy": "Another retrain was already running",
    "promoted": "Promoted",
    "registered": "Registered",
    "kept": "Champion kept",
    "not enough evidence": "Champion kept",
    "failed": "Failed",
}


def summary(job: Job) -> tuple[str, str]:
    """The result of a job in a few words, and the reason. Results are those of ``--json``."""
    state, result = _STATES[job.state][2], job.result or {}
    title = _RESULTS.get(str(result.get("status")))
    if job.kind != "retrain" or title is None:
        return f"{texts.JOBS.get(job.kind, job.kind)}: {state.lower()}", job.message
    version = result.get("version")
    if version and result.get("status") in ("promoted", "registered"):
        title = f"{title} {version}"
    return title, _gate_sentence(result) or job.message


def _gate_sentence(result: Mapping[str, Any]) -> str:
    """The gate's verdict without the policy's own evidence, which is in the tooltip."""
    evidence = result.get("evidence")
    form = evidence.get("gate") if isinstance(evidence, Mapping) else None
    champion, version = result.get("champion"), result.get("version")
    gate = gate_report.read(form)
    if gate is not None and champion and version:
        return gate_report.sentence(gate, str(champion), str(version), with_policy=False)
    return str(form.get("sentence") or "") if isinstance(form, Mapping) else ""


def outcome(job: Job) -> html.Div:
    """The result of the last job, with its whole message as a tooltip."""
    shape, tone, _ = _STATES[job.state]
    if (job.result or {}).get("status") in ("kept", "not enough evidence"):
        shape, tone = "question", "unsure"
    title, reason = summary(job)
    day = past_day(job.finished_at or job.created_at)
    text = [html.Strong(f"{title}. "), f"{day}: {reason or 'no message.'}"]
    return html.Div(
        [icon(shape), html.P(text, title=job.message or None)],
        className=f"ec-outcome ec-tone-{tone}",
    )


def history(jobs: Sequence[Job], *, is_open: bool) -> html.Details:
    """The last jobs, including those from before a restart."""
    if not jobs:
        body: Any = html.P("No background jobs yet.", className="ec-caption")
    else:
        body = html.Ol([_line(job) for job in jobs[:SHOWN]], className="ec-jobs")
    count = f" ({min(len(jobs), SHOWN)})" if jobs else ""
    return html.Details(
        [html.Summary(f"Job history{count}"), body],
        id=HISTORY,
        open=True if is_open else None,
    )


def _line(job: Job) -> html.Li:
    shape, tone, word = _STATES[job.state]
    when = html.Time(minute(job.created_at), dateTime=iso(job.created_at))
    title, reason = summary(job) if job.over else (texts.JOBS.get(job.kind, job.kind), job.message)
    head = [
        html.Span([icon(shape), word], className=f"ec-verdict ec-tone-{tone}"),
        html.Strong(title),
        html.Span([when, _duration(job)], className="ec-soft"),
    ]
    text = " · ".join(part for part in (f"by {job.actor}" if job.actor else "", reason) if part)
    return html.Li(
        [
            html.Div(head, className="ec-job-head"),
            html.P(text, className="ec-caption ec-clamp", title=text),
        ]
    )


def _duration(job: Job) -> str:
    if job.started_at is None or job.finished_at is None:
        return ""
    seconds = (job.finished_at - job.started_at) / 1000
    return f" · {seconds:.1f}{NBSP}s" if seconds < 90 else f" · {seconds / 60:.0f}{NBSP}min"
