"""Performance with intervals: against scikit-learn and statsmodels, by hand, and odd data."""

from __future__ import annotations

from math import log

import numpy as np
import pytest
import statsmodels.api as sm
from numpy.typing import NDArray
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

from tests.support import populations
from webapp.stats import calibration, performance
from webapp.stats.counts import Counts

SCORES = populations.shipped().scores
HALF = np.array([0.5, 0.5])


def window(n: int, seed: int = 0) -> Counts:
    return populations.draw(np.random.default_rng(seed), n, populations.shares()).labelled


def counts(n: list[int], positives: list[int]) -> Counts:
    return Counts(np.array(n), np.array(positives))


@pytest.mark.parametrize("n", [60, 3000])
def test_values_equal_scikit_learn(n: int) -> None:
    labelled = window(n)
    label, score = populations.rows(labelled, SCORES)
    found = performance.measure(SCORES, labelled)
    assert found.log_loss
    assert found.brier
    assert found.auc
    assert found.skill
    assert found.guessing
    assert found.log_loss.value == pytest.approx(log_loss(label, score), rel=1e-12)
    assert found.brier.value == pytest.approx(brier_score_loss(label, score), rel=1e-12)
    assert found.auc.value == pytest.approx(roc_auc_score(label, score), rel=1e-12)
    guess = log_loss(label, np.full(len(label), label.mean()))
    assert found.guessing == pytest.approx(guess, rel=1e-12)
    assert found.skill.value == pytest.approx(1 - log_loss(label, score) / guess, rel=1e-9)


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
    labelled = window(2000)
    label, score = populations.rows(labelled, SCORES)
    x = sm.add_constant(np.log(score / (1 - score)))
    theirs = sm.GLM(label, x, family=sm.families.Binomial()).fit(tol=1e-12)
    ours = calibration.fit(SCORES, labelled)
    assert ours is not None
    for i, interval in enumerate((ours.intercept, ours.slope)):
        found = (interval.value, interval.low, interval.high)
        assert found == pytest.approx((theirs.params[i], *theirs.conf_int()[i]), rel=1e-6)


def test_ece_by_hand() -> None:
    found = calibration.ece(np.array([0.12, 0.18, 0.95]), counts([50, 50, 100], [10, 10, 90]))
    # One bin with 20 of 100 positives and a mean score of 0.15, one with 90 of 100 and 0.95.
    assert found.value == pytest.approx(0.5 * 0.05 + 0.5 * 0.05)
    assert found.low < found.value < found.high
    bins = calibration.reliability(np.array([0.12, 0.18, 1.0]), counts([50, 50, 0], [10, 10, 0]))
    assert [(b.n, b.rate, round(b.score, 6)) for b in bins] == [(100, 0.2, 0.15)]


def test_the_estimate_equals_what_calibrated_scores_would_show() -> None:
    events = 10**6 * np.array([3, 5, 2])
    scores = np.array([0.1, 0.4, 0.8])
    would = Counts(events, (events * scores).astype(np.int64))
    found = performance.estimate(scores, events)
    assert found.log_loss
    assert found.auc
    measured = performance.measure(scores, would)
    assert measured.log_loss
    assert measured.auc
    assert found.log_loss.value == pytest.approx(measured.log_loss.value)
    assert found.auc.value == pytest.approx(measured.auc.value)


def test_guessing() -> None:
    assert performance.entropy(0.5) == pytest.approx(log(2))
    assert performance.entropy(0.0) == performance.entropy(1.0) == 0


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (counts([0, 0], [0, 0]), "no outcomes are known yet"),
        (counts([7, 1], [0, 0]), "all outcomes are 0: there is nothing to rank"),
        (counts([7, 1], [7, 1]), "all outcomes are 1: there is nothing to rank"),
        (counts([1, 0], [1, 0]), "all outcomes are 1: there is nothing to rank"),
        (counts([9, 9], [4, 4]), "the scores don't vary enough to judge their calibration"),
    ],
)
def test_what_cannot_be_told_is_said(given: Counts, says: str) -> None:
    found = performance.measure(HALF, given)
    assert found.statement == says
    assert found.slope is None


def test_separated_labels_have_no_calibration_line() -> None:
    scores = np.array([0.2, 0.6, 0.9])
    assert calibration.fit(scores, counts([5, 5, 5], [0, 0, 5])) is None
    assert calibration.fit(scores, counts([5, 5, 5], [0, 2, 5])) is None  # touching only
    assert calibration.fit(scores, counts([5, 5, 5], [1, 2, 4])) is not None


def test_scores_of_0_and_1_are_taken() -> None:
    found = performance.measure(np.array([0.0, 1.0]), counts([5, 5], [1, 4]))
    assert found.log_loss
    assert np.isfinite(found.log_loss.high)
    ranked = performance.measure(np.array([0.0, 1.0]), counts([5, 5], [0, 5]))
    assert ranked.auc
    assert (ranked.auc.low, ranked.auc.value, ranked.auc.high) == (1, 1, 1)


def test_no_events_have_no_estimate() -> None:
    assert performance.estimate(HALF, np.array([0, 0])) == performance.Estimated(0)
    assert performance.estimate(HALF, np.array([3, 3])).auc is None
