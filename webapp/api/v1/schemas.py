"""Schemas of ``/api/v1`` for the OpenAPI description, imported only when it is requested.

The views check their input without them: a batch of 10,000 rows leaves no time for more, and a row
may have its features beside its other fields. Tests compare both.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel, create_model

from webapp.catalog.versions import VersionStatus

Flag = Literal[0, 1, "0", "1", "true", "false", True, False]
Probability = Annotated[float, Field(ge=0, le=1)]
RequestId = Annotated[
    str, Field(pattern="^[ -~]{1,200}$", description="Your own id: it makes a retry safe.")
]
EventId = Annotated[str, Field(pattern=r"\S", description="Send it with the outcome.")]
Case = Annotated[int, Field(ge=0, le=65_535, description="Bit i is the i-th feature, from 0.")]
# Not blank, as Python's str.strip() sees it: JSON Schema's \s leaves out the separators
VersionName = Annotated[
    str, Field(pattern=r"[^\s\x1c-\x1f\x85]", description="The name of a version.")
]
Champions = Annotated[VersionName | None, Field(description="Without it the champion answers.")]


class StrictModel(BaseModel):
    """A model without fields other than its own."""

    model_config = ConfigDict(extra="forbid")


class Problem(StrictModel):
    """An error."""

    code: str = Field(description="For programs: stays the same.")
    message: str = Field(description="For people: what is wrong and how to fix it.")
    field: str | None = Field(None, description="The field that is wrong, such as `rows[3].G7`.")


class Error(StrictModel):
    """The one shape of errors."""

    error: Problem


class Prediction(StrictModel):
    """The prediction, as it is in the log."""

    id: EventId
    version: VersionName
    case: Case
    probability: Probability = Field(description="P(label = 1).")
    request_id: RequestId | None = None


class BatchRow(StrictModel):
    """The prediction of one row, as it is in the log."""

    id: EventId
    case: Case
    probability: Probability
    request_id: RequestId | None = None


class BatchPrediction(StrictModel):
    """The predictions in the order of the rows."""

    version: VersionName
    predictions: list[BatchRow]


class VersionFacts(StrictModel):
    """One model version."""

    version: VersionName
    status: VersionStatus
    reason: str | None = Field(description="Why it can't be served.")
    champion: bool
    features: list[str]
    classes: list[str] = Field(description="The model's two classes, if it names them.")
    positive: str | None = Field(description="The class that its probability stands for.")
    cases: int
    flavor: str
    digest: str = Field(description="Of the model's files, and of the class that was chosen.")
    training: dict[str, Any]
    environment: dict[str, str] = Field(description="The versions that it was saved with.")
    answered_by: dict[str, str] = Field(
        description="The versions that answered in its own environment; empty if it was asked here."
    )
    environment_cost: dict[str, float] = Field(
        description="The seconds that building that environment took, and its megabytes."
    )
    training_rows: int | None
    base_rate: Probability | None = Field(description="Share of positive labels in training.")
    warnings: list[str]


class VersionList(StrictModel):
    """All versions, the champion first."""

    versions: list[VersionFacts]


class ScoreTable(StrictModel):
    """The probability of every case."""

    version: VersionName
    features: list[str]
    scores: list[Probability] = Field(description="The i-th is the score of case i.")


class StoredEvaluation(StrictModel):
    """Labelled rows that a version's performance is held against, by their counts."""

    version: VersionName
    at: str = Field(description="When they were stored: ISO 8601, UTC.")
    source: str
    sha256: str
    row_range: str = Field(description="The range of the file's rows that was asked for.")
    n: int
    positives: int
    actor: str = Field(description="Who stored them.")


class ChampionBody(StrictModel):
    """A promotion."""

    version: VersionName
    reason: str | None = Field(None, max_length=1000)
    actor: str | None = Field(None, max_length=100, description="Becomes part of the reason.")
    evidence: dict[str, Any] | None = None


class Champion(StrictModel):
    """The champion and the last line of the ledger; its parts are null while it is unavailable."""

    version: VersionName
    status: VersionStatus
    problem: str | None = Field(description="Why it can't answer.")
    previous: str | None
    at: str | None = Field(description="ISO 8601, UTC.")
    actor: str | None
    reason: str | None
    evidence: dict[str, Any] | None


class VersionPath(BaseModel):
    """Path parameters."""

    version: str = Field(description="The name of a version.")


def row_schemas(features: tuple[str, ...]) -> dict[str, type[BaseModel]]:
    """The schemas of bodies with rows; ``features`` are the champion's, for the examples.

    A row has its features in ``features``, or beside its other fields.
    """
    flags: dict[str, Any] = dict.fromkeys(features, (Flag, ...))
    ids: dict[str, Any] = {"request_id": (RequestId | None, None)}
    one: dict[str, Any] = ids | {"version": (Champions, None)}
    row = _schema("Row", "Every feature of the version.", flags)
    inside: dict[str, Any] = {"features": (row, ...)}
    predict = (
        _schema("FeaturesInside", "One row, with its features in an object.", inside | one),
        _schema(
            "FeaturesBeside", "One row, with its features beside the other fields.", flags | one
        ),
    )
    rows = (
        _schema("RowInside", "A row, with its features in an object.", inside | ids),
        _schema("RowBeside", "A row, with its features beside its request id.", flags | ids),
    )
    many = Annotated[list[rows[0] | rows[1]], Field(min_length=1, max_length=10_000)]  # type: ignore[valid-type]
    whole = Annotated[str, Field(pattern="^[ -~]{1,194}$")] | None
    beside: dict[str, Any] = {
        "rows": (many, ...),
        "version": (Champions, None),
        "request_id": (whole, None),
    }
    batch = _schema("BatchRows", "Rows, and fields that hold for all of them.", beside)
    return {
        "PredictBody": _either("PredictBody", predict[0] | predict[1]),
        "BatchBody": _either("BatchBody", batch | many),
    }


def _schema(name: str, meaning: str, fields: dict[str, Any]) -> type[BaseModel]:
    schema: type[BaseModel] = create_model(name, __base__=StrictModel, __doc__=meaning, **fields)
    return schema


def _either(name: str, kinds: Any) -> type[BaseModel]:
    return type(name, (RootModel[kinds],), {"__module__": __name__})
