"""Fits on weighted cases are fits on the rows, and the validation is a real one."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.util import find_spec

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures

from tests.support.synthetic_rows import labelled_rows
from webapp.cases import Features
from webapp.stats.counts import Counts
from webapp.stats.metrics import evaluate
from webapp.training.errors import EstimatorError
from webapp.training.estimators import ESTIMATORS, WeightedCases, frame, probabilities
from webapp.training.fit import check_enough, fit, split, train, validate
from webapp.training.rows import LabelledCounts, RowRange

ROWS = labelled_rows(4000, seed=3)
X, Y = ROWS[:, :-1], ROWS[:, -1]
G10 = Features.numbered(10)
COUNTS = Counts.of(G10.number(X), Y, G10.cases)
QUICK = ("logit", "logit2", "hgb")


def scores(name: str, counts: Counts = COUNTS, seed: int = 0) -> np.ndarray:
    return probabilities(fit(G10, counts, ESTIMATORS[name], seed), frame(G10))


def test_logistic_on_weighted_cases_equals_logistic_on_rows() -> None:
    rows = LogisticRegression(max_iter=1000).fit(X, Y)
    scores_by_rows = rows.predict_proba(G10.matrix())[:, 1]
    assert np.abs(scores("logit") - scores_by_rows).max() < 1e-9


def test_pairs_on_weighted_cases_equal_pairs_on_rows() -> None:
    pairs = PolynomialFeatures(interaction_only=True, include_bias=False)
    rows = make_pipeline(pairs, LogisticRegression(C=0.3, max_iter=1000)).fit(X, Y)
    scores_by_rows = rows.predict_proba(G10.matrix())[:, 1]
    assert np.abs(scores("logit2") - scores_by_rows).max() < 1e-9


def test_boosting_uses_the_weights() -> None:
    """Not equal to the raw rows, as a leaf's least size counts cases; but near, and far from
    a fit that ignores how often a case occurred."""
    rows = HistGradientBoostingClassifier(
        max_iter=80, l2_regularization=5, min_samples_leaf=5, early_stopping=False
    ).fit(X, Y)
    near = np.average(
        np.abs(scores("hgb") - rows.predict_proba(G10.matrix())[:, 1]), weights=COUNTS.n
    )
    ones = Counts((COUNTS.n > 0).astype(np.int64), (COUNTS.positives > 0).astype(np.int64))
    far = np.average(np.abs(scores("hgb") - scores("hgb", ones)), weights=COUNTS.n)
    assert near < 0.03 < far


@pytest.mark.parametrize("name", QUICK)
def test_a_fit_repeats_itself(name: str) -> None:
    assert np.array_equal(scores(name, seed=5), scores(name, seed=5))


@pytest.mark.skipif(not (find_spec("keras") and find_spec("jax")), reason="the extra is absent")
@pytest.mark.filterwarnings("ignore")  # what keras and jax import warns of is not ours to fix
@pytest.mark.slow
def test_keras_learns() -> None:
    """That it repeats itself is tested in ``test_keras``, on fewer cases."""
    keras_scores = scores("keras")
    base = np.full(G10.cases, COUNTS.base_rate)
    assert evaluate(keras_scores, COUNTS).log_loss < 0.9 * evaluate(base, COUNTS).log_loss


def test_weighted_cases_are_at_most_two_a_case() -> None:
    many = Counts(COUNTS.n * 1_000_000, COUNTS.positives * 1_000_000)
    cases = WeightedCases.of(G10, many)
    assert len(cases.rows) == len(WeightedCases.of(G10, COUNTS).rows) <= 2 * G10.cases
    assert cases.weight.sum() == many.total
    assert list(cases.rows.columns) == list(G10.names)


def test_folds_part_the_events() -> None:
    parts = split(COUNTS, 5, seed=0)
    assert np.array_equal(sum(part.n for part in parts), COUNTS.n)
    assert np.array_equal(sum(part.positives for part in parts), COUNTS.positives)
    assert all(abs(part.total - 800) < 5 * np.sqrt(4000 * 0.2 * 0.8) for part in parts)
    again, other = split(COUNTS, 5, seed=0), split(COUNTS, 5, seed=1)
    assert all(np.array_equal(a.n, b.n) for a, b in zip(parts, again, strict=True))
    assert not np.array_equal(parts[0].n, other[0].n)


def test_validation_is_that_of_k_fold_on_the_rows() -> None:
    """Over other random folds, so equal up to the noise of the folds only."""
    quality = validate(G10, COUNTS, ESTIMATORS["logit"], 0).metrics
    losses = []
    for rest, held_out in KFold(5, shuffle=True, random_state=0).split(X):
        model = LogisticRegression(max_iter=1000).fit(X[rest], Y[rest])
        part = Counts.of(G10.number(X[held_out]), Y[held_out], G10.cases)
        losses.append(evaluate(model.predict_proba(G10.matrix())[:, 1], part).log_loss)
    assert quality.log_loss == pytest.approx(np.mean(losses), abs=0.003)
    assert quality.folds == 5


def test_validation_is_held_out() -> None:
    """A label drawn by lot can't be predicted, so only a leak could make a gain."""
    rng = np.random.default_rng(0)
    n = rng.poisson(3, G10.cases)
    counts = Counts(n, rng.binomial(n, 0.5))
    assert validate(G10, counts, ESTIMATORS["hgb"], 0).metrics.log_loss > np.log(2)


