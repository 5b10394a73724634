"""How long outcomes take, though young events can only have had short delays."""

from __future__ import annotations

import numpy as np
import pytest

from webapp.stats import delays


def outcomes(rng: np.random.Generator, chances: np.ndarray, ages: int, n: int) -> np.ndarray:
    """``n`` events of each age, with the outcomes that are known by now."""
    counts = np.zeros((ages, ages), np.int64)
    for age in range(ages):
        delay = rng.choice(len(chances), n, p=chances)
        counts[age] = np.bincount(delay[delay <= age], minlength=ages)[:ages]
    return counts


def test_the_distribution_is_that_of_events_old_enough_and_not_of_all() -> None:
    chances = np.array([0.3, 0.2, 0.1, 0.1, 0.1, 0.2])
    counts = outcomes(np.random.default_rng(0), chances, 12, 4000)
    shares = delays.distribution(counts)
    assert shares[:6] == pytest.approx(np.cumsum(chances), abs=0.015)
    naive = np.cumsum(counts.sum(axis=0)) / counts.sum()
    assert naive[2] - np.cumsum(chances)[2] > 0.05, "the young ones are fast"
    assert delays.quantile(counts, 0.55) == 2


def test_where_all_events_are_old_it_is_the_share_of_each_delay() -> None:
    counts = np.zeros((10, 10), np.int64)
    counts[9, :4] = 50, 30, 15, 5
    assert delays.distribution(counts)[:4] == pytest.approx([0.5, 0.8, 0.95, 1.0])
    assert (delays.quantile(counts), delays.quantile(counts, 0.96)) == (2, 3)


def test_too_few_tell_nothing_and_at_once_is_no_delay() -> None:
    counts = np.zeros((3, 3), np.int64)
    counts[2, 0] = delays.FEWEST - 1
    assert delays.quantile(counts) is None
    counts[1, 0] = 1
    assert delays.quantile(counts) == 0
