"""The forms of ``/api/v1``, for its description. Imported only when somebody asks for that.

The views check what they get by themselves: a batch of 10,000 rows leaves no time for more, and a
row may come with its features beside the rest. Tests hold both against each other.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel, create_model

Flag = Literal[0, 1, "0", "1", "true", "false", True, False]
Probability = Annotated[float, Field(ge=0, le=1)]
RequestId = Annotated[
    str, Field(pattern="^[ -~]{1,200}$", description="Your own id: it makes a retry safe.")
]
EventId = Annotated[str, Field(pattern=r"\S", description="Send it with the outcome.")]
Case = Annotated[int, Field(ge=0, le=65_535, description="Bit i is the i-th feature, from 0.")]
VersionName = Annotated[str, Field(pattern=r"\S", description="The name of a version.")]
Champions = Annotated[VersionName | None, Field(description="Without it the champion answers.")]


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Problem(_Closed):
    """What went wrong."""

    code: str = Field(description="For programs: stays the same.")
    message: str = Field(description="For people: says how to mend it.")
    field: str | None = Field(None, description="What was sent wrong, such as `rows[3].G7`.")


class Error(_Closed):
    """The one shape of errors."""

    error: Problem


class Prediction(_Closed):
    """The answer, as it is in the log."""

    id: EventId
    version: VersionName
    case: Case
    probability: Probability = Field(description="P(label = 1).")
    request_id: RequestId | None = None


class BatchRow(_Closed):
    """The answer to one row, as it is in the log."""

    id: EventId
    case: Case
    probability: Probability
    request_id: RequestId | None = None


class BatchPrediction(_Closed):
    """The answers in the order of the rows."""

    version: VersionName
    predictions: list[BatchRow]


class VersionFacts(_Closed):
    """One model version."""

    version: VersionName
    status: Literal["ready", "preparing", "unavailable"]
    reason: str | None = Field(description="Why it can't be served.")
    champion: bool
    features: list[str]
    cases: int
    flavor: str
    digest: str = Field(description="Of the model's files.")
    training: dict[str, Any]
    environment: dict[str, str]
    training_rows: int | None
    base_rate: Probability | None = Field(description="Share of positive labels in training.")
    warnings: list[str]


class VersionList(_Closed):
    """All versions, the champion first."""

    versions: list[VersionFacts]


class ScoreTable(_Closed):
    """The probability of every case."""

    version: VersionName
    features: list[str]
    scores: list[Probability] = Field(description="The i-th is that of case i.")


class ChampionBody(_Closed):
    """A promotion."""

    version: VersionName
    reason: str | None = Field(None, max_length=1000)
    actor: str | None = Field(None, max_length=100, description="Who decided.")
    evidence: dict[str, Any] | None = None


class Champion(_Closed):
    """The champion and the last line of the ledger; null before the first promotion."""

    version: VersionName
    status: Literal["ready", "preparing", "unavailable"]
    problem: str | None = Field(description="Why it can't answer.")
    previous: str | None
    at: str | None = Field(description="ISO 8601, UTC.")
    actor: str | None
    reason: str | None
    evidence: dict[str, Any] | None


class VersionPath(BaseModel):
    """What an address names."""

    version: str = Field(description="The name of a version.")


def row_forms(features: tuple[str, ...]) -> dict[str, type[BaseModel]]:
    """The forms of bodies that hold rows: ``features`` are the champion's.

    A row's features stand in ``features``, or beside the rest.
    """
    flags: dict[str, Any] = dict.fromkeys(features, (Flag, ...))
    ids: dict[str, Any] = {"request_id": (RequestId | None, None)}
    one: dict[str, Any] = ids | {"version": (Champions, None)}
    row = _form("Row", "Every feature of the version.", flags)
    inside: dict[str, Any] = {"features": (row, ...)}
    predict = (
        _form("FeaturesInside", "One row, its features inside.", inside | one),
        _form("FeaturesBeside", "One row, its features beside the rest.", flags | one),
    )
    rows = (
        _form("RowInside", "A row, its features inside.", inside | ids),
        _form("RowBeside", "A row, its features beside its request id.", flags | ids),
    )
    many = Annotated[list[rows[0] | rows[1]], Field(min_length=1, max_length=10_000)]  # type: ignore[valid-type]
    whole = Annotated[str, Field(pattern="^[ -~]{1,194}$")] | None
    beside: dict[str, Any] = {
        "rows": (many, ...),
        "version": (Champions, None),
        "request_id": (whole, None),
    }
    batch = _form("BatchRows", "Rows, with what holds for all of them.", beside)
    return {
        "PredictBody": _either("PredictBody", predict[0] | predict[1]),
        "BatchBody": _either("BatchBody", batch | many),
    }


def _form(name: str, meaning: str, fields: dict[str, Any]) -> type[BaseModel]:
    made: type[BaseModel] = create_model(name, __base__=_Closed, __doc__=meaning, **fields)
    return made


def _either(name: str, kinds: Any) -> type[BaseModel]:
    return type(name, (RootModel[kinds],), {"__module__": __name__})
