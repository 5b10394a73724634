"""Schemas of datasets counted in a lake."""

from __future__ import annotations

from pydantic import Field

from webapp.api.v1.schemas import StrictModel


class LakeDataset(StrictModel):
    """One dataset, all its days."""

    name: str
    days: int = Field(description="Days that were counted.")
    events: int
    labelled: int = Field(description="Events with a known outcome.")
    first: str = Field(description="The first day, UTC.")
    last: str = Field(description="The last day, UTC.")
    counted_at: str = Field(description="When a day was last counted. ISO 8601, UTC.")


class LakeDatasets(StrictModel):
    """All datasets, by name."""

    events: int = Field(description="Events of all datasets.")
    datasets: list[LakeDataset]
