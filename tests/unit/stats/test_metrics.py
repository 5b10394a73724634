"""The metrics on counts are those of scikit-learn on the rows."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

from webapp.stats.counts import Counts
from webapp.stats.metrics import evaluate

# Scores with ties, the ends and their neighbours among them, where the definitions differ.
SCORES = st.sampled_from([0.0, 1e-300, 1e-17, 0.1, 0.25, 0.5, 0.5 + 1e-16, 0.9, 1 - 1e-16, 1.0])


@st.composite
def tables(draw: st.DrawFn) -> tuple[NDArray[np.float64], Counts]:
    cells = draw(
        st.lists(
            st.tuples(SCORES | st.floats(0, 1), st.integers(0, 5), st.integers(0, 5)),
            min_size=1,
            max_size=30,
        ).filter(lambda cells: any(a + b for _, a, b in cells))
    )
    scores, negatives, positives = (np.array(column) for column in zip(*cells, strict=True))
    return scores.astype(float), Counts(negatives + positives, positives)


def as_rows(scores: NDArray[np.float64], counts: Counts) -> tuple[NDArray, NDArray]:
    pairs = np.column_stack([counts.n - counts.positives, counts.positives]).ravel()
    return np.repeat(np.tile([0, 1], len(scores)), pairs), np.repeat(scores, counts.n)


def check_against_sklearn(scores: NDArray[np.float64], counts: Counts) -> None:
    label, score = as_rows(scores, counts)
    quality = evaluate(scores, counts)
    assert quality.n == len(label)
    assert quality.log_loss == pytest.approx(log_loss(label, score, labels=[0, 1]), rel=1e-12)
    assert quality.brier == pytest.approx(brier_score_loss(label, score), rel=1e-12, abs=1e-15)
    if 0 < label.sum() < len(label):
        assert quality.auc == pytest.approx(roc_auc_score(label, score), rel=1e-12, abs=1e-15)
    else:
        assert math.isnan(quality.auc)


@pytest.mark.slow
@given(tables())
@settings(deadline=None, max_examples=100)
def test_metrics_equal_those_of_scikit_learn(table: tuple[NDArray[np.float64], Counts]) -> None:
    """100 tables: a fault that one table in 30 shows would be missed once in 30 times."""
    check_against_sklearn(*table)


@pytest.mark.parametrize("seed", range(5))
def test_metrics_equal_those_of_scikit_learn_on_a_full_table(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = rng.poisson(8, 1024) * (rng.random(1024) < 0.6)
    counts = Counts(n, rng.binomial(n, 0.2))
    check_against_sklearn(np.round(rng.random(1024), 2), counts)


def test_perfect_and_useless_scores() -> None:
    counts = Counts(np.array([10, 10]), np.array([0, 10]))
    perfect = evaluate(np.array([0.0, 1.0]), counts)
    assert (perfect.auc, perfect.brier) == (1.0, 0.0)
    assert perfect.log_loss == pytest.approx(0, abs=1e-12)
    useless = evaluate(np.array([0.5, 0.5]), counts)
    assert useless.auc == 0.5
    assert useless.log_loss == pytest.approx(math.log(2))


def test_wrong_with_certainty_is_finite() -> None:
    quality = evaluate(np.array([0.0]), Counts(np.array([1]), np.array([1])))
    assert math.isfinite(quality.log_loss)
    assert quality.log_loss > 30


def test_no_events_are_refused() -> None:
    with pytest.raises(ValueError, match="no events"):
        evaluate(np.array([0.5]), Counts(np.array([0]), np.array([0])))


def test_counts_need_positives_among_the_events() -> None:
    for n, positives in (([1], [2]), ([-1], [0]), ([1, 2], [1])):
        with pytest.raises(ValueError, match=r"counts|length|vectors"):
            Counts(np.array(n), np.array(positives))
    assert math.isnan(Counts(np.array([0]), np.array([0])).base_rate)
