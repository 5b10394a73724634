"""Sums over blocks of rows are the statistics of the whole tables."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from webapp.cases import Features
from webapp.stats import performance, series
from webapp.stats.counts import Counts
from webapp.stats.influence import reach
from webapp.stats.tallies import LossTally, PeriodTally, WindowTally, group_starts
from webapp.timing import DAY_MS

FEATURES, DAYS = Features.numbered(5), 23
SCORES = np.random.default_rng(5).uniform(0.001, 0.999, FEATURES.cases)
OTHER = np.random.default_rng(6).uniform(0.001, 0.999, FEATURES.cases)


def make_table() -> NDArray[np.int64]:
    """Events by day, case and outcome (unknown, 0, 1); nobody comes on some days."""
    rng = np.random.default_rng(1)
    table = rng.integers(0, 4, (DAYS, FEATURES.cases, 3))
    table[[3, 4, 12]] = 0
    table[7, :, 1:] = 0  # a day without outcomes
    return table


TABLE = make_table()


def blocks() -> list[NDArray[np.int64]]:
    """The table as rows, in blocks that end within a day."""
    day, case, label = np.nonzero(TABLE)
    rows = np.stack([day * DAY_MS, case, label - 1, TABLE[day, case, label]], axis=1)
    return np.array_split(rows, 7)


def outcomes(days: slice) -> Counts:
    part = TABLE[days].sum(axis=0)
    return Counts(part[:, 1] + part[:, 2], part[:, 2])


def test_a_window_is_the_sum_of_its_days() -> None:
    tally = WindowTally(FEATURES.cases, 3 * DAY_MS, 11 * DAY_MS)
    for rows in blocks():
        tally.add(rows)
    window = tally.window()
    assert np.array_equal(window.events, TABLE[3:11].sum(axis=(0, 2)))
    assert np.array_equal(window.labelled.n, outcomes(slice(3, 11)).n)
    assert np.array_equal(window.labelled.positives, outcomes(slice(3, 11)).positives)


def test_sums_by_period_give_the_series_of_each_period() -> None:
    tally = PeriodTally(FEATURES, SCORES, 0, DAYS * DAY_MS, DAY_MS)
    for rows in blocks():
        tally.add(rows, rows[:, 1] % 2 == 0)
    weekly = series.series(tally.sums().group_periods(7), SCORES)
    starts = group_starts(DAYS, 7)
    assert starts.tolist() == [0, 2, 9, 16]
    for i, days in enumerate(np.split(np.arange(DAYS), starts[1:])):
        part = slice(days[0], days[-1] + 1)
        events, counts = TABLE[part].sum(axis=(0, 2)), outcomes(part)
        has = events @ FEATURES.matrix().astype(np.int64)
        assert weekly.n[i] == events.sum()
        assert np.allclose(weekly.rates[0][i], has / events.sum())
        assert np.isclose(weekly.loss[0][i], performance.loss(SCORES, counts).value)
        apart = reach(performance.loss_cells(SCORES))
        interval = performance.loss_interval(SCORES, counts, apart)
        assert np.isclose(weekly.loss[1][i], interval.low)
        assert np.isclose(weekly.loss[2][i], interval.high)
        estimate = performance.estimate(SCORES, events).log_loss
        assert estimate is not None
        assert np.isclose(weekly.estimated[0][i], estimate.value)
    from_lake = TABLE[:, ::2].sum(axis=1)
    assert tally.sums().lake[:, 0].tolist() == from_lake.sum(axis=1).tolist()
    assert tally.sums().lake[:, 1].tolist() == from_lake[:, 1:].sum(axis=1).tolist()


def test_losses_by_period_are_those_of_all_its_outcomes() -> None:
    begins = group_starts(DAYS, 7) * DAY_MS
    tally = LossTally([SCORES, OTHER], begins, (DAYS - 1) * DAY_MS)
    for rows in blocks():
        tally.add(rows)
    losses = tally.losses()
    for scores, own in zip((SCORES, OTHER), losses, strict=True):
        for i, (begin, end) in enumerate(((0, 2), (2, 9), (9, 16), (16, DAYS - 1))):
            part, apart = slice(begin, end), reach(performance.loss_cells(scores))
            interval = performance.loss_interval(scores, outcomes(part), apart)
            assert own[i] is not None
            assert np.allclose([own[i].value, own[i].half], [interval.value, interval.half])


def test_a_period_without_outcomes_has_no_loss() -> None:
    tally = LossTally([SCORES], np.arange(DAYS) * DAY_MS, DAYS * DAY_MS)
    for rows in blocks():
        tally.add(rows)
    has_outcomes = [outcomes(slice(day, day + 1)).total > 0 for day in range(DAYS)]
    assert [loss is not None for loss in tally.losses()[0]] == has_outcomes
    assert not all(has_outcomes)
