"""Datasets that were counted in a lake."""

from __future__ import annotations

from typing import Any

from webapp.services.context import Services
from webapp.services.traffic import datasets as traffic_datasets


def list_datasets(services: Services) -> dict[str, Any]:
    """List the datasets that were counted in a lake.

    Their events have the source `lake` and count as real traffic. `days` is the number of days that
    were counted, from `first` to `last`; `counted_at` is when that was last done.
    """
    return traffic_datasets.as_json(traffic_datasets.datasets(services))
