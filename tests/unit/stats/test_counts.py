"""Counts of cases and labels."""

import math

import numpy as np
import pytest

from webapp.stats.counts import Counts


def test_rows_are_counted_by_case_and_label() -> None:
    counts = Counts.of(np.array([0, 3, 3, 3]), np.array([1, 0, 1, 1]), 4)
    assert counts.n.tolist() == [1, 0, 0, 3]
    assert counts.positives.tolist() == [1, 0, 0, 2]
    assert counts.total == 4
    assert counts.base_rate == 0.75


def test_nothing_has_no_base_rate() -> None:
    assert math.isnan(Counts(np.zeros(4, int), np.zeros(4, int)).base_rate)


@pytest.mark.parametrize(
    ("n", "positives"), [([1, 2], [2, 0]), ([-1, 2], [0, 0]), ([1], [0, 0]), ([1], [-1])]
)
def test_impossible_counts_are_refused(n: list[int], positives: list[int]) -> None:
    with pytest.raises(ValueError, match="positives"):
        Counts(np.array(n), np.array(positives))
