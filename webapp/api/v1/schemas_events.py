"""The forms of what happened elsewhere: outcomes, and predictions that others made."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel

from webapp.api.v1.schemas import EventId, Flag, Problem, RequestId


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid")


class OutcomeById(_Closed):
    """What was observed after one prediction."""

    id: EventId
    label: Flag = Field(description="1: the player bought. 0: not.")


class OutcomeByRequest(_Closed):
    """What was observed after one prediction that was asked for with a request id."""

    request_id: RequestId
    label: Flag = Field(description="1: the player bought. 0: not.")


class OutcomesBody(RootModel[list[OutcomeById | OutcomeByRequest]]):
    """Outcomes, at most 10,000."""

    root: list[OutcomeById | OutcomeByRequest] = Field(min_length=1, max_length=10_000)


class OutcomeResult(_Closed):
    """What became of one outcome; it is named as it was sent."""

    id: EventId | None = None
    request_id: RequestId | None = None
    status: Literal[200, 404, 409]
    result: Literal["recorded", "repeated"] | None = None
    error: Problem | None = None


class OutcomeResults(_Closed):
    """What became of each, in the order sent."""

    outcomes: list[OutcomeResult]


Moment = Annotated[
    str | int,
    Field(
        description="RFC 3339 with a zone, or whole milliseconds since 1970; from 2000 on, and at "
        "most 5 minutes in the future."
    ),
]


class MadeEvent(_Closed):
    """A prediction that was made elsewhere."""

    request_id: RequestId
    version: str = Field(description="The version that answered.")
    case: int | None = Field(None, description="Bit i is the i-th feature, from 0.")
    features: dict[str, Any] | None = Field(None, description="In place of `case`: all, as 0 or 1.")
    score: float | None = Field(
        None, description="What was answered: must be the version's own to 1e-9."
    )
    at: Moment | None = Field(None, description="When it answered; now by default.")
    label: Flag | None = Field(None, description="What was observed, where it is known.")
    labelled_at: Moment | None = Field(None, description="When that was known; now by default.")


class EventsBody(_Closed):
    """Predictions made elsewhere, at most 10,000."""

    source: Literal["edge", "stream"] = Field("edge", description="Where they were made.")
    events: list[MadeEvent] = Field(min_length=1, max_length=10_000)


class EventProblem(_Closed):
    """Why an event was not taken."""

    code: Literal[
        "bad_input",
        "unknown_version",
        "version_not_ready",
        "other_score",
        "request_conflict",
        "contradiction",
    ]
    message: str = Field(description="For people: says how to mend it.")
    field: str = Field(description="Of the event: what was sent wrong.")


class EventResult(_Closed):
    """What became of one event."""

    request_id: str | None = Field(description="As sent; null where it was none.")
    status: Literal["recorded", "repeated", "conflict", "refused"]
    id: EventId | None = None
    error: EventProblem | None = None


class EventResults(_Closed):
    """What became of each, in the order sent, and of how many."""

    events: list[EventResult]
    recorded: int
    repeated: int
    conflict: int
    refused: int
