"""What was counted in a lake."""

from __future__ import annotations

from typing import Any

from webapp.services.context import Services
from webapp.services.traffic import datasets as traffic_datasets


def list_datasets(services: Services) -> dict[str, Any]:
    """List the datasets that were counted in a lake.

    Their events are counts of the source `lake` here, and real traffic like any other: `days` says
    how many days were counted, from `first` to `last`, and `counted_at` when the last of them was.
    """
    return traffic_datasets.as_json(traffic_datasets.datasets(services))
