"""Schemas of the drift answer; most of it is what the statistics return."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from webapp.db.schema import Source
from webapp.services.drift.answer import Reason
from webapp.services.drift.missing import Missing
from webapp.services.traffic import windows
from webapp.services.traffic.advice import Action
from webapp.stats.divergence import TotalVariation
from webapp.stats.drift import Cause, Labels, Overall
from webapp.stats.harm import Judgement
from webapp.stats.inputs import Feature, Scores
from webapp.stats.limits import Limit
from webapp.stats.pairs import Pair
from webapp.stats.rates import Interval
from webapp.stats.split import Part, Untold
from webapp.stats.verdicts import Harm

_DAY = "A day such as 2026-11-21, or a full hour such as 2026-11-21T13:00Z."


class DriftQuery(BaseModel):
    """The window to compare, and its baseline."""

    version: str | None = Field(None, description="Without it the champion.")
    from_: str | None = Field(None, alias="from", description=f"First day. {_DAY}")
    to: str | None = Field(None, description=f"Last day, today by default. {_DAY}")
    days: Annotated[int, Field(ge=1, le=3660)] | None = Field(
        None,
        description=f"How many, up to `to`; {windows.DAYS} by default. Can't be combined with "
        "`from`.",
    )
    source: Literal["all", Source] | None = Field(None, description="Where the traffic came from.")
    baseline: str | None = Field(
        None,
        description="training, evaluation, previous, week-before, or the name of a version; by "
        "default the first of them that the version has.",
    )
    margin: Annotated[float, Field(gt=0, lt=1)] | None = Field(
        None, description="The smallest shift of a share that matters."
    )
    every: Literal["auto", "hour", "day", "week"] | None = Field(
        None, description="The length of the periods of `series`."
    )


@dataclass(frozen=True)
class DriftFeature(Feature):
    """A feature, and since when it has drifted."""

    since: str | None = None
    psi_by_chance: float | None = None


@dataclass(frozen=True)
class DriftPart(Part):
    """A group of cases; `has` lists the features of a case of its own."""

    has: list[str] | None = None


@dataclass(frozen=True)
class DriftSplit:
    """Why a mean changed: population + behaviour = total."""

    before: Interval
    after: Interval
    total: Interval
    population: Interval
    seen: Interval
    unseen: Interval
    behaviour: Interval
    untold: Untold
    parts: list[DriftPart]
    more_parts: int


class DriftSeries(BaseModel):
    """The traffic over time, one entry per period; null where there is no data."""

    every_seconds: int
    from_: list[str] = Field(alias="from")
    n: list[int]
    labelled: list[int]
    log_loss: list[float | None]
    log_loss_low: list[float | None]
    log_loss_high: list[float | None]
    guessing: list[float | None]
    skill: list[float | None]
    estimated_log_loss: list[float | None]
    estimated_log_loss_low: list[float | None]
    estimated_log_loss_high: list[float | None]
    features: dict[str, list[float | None]]


class DriftWindow(BaseModel):
    """From the first moment to the one after the last, in ISO 8601."""

    from_: str = Field(alias="from")
    to: str


class Drift(BaseModel):
    """A window of traffic against a baseline; unknown values are null."""

    version: str
    baseline: str
    window: DriftWindow
    sources: list[str]
    simulated: bool
    not_shown: int = Field(
        description="Real events of the window, while there are too few to be shown by default."
    )
    margin: float
    n: int
    counted_in_lake: int = Field(description="Of these events.")
    baseline_n: int
    verdict: Overall = Field(
        description="unknown: what comes in is stable, and too few outcomes are known."
    )
    harm: Harm = Field(
        description="Whether skill fell; unknown without enough outcomes "
        "(performance.outcomes_needed says how many would tell)."
    )
    causes: list[Cause]
    action: Action
    better: str | None = Field(description="The version to promote, if one is clearly better.")
    sentence: str
    empty: Reason | None = Field(description="Why there is no result.")
    limits: list[Limit] = Field(
        description="What keeps verdicts open, and how many more would do: of inputs, then of harm."
    )
    missing: Missing | None = Field(
        description="What the version came without, and the command that adds it."
    )
    features: list[DriftFeature]
    pairs: list[Pair]
    total_variation: TotalVariation | None
    unseen: Interval | None = Field(description="Share of events in cases unseen in the baseline.")
    score: Scores | None
    labels: Labels | None
    performance: Judgement | None
    split: dict[str, DriftSplit]
    series: DriftSeries | None
