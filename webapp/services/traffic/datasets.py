"""Datasets that were counted in a lake: which there are, and the end of one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from webapp.cases import InputError, shorten
from webapp.events.lake.counts import Dataset
from webapp.services.context import Services
from webapp.services.formatting import iso


def datasets(services: Services) -> list[Dataset]:
    """All of them, by name. Raises LogUnavailableError."""
    return services.lake.datasets()


def as_json(found: Sequence[Dataset]) -> dict[str, Any]:
    """The form of the API and of ``everycase lake datasets --json``."""
    return {
        "events": sum(dataset.events for dataset in found),
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
            for dataset in found
        ],
    }


def forget(services: Services, name: str) -> Dataset:
    """Take a dataset's counts out of the database: what it was.

    The lake itself stays as it is, and can be counted again. Raises InputError and
    LogUnavailableError.
    """
    known = {dataset.name: dataset for dataset in services.lake.datasets()}
    if name not in known:
        there = ", ".join(known) or "none was counted yet"
        raise InputError("dataset", f"is not known: {shorten(name)}; there are: {there}")
    services.lake.forget(name)
    return known[name]
