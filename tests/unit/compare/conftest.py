"""Comparisons on made-up rows, which need no log."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from tests.support.event_logs import hand_services
from tests.support.versions import ready
from webapp.cases import Features
from webapp.services.compare import labelled_file
from webapp.services.compare.answer import ComparisonReport
from webapp.services.compare.request import CompareRequest
from webapp.services.context import Services
from webapp.stats.counts import Counts

Compare = Callable[..., ComparisonReport]


@pytest.fixture
def compare() -> Iterator[Compare]:
    """Compare two versions of some inputs on counts of their cases, by default 50 events each."""
    all_services: list[Services] = []

    def compare_versions(features: Features, counts: Counts | None = None) -> ComparisonReport:
        services = hand_services([ready(f"{n}_v1", features, seed=i) for i, n in enumerate("ab")])
        all_services.append(services)
        n = np.full(features.cases, 50)
        answer = labelled_file.compare_on_file(
            services,
            CompareRequest(0, 1, ("a_v1", "b_v1"), threshold=0.5),
            counts or Counts(n, n // 3),
            features,
        )
        assert isinstance(answer, ComparisonReport)
        return answer

    yield compare_versions
    for services in all_services:
        services.close()
