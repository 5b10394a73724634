"""Schemas of outcomes, and of predictions made elsewhere."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, RootModel

from webapp.api.v1.schemas import EventId, Flag, Problem, RequestId, StrictModel


class OutcomeById(StrictModel):
    """The outcome of one prediction, by its id."""

    id: EventId
    label: Flag = Field(description="1: a positive outcome. 0: a negative one.")


class OutcomeByRequest(StrictModel):
    """The outcome of one prediction, by the request id that it was made with."""

    request_id: RequestId
    label: Flag = Field(description="1: a positive outcome. 0: a negative one.")


class OutcomesBody(RootModel[list[OutcomeById | OutcomeByRequest]]):
    """Outcomes, at most 10,000."""

    root: list[OutcomeById | OutcomeByRequest] = Field(min_length=1, max_length=10_000)


class OutcomeResult(StrictModel):
    """The result of one outcome, named by the id that was sent."""

    id: EventId | None = None
    request_id: RequestId | None = None
    status: Literal[200, 404, 409]
    result: Literal["recorded", "repeated"] | None = None
    error: Problem | None = None


class OutcomeResults(StrictModel):
    """The results, in the order sent."""

    outcomes: list[OutcomeResult]


Moment = Annotated[
    str | int,
    Field(
        description="RFC 3339 with a zone, or whole milliseconds since 1970; from 2000 on, and at "
        "most 5 minutes in the future."
    ),
]


class ExternalEvent(StrictModel):
    """A prediction that was made elsewhere."""

    request_id: RequestId
    version: str = Field(description="The version that answered.")
    case: int | None = Field(None, description="Bit i is the i-th feature, from 0.")
    features: dict[str, Any] | None = Field(None, description="In place of `case`: all, as 0 or 1.")
    score: float | None = Field(
        None, description="The probability that was given; must be the version's own to 1e-9."
    )
    at: Moment | None = Field(None, description="When it answered; now by default.")
    label: Flag | None = Field(None, description="The outcome, if it is known.")
    labelled_at: Moment | None = Field(
        None, description="When the outcome was known; now by default."
    )


class EventsBody(StrictModel):
    """Predictions made elsewhere, at most 10,000."""

    source: Literal["edge", "stream"] = Field("edge", description="Where they were made.")
    events: list[ExternalEvent] = Field(min_length=1, max_length=10_000)


class EventProblem(StrictModel):
    """Why an event was refused."""

    code: Literal[
        "bad_input",
        "unknown_version",
        "version_not_ready",
        "other_score",
        "request_conflict",
        "contradiction",
    ]
    message: str = Field(description="For people: what is wrong and how to fix it.")
    field: str = Field(description="The field of the event that is wrong.")


class EventResult(StrictModel):
    """The result of one event."""

    request_id: str | None = Field(description="As sent; null if it was no text.")
    status: Literal["recorded", "repeated", "conflict", "refused"]
    id: EventId | None = None
    error: EventProblem | None = None


class EventResults(StrictModel):
    """The results in the order sent, and how many there are of each status."""

    events: list[EventResult]
    recorded: int
    repeated: int
    conflict: int
    refused: int
