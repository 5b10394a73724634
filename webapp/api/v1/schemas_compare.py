"""The schema of a comparison; most of it is what the statistics return."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from webapp.db.schema import Source
from webapp.services.compare.answer import Empty
from webapp.services.traffic import windows
from webapp.services.traffic.advice import Action
from webapp.stats.compare import Difference, PeriodLoss
from webapp.stats.curves import Bin
from webapp.stats.decisions import Best, Confusion, FlippedCase
from webapp.stats.disagreement import Effects, Segment, Support
from webapp.stats.margins import describe_margin
from webapp.stats.metric_specs import SPECS
from webapp.stats.rates import Interval
from webapp.stats.verdicts import Choice

_DAY = "A day such as 2026-11-21."
_METRICS = "; ".join(
    f"`{spec.key}` ({spec.title}, differences from {describe_margin(spec.key)} matter)"
    for spec in SPECS
)
_WORTH = Annotated[float, Field(ge=0, le=1e9)]


class CompareQuery(BaseModel):
    """Which versions, on which traffic."""

    versions: str | None = Field(
        None,
        description="Names separated by commas, the reference first; by default the champion and "
        "all versions with its inputs.",
    )
    a: str | None = Field(None, description="The reference, instead of `versions`.")
    b: str | None = Field(None, description="The version to compare with `a`.")
    challenger: str | None = Field(
        None, description="The version of the close-up, by default the best."
    )
    from_: str | None = Field(None, alias="from", description=f"First day. {_DAY}")
    to: str | None = Field(None, description=f"Last day, today by default. {_DAY}")
    days: Annotated[int, Field(ge=1, le=3660)] | None = Field(
        None,
        description=f"Number of days up to `to`; {windows.DAYS} by default. Can't be combined with "
        "`from`.",
    )
    source: Literal["all", Source] | None = Field(None, description="Where the traffic came from.")
    every: Literal["auto", "day", "week"] | None = Field(
        None, description="Length of the `periods`."
    )
    file: Annotated[str, Field(max_length=32)] | None = Field(
        None,
        description="A labelled file instead of traffic: the id in the Compare page's address "
        "after an upload.",
    )
    rows: Literal["unseen", "all"] | None = Field(
        None,
        description="Which rows of the file: by default those that none of the versions was "
        "trained on, if there are any.",
    )
    threshold: Annotated[float, Field(ge=0, le=1)] | None = Field(
        None, description="Score from which an event is picked; 0.2 by default."
    )
    gain: _WORTH | None = Field(None, description="Value of a picked positive; 8 by default.")
    cost: _WORTH | None = Field(None, description="Cost of each pick; 1 by default.")


@dataclass(frozen=True)
class ComparedDifference(Difference):
    """Version minus reference; no verdict where one was trained on these events."""

    verdict: Choice | None  # type: ignore[assignment]


class ComparedVersion(BaseModel):
    """One version; without events it has no metrics."""

    version: str
    trained_on_these: bool
    training: dict[str, Any]
    metrics: dict[str, Interval | None] = Field(
        default_factory=dict, description=f"By metric: {_METRICS}."
    )
    differences: dict[str, ComparedDifference | None] = Field(
        default_factory=dict,
        description=f"To the reference, which has none itself. By metric: {_METRICS}.",
    )
    statement: str | None = None
    confusion: Confusion | None = None
    best_threshold: Best | None = None
    calibration: list[Bin] = Field(default_factory=list)


@dataclass(frozen=True)
class ComparedCase(FlippedCase):
    """A case whose decision flips, and the features that it has."""

    has: list[str]


class ComparedFlips(BaseModel):
    """Events whose decision flips at the threshold, as shares of all."""

    threshold: float
    share: Interval
    gained: Interval
    lost: Interval
    cases: list[ComparedCase]
    more_cases: int


@dataclass(frozen=True)
class ComparedCell(PeriodLoss):
    """A version in a period."""

    trained_on_these: bool


class ComparedFile(BaseModel):
    """The uploaded file; `bad_rows` are left out, `unlabelled_rows` have no outcome.

    `trained_rows` are left out as well, because a version was trained on them.
    """

    id: str
    name: str
    sha256: str
    bad_rows: int
    unlabelled_rows: int
    trained_rows: int


class ComparedPeriod(BaseModel):
    """Every version in one period."""

    from_: str = Field(alias="from")
    days: int
    versions: list[ComparedCell]


class ComparedWindow(BaseModel):
    """From the first moment to the one after the last, ISO 8601."""

    from_: str = Field(alias="from")
    to: str


class Comparison(BaseModel):
    """Versions on the same events; unknown values are null."""

    reference: str
    challenger: str | None
    champion: str | None = Field(description="The version that answers by default now.")
    window: ComparedWindow | None
    sources: list[str]
    file: ComparedFile | None
    simulated: bool
    not_shown: int = Field(
        description="Real events of the window, while there are too few to be shown by default."
    )
    n: int
    counted_in_lake: int = Field(description="Of these events.")
    labelled: int
    threshold: float
    gain: float
    cost: float
    verdict: Choice = Field(description="On the challenger, by log loss.")
    headline: str
    action: Action = Field(
        description="For the reference, if it is the champion, by the verdicts on all versions."
    )
    better: str | None = Field(description="The version to promote, if one is clearly better.")
    needs_calibration: bool = Field(
        description="True if it is calibrated worse, so that its scores are no probabilities yet."
    )
    sentence: str = Field(description="Headline, finding and reasons.")
    adjustment: str | None = Field(
        description="How the intervals of differences allow for several versions at once."
    )
    empty: Empty | None = Field(description="Why there is nothing to compare on.")
    features: list[str]
    versions: list[ComparedVersion]
    flips: ComparedFlips | None
    segments: list[Segment]
    segments_adjustment: str | None = Field(
        description="How the verdicts on segments allow for all comparisons at once."
    )
    effects: Effects | None
    disagreement: Support | None
    periods: list[ComparedPeriod]
