"""Performance with intervals: against scikit-learn and statsmodels, by hand, and odd data."""

from __future__ import annotations

from math import log

import numpy as np
import pytest
import statsmodels.api as sm
from numpy.typing import NDArray
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

from tests.support import populations
from webapp.stats import calibration, margins, performance
from webapp.stats.counts import Counts

SCORES = populations.shipped().scores
HALF = np.array([0.5, 0.5])


def window(n: int, seed: int = 0) -> Counts:
    return populations.draw(np.random.default_rng(seed), n, populations.shares()).labelled


def counts(n: list[int], positives: list[int]) -> Counts:
    return Counts(np.array(n), np.array(positives))


@pytest.mark.parametrize("n", [60, 3000])
def test_values_equal_scikit_learn(n: int) -> None:
    outcomes = window(n)
    label, score = populations.rows(outcomes, SCORES)
    result = performance.measure(SCORES, outcomes)
    assert result.log_loss
    assert result.brier
    assert result.auc
    assert result.skill
    assert result.guessing
    assert result.log_loss.value == pytest.approx(log_loss(label, score), rel=1e-12)
    assert result.brier.value == pytest.approx(brier_score_loss(label, score), rel=1e-12)
    assert result.auc.value == pytest.approx(roc_auc_score(label, score), rel=1e-12)
    guess = log_loss(label, np.full(len(label), label.mean()))
    assert result.guessing == pytest.approx(guess, rel=1e-12)
    assert result.skill.value == pytest.approx(1 - log_loss(label, score) / guess, rel=1e-9)


def test_the_variance_of_the_loss_is_that_of_its_mean() -> None:
    label, score = populations.rows(window(500), SCORES)
    losses = -np.where(label == 1, np.log(score), np.log1p(-score))
    ours = performance.loss(SCORES, window(500)).variance
    assert ours == pytest.approx(losses.var(ddof=1) / 500)


def placements(label: NDArray, score: NDArray) -> tuple[NDArray, NDArray]:
    """DeLong's structural components, pair by pair."""
    above = score[label == 1][:, None] - score[label == 0][None, :]
    wins = (above > 0) + 0.5 * (above == 0)
    return wins.mean(axis=1), wins.mean(axis=0)


def test_the_variance_of_auc_is_delongs() -> None:
    label, score = populations.rows(window(400), SCORES)
    ours = performance.auc_estimate(SCORES, window(400)).variance
    parts = placements(label, score)
    assert ours == pytest.approx(sum(part.var(ddof=1) / len(part) for part in parts))


def test_the_calibration_line_equals_statsmodels() -> None:
    outcomes = window(2000)
    label, score = populations.rows(outcomes, SCORES)
    x = sm.add_constant(np.log(score / (1 - score)))
    theirs = sm.GLM(label, x, family=sm.families.Binomial()).fit(tol=1e-12)
    ours = calibration.fit(SCORES, outcomes)
    assert ours is not None
    for i, interval in enumerate((ours.intercept, ours.slope)):
        values = (interval.value, interval.low, interval.high)
        assert values == pytest.approx((theirs.params[i], *theirs.conf_int()[i]), rel=1e-6)


def test_ece_by_hand() -> None:
    error = calibration.ece(np.array([0.12, 0.18, 0.95]), counts([50, 50, 100], [10, 10, 90]))
    # One bin with 20 of 100 positives and a mean score of 0.15, one with 90 of 100 and 0.95.
    assert error.value == pytest.approx(0.5 * 0.05 + 0.5 * 0.05)
    assert error.low < error.value < error.high
    bins = calibration.reliability(np.array([0.12, 0.18, 1.0]), counts([50, 50, 0], [10, 10, 0]))
    assert [(b.n, b.rate, round(b.score, 6)) for b in bins] == [(100, 0.2, 0.15)]


def test_the_estimate_equals_what_calibrated_scores_would_show() -> None:
    events = 10**6 * np.array([3, 5, 2])
    scores = np.array([0.1, 0.4, 0.8])
    would = Counts(events, (events * scores).astype(np.int64))
    estimate = performance.estimate(scores, events)
    assert estimate.log_loss
    assert estimate.auc
    measurement = performance.measure(scores, would)
    assert measurement.log_loss
    assert measurement.auc
    assert estimate.log_loss.value == pytest.approx(measurement.log_loss.value)
    assert estimate.auc.value == pytest.approx(measurement.auc.value)


def test_guessing() -> None:
    assert margins.entropy(0.5) == pytest.approx(log(2))
    assert margins.entropy(0.0) == performance.entropy(1.0) == 0


@pytest.mark.parametrize(
    ("outcomes", "says"),
    [
        (counts([0, 0], [0, 0]), "no outcomes are known yet"),
        (counts([7, 1], [0, 0]), "all outcomes are 0: there is nothing to rank"),
        (counts([7, 1], [7, 1]), "all outcomes are 1: there is nothing to rank"),
        (counts([1, 0], [1, 0]), "all outcomes are 1: there is nothing to rank"),
        (counts([9, 9], [4, 4]), "the scores don't vary enough to judge their calibration"),
    ],
)
def test_what_is_unknown_is_reported(outcomes: Counts, says: str) -> None:
    result = performance.measure(HALF, outcomes)
    assert result.statement == says
    assert result.slope is None


def test_separated_labels_have_no_calibration_line() -> None:
    scores = np.array([0.2, 0.6, 0.9])
    assert calibration.fit(scores, counts([5, 5, 5], [0, 0, 5])) is None
    assert calibration.fit(scores, counts([5, 5, 5], [0, 2, 5])) is None  # touching only
    assert calibration.fit(scores, counts([5, 5, 5], [1, 2, 4])) is not None


def test_scores_of_0_and_1_are_taken() -> None:
    result = performance.measure(np.array([0.0, 1.0]), counts([5, 5], [1, 4]))
    assert result.log_loss
    assert np.isfinite(result.log_loss.high)
    perfect = performance.measure(np.array([0.0, 1.0]), counts([5, 5], [0, 5]))
    assert perfect.auc
    assert (perfect.auc.value, perfect.auc.high) == (1, 1)
    assert 0.5 < perfect.auc.low < 0.6, "Wilson's of 5 of 5"


def test_no_events_have_no_estimate() -> None:
    assert performance.estimate(HALF, np.array([0, 0])) == performance.Estimated(0)
    assert performance.estimate(HALF, np.array([3, 3])).auc is None
