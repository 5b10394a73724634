"""The bands of charts over time hold 95 %, from the first event of a day on."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import binom, binomtest

from tests.support.populations import GAMES, shares, shipped
from tests.unit.stats.test_small_samples import equally_good
from webapp.stats import performance
from webapp.stats.counts import Counts
from webapp.stats.rates import wilson_arrays
from webapp.stats.series import Series, series
from webapp.stats.tallies import LossTally, PeriodTally
from webapp.timing import DAY_MS

Array = NDArray[np.float64]
FEW = [1, 2, 5, 20]
DAYS = 400


def days(n: int, scores: Array, truth: Array) -> NDArray[np.int64]:
    """Rows of ``DAYS`` days with ``n`` events each, all with outcomes."""
    rng, size = np.random.default_rng(n), DAYS * n
    case = rng.choice(len(scores), size, p=shares())
    label = rng.random(size) < truth[case]
    day = np.repeat(np.arange(DAYS), n) * DAY_MS
    return np.stack([day, case, label, np.ones(size)], axis=1).astype(np.int64)


def chart(rows: NDArray[np.int64], scores: Array) -> Series:
    tally = PeriodTally(GAMES, scores, 0, DAYS * DAY_MS, DAY_MS)
    tally.add(rows, np.zeros(len(rows), bool))
    return series(tally.sums(), scores)


@pytest.mark.parametrize("rate", [0.5, 0.125, 0.01])
@pytest.mark.parametrize("n", FEW)
def test_the_band_of_a_day_covers_its_log_loss(n: int, rate: float) -> None:
    """Within chance (two standard deviations of 400 days); the measured and the estimated one."""
    scores, *_, truth = equally_good(rate)
    losses = performance.loss_cells(scores)
    for chances, part in ((truth, "loss"), (scores, "estimated")):
        true = float(shares() @ ((1 - chances) * losses[:, 0] + chances * losses[:, 1]))
        value, low, high = getattr(chart(days(n, scores, chances), scores), part)
        assert (low < high).all()
        assert (low <= value).all()
        assert (value <= high).all()
        if part == "loss":
            assert ((low <= true) & (true <= high)).mean() >= 0.95 - 2 * 0.011


def test_the_bands_of_busy_days_are_those_of_the_headline() -> None:
    """A day of 2,000 events has the interval that Drift and Compare give them."""
    scores = shipped().scores
    rows = days(20, scores, scores)
    rows[:, 0], rows[:, 3] = rows[:, 0] // (20 * DAY_MS) * 20 * DAY_MS, 5
    loss = chart(rows, scores).loss
    day = rows[rows[:, 0] == 0]
    n, positives = np.zeros((2, len(scores)), np.int64)
    np.add.at(n, day[:, 1], day[:, 3])
    np.add.at(positives, day[:, 1], day[:, 3] * day[:, 2])
    headline = performance.loss_interval(scores, Counts(n, positives))
    assert [part[0] for part in loss] == pytest.approx(
        [headline.value, headline.low, headline.high], abs=2e-4
    )


@pytest.mark.parametrize("label", [0, 1])
@pytest.mark.parametrize("score", [0.5, 0.0, 1.0])
def test_one_outcome_and_outcomes_alike_have_a_band(label: int, score: float) -> None:
    """Also where the only case that occurred has a score of 0.5, whose loss can't vary."""
    scores = np.linspace(0.02, 0.6, GAMES.cases)
    scores[7] = score
    rows = np.array([[0, 7, label, 1], [DAY_MS, 7, label, 30]])
    tally = LossTally([scores], np.arange(2) * DAY_MS, 2 * DAY_MS)
    tally.add(rows)
    lines, loss = chart(rows, scores), tally.losses()[0]
    for part in (lines.loss, lines.estimated):
        assert (part[1][:2] < part[2][:2]).all()
        assert np.isfinite(np.stack(part)[:, :2]).all()
    for i, interval in enumerate(loss):
        assert interval is not None
        assert [interval.value, interval.high] == pytest.approx(
            [lines.loss[0][i], lines.loss[2][i]], rel=1e-6
        )
    for share in np.moveaxis(np.stack(lines.rates), 0, -1)[:2].reshape(-1, 3):
        assert share[1] < share[2]


@pytest.mark.parametrize("n", FEW)
def test_the_band_of_a_share_is_wilsons(n: int) -> None:
    """As SciPy has it; on average over all shares it covers 95 %, exactly."""
    k = np.arange(n + 1)
    rate, low, high = wilson_arrays(k, np.full(n + 1, n))
    theirs = [binomtest(int(x), n).proportion_ci(method="wilson") for x in k]
    assert low == pytest.approx([each.low for each in theirs], abs=1e-12)
    assert high == pytest.approx([each.high for each in theirs], abs=1e-12)
    assert (low < high).all()
    shares_ = np.linspace(0.001, 0.999, 999)[:, None]
    covers = (binom.pmf(k, n, shares_) * ((low <= shares_) & (shares_ <= high))).sum(axis=1)
    assert covers.mean() >= 0.94
    assert rate == pytest.approx(k / n)


@pytest.mark.parametrize(
    ("n", "known_outcomes", "count"),
    [
        ([100] * 6, [80] * 6, 0),
        ([100] * 6, [80, 80, 80, 80, 47, 5], 2),  # under six tenths of the usual 80 %
        ([100] * 6, [80, 80, 80, 80, 80, 48], 0),
        ([100] * 6, [80, 5, 80, 80, 80, 80], 0),  # a bad day is none of those still coming in
        ([100, 100, 100, 0, 0], [80, 80, 80, 0, 0], 2),  # nothing came in: nothing is known
        ([100] * 3, [0, 0, 0], 0),  # outcomes never come here
        ([1], [0], 0),
        ([0, 0], [0, 0], 0),
    ],
)
def test_the_days_whose_outcomes_are_still_coming_in(
    n: list[int], known_outcomes: list[int], count: int
) -> None:
    counts, outcomes, none = np.array(n), np.array(known_outcomes), np.empty(len(n))
    bands = (none, none, none)
    one = Series(np.arange(len(n)), counts, outcomes, bands, bands, none, none, bands)
    assert one.immature() == count
