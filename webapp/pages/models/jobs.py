"""Background work: what is being done, how far it is, and what was done before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from dash import html

from webapp.components.icons import icon
from webapp.components.markup import markup
from webapp.db.tables.jobs import Job
from webapp.services.formatting import NBSP, iso, short_day
from webapp.training.policy.plan import POLICIES

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
_KINDS = {"retrain": "Retraining", "backtest": "Backtest"}
_STATES = {
    "queued": ("clock", "unsure", "Queued"),
    "running": ("refresh", "unsure", "Running"),
    "done": ("check", "good", "Done"),
    "failed": ("warning", "bad", "Failed"),
    "cancelled": ("ban", "unsure", "Cancelled"),
}


def work(job: Job, *, may: bool) -> html.Div:
    """A job that is at work, with its progress and its end."""
    percent = round(min(1.0, max(0.0, job.progress)) * 100)
    name = _KINDS.get(job.kind, job.kind)
    title = [f"{name}: ", html.Strong(job.version)] if job.version else name
    head = [html.Span(title), html.Strong(f"{percent}{NBSP}%"), _cancel(job, name, may=may)]
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


def shown(job: Job | None, preparing: Sequence[str], *, may: bool) -> str:
    """What stands in the place of a kind of job, as text of HTML: empty when nothing is at work.

    A version that was just made is prepared before it can be served; that is work, too.
    """
    if job is not None:
        return markup(work(job, may=may))
    if not preparing:
        return ""
    said = [
        html.Strong(f"Preparing {', '.join(preparing)}"),
        ": its table is computed and checked.",
    ]
    return markup(html.Div(html.P(said), className="ec-work"))


def _cancel(job: Job, name: str, *, may: bool) -> html.Button:
    asked = job.cancel_at is not None
    return html.Button(
        "Cancelling…" if asked else "Cancel",
        type="button",
        className="ec-button ec-small",
        disabled=None if may and not asked else True,
        **{"data-cancel": job.id, "aria-label": f"Cancel: {name.lower()}"},
    )


def _steps(job: Job) -> html.Div:
    """What is done, what is being done, what follows; else what the job says of itself."""
    steps = _STEPS.get(job.kind, ())
    names = [name for name, _ in steps]
    said = job.message or ("Waiting for its turn" if job.state == "queued" else "Begun")
    if job.step not in names:
        return html.Div(html.Strong(said), className="ec-steps")
    now = names.index(job.step)
    parts: list[Any] = [
        html.Span([icon("check"), word], className="ec-step-done") for _, word in steps[:now]
    ]
    parts.append(html.Strong(said, className="ec-step-now"))
    parts += [html.Span(name) for name, _ in steps[now + 1 :]]
    return html.Div(parts, className="ec-steps")


_RESULTS = {
    "waits": "The policy waits",
    "nothing new": "Nothing new has matured",
    "busy": "Another run was at it",
    "promoted": "Promoted",
    "registered": "Registered",
    "kept": "The gate kept the champion",
    "not enough evidence": "The gate kept the champion",
    "failed": "Nothing came of it",
}


def summary(job: Job) -> tuple[str, str]:
    """What came of a job: in a few words, and why. Results are those of the commands' --json."""
    word, result = _STATES[job.state][2], job.result or {}
    told = _RESULTS.get(str(result.get("status")))
    if job.kind != "retrain" or told is None:
        return f"{_KINDS.get(job.kind, job.kind)}: {word.lower()}", job.message
    version = result.get("version")
    if version and result.get("status") in ("promoted", "registered"):
        told = f"{told} {version}"
    evidence = result.get("evidence")
    gate = evidence.get("gate") if isinstance(evidence, Mapping) else None
    sentence = gate.get("sentence") if isinstance(gate, Mapping) else None
    return told, str(sentence or job.message)


def outcome(job: Job) -> html.Div:
    """What came of the last one."""
    shape, tone, _ = _STATES[job.state]
    if (job.result or {}).get("status") in ("kept", "not enough evidence"):
        shape, tone = "question", "unsure"
    told, why = summary(job)
    day = short_day(job.finished_at or job.created_at)
    return html.Div(
        [icon(shape), html.P([html.Strong(f"{told}. "), f"{day}: {why or 'it said nothing.'}"])],
        className=f"ec-outcome ec-tone-{tone}",
    )


def history(jobs: Sequence[Job], *, shown: bool) -> html.Details:
    """The last jobs, also those from before a restart."""
    if not jobs:
        body: Any = html.P("Nothing was done in the background yet.", className="ec-caption")
    else:
        body = html.Ol([_line(job) for job in jobs[:SHOWN]], className="ec-jobs")
    many = f" ({min(len(jobs), SHOWN)})" if jobs else ""
    return html.Details(
        [html.Summary(f"Job history{many}"), body],
        id=HISTORY,
        open=True if shown else None,
    )


def _line(job: Job) -> html.Li:
    shape, tone, word = _STATES[job.state]
    when = html.Time(_time(job.created_at), dateTime=iso(job.created_at))
    told, why = summary(job) if job.over else (_KINDS.get(job.kind, job.kind), job.message)
    head = [
        html.Span([icon(shape), word], className=f"ec-verdict ec-tone-{tone}"),
        html.Strong(told),
        html.Span([when, _took(job)], className="ec-soft"),
    ]
    said = " · ".join(part for part in (f"by {job.actor}" if job.actor else "", why) if part)
    return html.Li(
        [
            html.Div(head, className="ec-job-head"),
            html.P(said, className="ec-caption ec-clamp", title=said),
        ]
    )


def _took(job: Job) -> str:
    if job.started_at is None or job.finished_at is None:
        return ""
    seconds = (job.finished_at - job.started_at) / 1000
    return f" · {seconds:.1f}{NBSP}s" if seconds < 90 else f" · {seconds / 60:.0f}{NBSP}min"


def _time(ms: int) -> str:
    return f"{short_day(ms)}, {datetime.fromtimestamp(ms / 1000, UTC):%H:%M}"
