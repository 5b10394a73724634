"""Schemas of retraining and jobs, for the API's description."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from webapp.training.policy.rules import Policy
from webapp.training.policy.words import EstimatorName

Events = Annotated[int, Field(ge=100, le=1_000_000_000)]
Window = Literal["all"] | Events | Annotated[str, Field(pattern="^[1-9][0-9]{2,8}$")]
Share = Annotated[float, Field(ge=0, le=1)]
Moment = Annotated[str | None, Field(description="ISO 8601, UTC.")]


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid")


def _from_settings() -> Any:
    """Default of a field that the server's settings decide: the description names none."""


class RetrainBody(_Closed):
    """Deviations from the server's settings."""

    policy: Policy = Field(default_factory=_from_settings)
    windows: list[Window] = Field(
        default_factory=_from_settings,
        min_length=1,
        max_length=20,
        description="Newest matured events to fit on.",
    )
    estimators: list[EstimatorName] = Field(
        default_factory=_from_settings, min_length=1, max_length=20
    )
    every: Events = Field(
        default_factory=_from_settings, description="Matured events between retrains of periodic."
    )
    holdout: Events = Field(
        default_factory=_from_settings, description="Newest matured events to judge on."
    )
    churn: Share = Field(
        default_factory=_from_settings,
        description="Share of the traffic whose decision may change.",
    )
    threshold: Share = Field(
        default_factory=_from_settings,
        description="Probability at or above which the decision is yes.",
    )
    refit: bool = Field(
        default_factory=_from_settings,
        description="Fit a version that passed again, on the held-out events as well.",
    )
    promote: bool = Field(
        default_factory=_from_settings, description="Promote a version that passes the gate."
    )
    simulated: bool = Field(False, description="Train on simulated traffic; never promoted.")
    now: bool = Field(True, description="Retrain whatever the policy decides.")
    seed: int = Field(0, ge=0, le=1_000_000_000)
    actor: str | None = Field(None, max_length=100, description="Goes into the audit log.")


class JobPath(BaseModel):
    """Parameters of the path."""

    job: str = Field(description="The id of a job.")


class Job(_Closed):
    """A background job."""

    id: str
    kind: str
    state: Literal["queued", "running", "done", "failed", "cancelled"]
    progress: Share
    step: str = Field(description="The current step: count, fit, validate, gate, …")
    message: str = Field(description="For people; the reason if the job failed.")
    version: str | None = Field(description="The version that it made.")
    actor: str
    arguments: dict[str, Any]
    result: dict[str, Any] | None = Field(description="As `everycase retrain --json` prints it.")
    cancelling: bool
    created_at: Moment
    started_at: Moment
    finished_at: Moment


class JobsQuery(BaseModel):
    """Parameters of the query."""

    model_config = ConfigDict(extra="forbid")
    limit: int = Field(20, ge=1, le=100)


class JobList(_Closed):
    """The last jobs, newest first."""

    jobs: list[Job]


class Challenger(_Closed):
    """An estimator on a window, and its gain."""

    name: str
    key: str
    value: float
    needed: float | None
    n: int
    mean: float | None = Field(description="Nats of log loss per prediction.")
    low: float | None
    problem: str | None


class PolicyState(_Closed):
    """How near the policy is to firing."""

    policy: Policy
    traffic: Literal["real", "simulated"]
    unit: Literal["events", "evidence"]
    value: float | None
    needed: float | None
    distance: Share | None = Field(description="Share of the way to firing, from 0 to 1.")
    challengers: list[Challenger]
    explanation: str
    checked_at: Moment
    next_at: Moment
    clock: str
    champion: str | None
    champion_since: Moment
    age_seconds: float | None
    matured: int = Field(description="Outcomes since the champion was promoted.")
    churn_cap: Share
    windows: list[str]
    estimators: list[str]
    promotes: bool
    rests: int = Field(
        description="Outcomes until it may fire again, after a retrain that left the champion."
    )
