"""The datasets that were counted in a lake: listing and forgetting them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from webapp.cases import InputError, shorten
from webapp.events.lake.counts import Dataset
from webapp.services.context import Services
from webapp.services.formatting import iso


def datasets(services: Services) -> list[Dataset]:
    """All datasets, by name. Raises LogUnavailableError."""
    return services.lake.datasets()


def as_json(rows: Sequence[Dataset]) -> dict[str, Any]:
    """The JSON of the API."""
    return {
        "events": sum(dataset.events for dataset in rows),
        "datasets": [
            {
                "name": dataset.name,
                "days": dataset.days,
                "events": dataset.events,
                "labelled": dataset.labelled,
                "first": iso(dataset.first)[:10],
                "last": iso(dataset.last)[:10],
                "counted_at": iso(dataset.counted_at),
            }
            for dataset in rows
        ],
    }


def forget(services: Services, name: str) -> Dataset:
    """Delete a dataset's counts from the database and return the dataset.

    The lake itself isn't touched, and can be counted again. Raises InputError and
    LogUnavailableError.
    """
    by_name = {dataset.name: dataset for dataset in services.lake.datasets()}
    if name not in by_name:
        names = ", ".join(by_name) or "none was counted yet"
        raise InputError("dataset", f"is unknown: {shorten(name)}; there are: {names}")
    services.lake.forget(name)
    return by_name[name]
