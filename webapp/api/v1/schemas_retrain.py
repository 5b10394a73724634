"""The forms of retraining and jobs, for the API's description."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Policy = Literal["never", "periodic", "on_error", "on_gain"]
Estimator = Literal["logit", "logit2", "hgb", "keras"]
Events = Annotated[int, Field(ge=100, le=1_000_000_000)]
Window = Literal["all"] | Events | Annotated[str, Field(pattern="^[1-9][0-9]{2,8}$")]
Share = Annotated[float, Field(ge=0, le=1)]
Moment = Annotated[str | None, Field(description="ISO 8601, UTC.")]


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid")


def _as_set() -> Any:
    """The default of what a server's settings decide: the description names none."""


class RetrainBody(_Closed):
    """What to do otherwise than the settings say."""

    policy: Policy = Field(default_factory=_as_set)
    windows: list[Window] = Field(
        default_factory=_as_set,
        min_length=1,
        max_length=20,
        description="Newest matured events to fit on.",
    )
    estimators: list[Estimator] = Field(default_factory=_as_set, min_length=1, max_length=20)
    every: Events = Field(
        default_factory=_as_set, description="Matured events between retrains of periodic."
    )
    holdout: Events = Field(
        default_factory=_as_set, description="Newest matured events to judge on."
    )
    churn: Share = Field(
        default_factory=_as_set, description="Share of the traffic that may change side."
    )
    threshold: Share = Field(
        default_factory=_as_set, description="Probability at which sides are taken."
    )
    promote: bool = Field(default_factory=_as_set, description="Promote what passes the gate.")
    simulated: bool = Field(False, description="Learn from simulated traffic; never promoted.")
    now: bool = Field(True, description="Retrain whatever the policy says.")
    seed: int = Field(0, ge=0, le=1_000_000_000)
    actor: str | None = Field(None, max_length=100, description="Who asks for it.")


class JobPath(BaseModel):
    """What an address names."""

    job: str = Field(description="The id of a job.")


class Job(_Closed):
    """A background job."""

    id: str
    kind: str
    state: Literal["queued", "running", "done", "failed", "cancelled"]
    progress: Share
    step: str = Field(description="What is being done: count, fit, validate, gate, …")
    message: str = Field(description="For people; of a failed job, why.")
    version: str | None = Field(description="That came of it.")
    actor: str
    arguments: dict[str, Any]
    result: dict[str, Any] | None = Field(description="As `everycase retrain --json` prints it.")
    cancelling: bool
    created_at: Moment
    started_at: Moment
    finished_at: Moment


class JobsQuery(BaseModel):
    """How many."""

    model_config = ConfigDict(extra="forbid")
    limit: int = Field(20, ge=1, le=100)


class JobList(_Closed):
    """The last jobs, newest first."""

    jobs: list[Job]


class Challenger(_Closed):
    """An estimator on a window, and what it gained."""

    name: str
    key: str
    value: float
    needed: float | None
    n: int
    mean: float | None = Field(description="Nats of log loss a prediction.")
    low: float | None
    problem: str | None


class PolicyState(_Closed):
    """How the policy stands."""

    policy: Policy
    traffic: Literal["real", "simulated"]
    unit: Literal["events", "evidence"]
    value: float | None
    needed: float | None
    distance: Share | None = Field(description="Of the way to firing: 1 is there.")
    challengers: list[Challenger]
    explanation: str
    checked_at: Moment
    next_at: Moment
    clock: str
    champion: str | None
    champion_since: Moment
    age_seconds: float | None
    matured: int = Field(description="Matured events since the champion was made.")
    churn_cap: Share
    windows: list[str]
    estimators: list[str]
    promotes: bool
    rests: int = Field(
        description="Matured events for which it doesn't fire: its last retrain left the champion."
    )
