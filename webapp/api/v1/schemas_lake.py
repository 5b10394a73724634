"""The forms of what was counted in a lake, for the API's description."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid")


class LakeDataset(_Closed):
    """All days of one dataset."""

    name: str
    days: int = Field(description="That were counted.")
    events: int
    labelled: int = Field(description="Events with a known outcome.")
    first: str = Field(description="The first day, UTC.")
    last: str = Field(description="The last day, UTC.")
    counted_at: str = Field(description="When a day of it was counted last. ISO 8601, UTC.")


class LakeDatasets(_Closed):
    """All datasets, by name."""

    events: int = Field(description="Of all of them.")
    datasets: list[LakeDataset]
