"""Intervals of few or rare events are what they say, by exact sums and against SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom, binomtest

from tests.support import populations
from webapp.stats import harm, performance, shares
from webapp.stats.bounded import bounded_mean
from webapp.stats.calibration import judge_level
from webapp.stats.counts import Counts
from webapp.stats.inputs import score_drift
from webapp.stats.rates import wilson

SIZES = (1, 3, 10, 30, 60, 200, 300, 1000, 3000)
RATES = (0.5, 0.2, 0.05, 0.01, 0.003)


@pytest.mark.parametrize(
    ("k", "n"), [(0, 1), (1, 1), (0, 300), (9, 300), (3, 12), (299, 300), (3, 10**8), (5, 9)]
)
def test_rare_events_have_scipys_exact_interval(k: int, n: int) -> None:
    theirs, ours = binomtest(k, n).proportion_ci(method="exact"), shares.measure(k, n)
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), rel=1e-5, abs=1e-15)


@pytest.mark.parametrize(("k", "n"), [(10, 20), (10, 3000), (700, 710)])
def test_enough_events_have_wilsons(k: int, n: int) -> None:
    assert shares.measure(k, n) == wilson(k, n)


@pytest.mark.parametrize(("k", "n"), [(0, 0), (2, 1), (-1, 5)])
def test_no_share_without_events(k: int, n: int) -> None:
    with pytest.raises(ValueError, match="needs"):
        shares.measure(k, n)


@pytest.mark.parametrize("n", SIZES)
def test_a_share_is_covered_in_93_percent_whatever_it_is(n: int) -> None:
    """Summed over all samples, so without noise. Wilson's alone covers 80 % at n = 1."""
    k = np.arange(n + 1)
    _, low, high = shares.measure_all(k, np.full(n + 1, n))
    for rate in (*RATES, *np.linspace(0.0005, 0.5, 150)):
        covers = (low <= rate) & (rate <= high)
        assert binom.pmf(k[covers], n, rate).sum() >= 0.93, rate


@pytest.mark.parametrize("n", [1, 3, 10, 30, 60])
@pytest.mark.parametrize("m", [10, 200])
def test_a_difference_is_covered_in_93_percent(n: int, m: int) -> None:
    """Summed over all pairs of samples. Newcombe's with Wilson's ends: 75 % at n = 1."""
    before, now = (np.ravel(part) for part in np.meshgrid(np.arange(m + 1), np.arange(n + 1)))
    sizes = np.full(len(now), m), np.full(len(now), n)
    _, low, high = shares.compare(before, sizes[0], now, sizes[1])
    covers = (low <= 1e-12) & (high >= -1e-12)
    for rate in RATES:
        chance = binom.pmf(before, m, rate) * binom.pmf(now, n, rate)
        assert chance[covers].sum() >= 0.93, rate


def test_of_events_at_either_bound_the_mean_is_nearly_a_share() -> None:
    """Without any positive one both are 1 - .025^(1/n); else a little wider than the exact one."""
    for k, n in ((0, 1), (0, 30), (3, 30), (30, 30)):
        exact, ours = shares.measure(k, n), bounded_mean(k / n, n, 0, 1)
        assert ours.low <= exact.low + 1e-9
        assert ours.high >= exact.high - 1e-9
        assert ours.half <= 1.35 * exact.half
    assert bounded_mean(0.0, 30, 0, 1).high == pytest.approx(shares.measure(0, 30).high)
    assert bounded_mean(2.5, 30, 2, 4).high == pytest.approx(
        2 + 2 * bounded_mean(0.25, 30, 0, 1).high
    )


@pytest.mark.parametrize("n", [1, 3, 10, 30, 60, 199])
def test_means_of_few_events_are_covered(n: int) -> None:
    """150 samples: an interval that covers 87 % would pass once in 60 times.

    The mean score had 0 % at n = 1 and 70 % at 3; log loss 90 % at 30 and 60.
    """
    rng, cases, scores = (
        np.random.default_rng(n),
        populations.shares(),
        populations.shipped().scores,
    )
    losses = (1 - scores) * performance.loss_cells(scores)[:, 0] + scores * (
        performance.loss_cells(scores)[:, 1]
    )
    true = float(cases @ scores), float(cases @ losses)
    hits = []
    for _ in range(150):
        window = populations.draw(rng, n, cases)
        baseline = rng.multinomial(4000, cases)
        drift = score_drift(scores, baseline, window.events, 0.03)
        loss = performance.measure(scores, window.labelled).log_loss
        assert loss
        hits.append(
            (
                drift.window.low <= true[0] <= drift.window.high,
                drift.difference.low <= 0 <= drift.difference.high,
                loss.low <= true[1] <= loss.high,
            )
        )
    assert (np.mean(hits, axis=0) >= 0.93).all()


def test_an_estimate_of_auc_needs_ten_events_of_either_label() -> None:
    events = np.zeros(4, np.int64) + 20
    assert performance.estimate(np.array([0.1, 0.11, 0.12, 0.13]), events).auc is None
    assert performance.estimate(np.array([0.1, 0.2, 0.3, 0.4]), events).auc is not None


def test_the_level_of_the_rows_that_scores_were_fitted_on_is_no_error() -> None:
    """Scores of the right level in 200 rows: called too low or high in 14 to 56 % before.

    600 windows, nominally 5 %: a rate of 9 % would pass once in 60 times.
    """
    rng, cases, true = np.random.default_rng(1), populations.shares(), populations.shipped().scores
    alarms = 0
    for n in [300, 3000, 30_000] * 200:
        training = populations.draw(rng, 200, cases).labelled
        by = training.base_rate / float(cases @ true)
        window = populations.draw(rng, n, cases).labelled
        level = judge_level(np.minimum(true * by, 1), training, window, 0.03)
        assert level
        alarms += level.verdict in ("too low", "too high")
    assert alarms / 600 <= 0.065


def test_a_wrong_level_is_found() -> None:
    rng, cases, true = np.random.default_rng(1), populations.shares(), populations.shipped().scores
    training = populations.draw(rng, 4000, cases).labelled
    window = populations.draw(rng, 3000, cases, np.minimum(true * 1.5, 1)).labelled
    level = judge_level(true, training, window, 0.03)
    assert level
    assert (level.verdict, level.gap.low > 0) == ("too low", True)
    assert judge_level(true, training, Counts(window.n * 0, window.n * 0), 0.03) is None


def test_ranking_is_never_better_than_in_cross_validation() -> None:
    """Ranked together by the scores of five models, events look worse than any of them ranks."""
    rng, cases, scores = (
        np.random.default_rng(1),
        populations.shares(),
        populations.shipped().scores,
    )
    worse = 0.5 + (scores - 0.5) * np.where(np.arange(len(scores)) % 3, 1, -1)
    events = populations.draw(rng, 20_000, cases)
    counts = events.labelled
    honest = harm.Reference.of_counts("cross-validation", worse, counts)
    sides = (scores, counts, counts, events.events)
    assert harm.judge_ranking(harm.judge(*sides, honest)) == "no difference that matters"
    other = harm.Reference.of_counts("evaluation", worse, counts)
    assert harm.judge_ranking(harm.judge(*sides, other)) == "better"
