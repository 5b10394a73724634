"""A stored backtest as the page shows it, read from the JSON of ``everycase backtest``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from webapp.db.tables.jobs import Job


@dataclass(frozen=True)
class RetrainMark:
    """A retrain that a policy asked for."""

    at: int
    difference: float
    explanation: str


@dataclass(frozen=True)
class UncappedResult:
    """The result of a policy without the cap on changed decisions."""

    log_loss: float
    auc: float | None
    retrains: int


@dataclass(frozen=True)
class PolicyTrack:
    """A policy's log loss so far, less that of never retraining: ``difference``, in nats."""

    policy: str
    log_loss: float
    auc: float | None
    seconds: float
    at: tuple[int, ...]  # the ends of the blocks: rows, or days in ms
    difference: tuple[float, ...]
    retrains: tuple[RetrainMark, ...]
    uncapped: UncappedResult | None = None  # if the cap left a retrain to a person

    @property
    def end(self) -> float:
        """The difference at the end."""
        return self.difference[-1] if self.difference else 0.0


@dataclass(frozen=True)
class BacktestView:
    """All policies, best first."""

    unit: str  # row or day
    start: int
    events: int
    checks: int
    ended: int  # ms
    simulated: bool
    tracks: tuple[PolicyTrack, ...]


def view(job: Job) -> BacktestView | None:
    """The backtest of a job; None if the job has no result that can be shown."""
    result = job.result
    if job.kind != "backtest" or job.state != "done" or result is None:
        return None
    try:
        tracks = sorted(map(_track, result["policies"]), key=lambda track: track.log_loss)
        return BacktestView(
            str(result["unit"]),
            int(result["start"]),
            int(result["events"]),
            int(result["checks"]),
            job.finished_at or job.created_at,
            "simulated" in str(result.get("source")),
            tuple(tracks),
        )
    except (KeyError, TypeError, ValueError):  # of another version of this program
        return None


def _track(form: Mapping[str, Any]) -> PolicyTrack:
    curve = form["curve"]
    auc = form.get("auc")
    return PolicyTrack(
        str(form["policy"]),
        float(form["log_loss"]),
        None if auc is None else float(auc),
        float(form["seconds"]),
        tuple(int(at) for at in curve["at"]),
        tuple(float(value) for value in curve["difference"]),
        tuple(
            RetrainMark(int(one["at"]), float(one["difference"]), str(one["explanation"]))
            for one in form["retrained"]
        ),
        _uncapped(form.get("uncapped")),
    )


def _uncapped(form: Mapping[str, Any] | None) -> UncappedResult | None:
    if form is None:
        return None
    auc = form.get("auc")
    loss, retrains = float(form["log_loss"]), int(form["retrains"])
    return UncappedResult(loss, None if auc is None else float(auc), retrains)