def test_every_event_has_the_score_of_a_model_that_was_fitted_without_it() -> None:
    parts, out = split(COUNTS, 5, seed=3), validate(G10, COUNTS, ESTIMATORS["logit"], 3).out_of_fold
    together = out.by_case(G10.cases)
    assert np.array_equal(together.n, COUNTS.n)
    assert np.array_equal(together.positives, COUNTS.positives)
    for fold, part in enumerate(parts):
        rest = Counts(COUNTS.n - part.n, COUNTS.positives - part.positives)
        scores = probabilities(fit(G10, rest, ESTIMATORS["logit"], 3), frame(G10))
        rows = out.fold == fold
        assert np.array_equal(out.case[rows], np.flatnonzero(part.n))
        assert np.array_equal(out.counts.n[rows], part.n[part.n > 0])
        assert np.array_equal(out.scores[rows], scores[part.n > 0])


def test_facts_say_what_was_done() -> None:
    data = LabelledCounts(G10, COUNTS, RowRange(1, 4000))
    when = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
    facts = train(data, ESTIMATORS["logit"], 7, source="rows.csv", sha256="0" * 64, when=when).facts
    assert (facts.rows, facts.n, facts.positives) == ("1:4000", 4000, int(Y.sum()))
    assert facts.cases == np.count_nonzero(COUNTS.n)
    assert (facts.estimator, facts.seed, facts.parameters["C"]) == ("logit", 7, 1.0)
    assert facts.when == "2026-01-02T03:04:05+00:00"
    assert set(facts.validation) == {"log_loss", "auc", "brier", "folds"}
    assert {"python", "scikit-learn", "mlflow", "skops"} <= set(facts.libraries)


@pytest.mark.parametrize(("positives", "label"), [(9, 1), (991, 0), (0, 1), (1000, 0)])
def test_too_few_of_a_label_are_refused(positives: int, label: int) -> None:
    counts = Counts(np.array([1000]), np.array([positives]))
    with pytest.raises(EstimatorError, match=rf"of the 1,000 rows have label {label}: at least 10"):
        check_enough(counts)


def test_one_label_alone_is_refused() -> None:
    with pytest.raises(EstimatorError, match="all labels are the same"):
        WeightedCases.of(Features.numbered(1), Counts(np.array([3, 4]), np.array([0, 0])))
