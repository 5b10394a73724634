"""A backtest that was kept, as a page shows it; from the JSON of ``everycase backtest``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from webapp.db.tables.jobs import Job


@dataclass(frozen=True)
class Retrain:
    """One that a policy asked for."""

    at: int
    difference: float
    explanation: str


@dataclass(frozen=True)
class Track:
    """A policy's way: ``difference`` of the log loss so far to never retraining, in nats."""

    policy: str
    log_loss: float
    auc: float | None
    seconds: float
    at: tuple[int, ...]  # where the blocks end: rows, or days in ms
    difference: tuple[float, ...]
    retrains: tuple[Retrain, ...]

    @property
    def end(self) -> float:
        """The difference of all of it."""
        return self.difference[-1] if self.difference else 0.0


@dataclass(frozen=True)
class View:
    """All policies, best first."""

    unit: str  # row or day
    start: int
    events: int
    checks: int
    ended: int  # ms
    simulated: bool
    tracks: tuple[Track, ...]


def view(job: Job) -> View | None:
    """What a job came to; None where that is no backtest that can be shown."""
    result = job.result
    if job.kind != "backtest" or job.state != "done" or result is None:
        return None
    try:
        tracks = sorted(map(_track, result["policies"]), key=lambda track: track.log_loss)
        return View(
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


def _track(form: Mapping[str, Any]) -> Track:
    curve = form["curve"]
    auc = form.get("auc")
    return Track(
        str(form["policy"]),
        float(form["log_loss"]),
        None if auc is None else float(auc),
        float(form["seconds"]),
        tuple(int(at) for at in curve["at"]),
        tuple(float(value) for value in curve["difference"]),
        tuple(
            Retrain(int(one["at"]), float(one["difference"]), str(one["explanation"]))
            for one in form["retrained"]
        ),
    )
