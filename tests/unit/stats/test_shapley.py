"""Shapley values against shap's exact explainer, and the properties that define them."""

import numpy as np
import pytest

from tests.support.versions import counts_for, scores_for
from webapp.cases import Features
from webapp.stats.shapley import shapley


@pytest.mark.slow
@pytest.mark.parametrize("count", [2, 5, 10])
def test_equal_to_the_exact_explainer_of_shap(count: int) -> None:
    shap = pytest.importorskip("shap")
    features = Features.numbered(count)
    scores, counts = scores_for(features, 1), counts_for(features, 2, most=3)
    background = np.repeat(features.matrix(), counts.n, axis=0).astype(float)
    background = background[:20]  # shap's cost grows with the background; any will do
    weights = np.bincount(features.number(background.astype(int)), minlength=features.cases)

    def model(rows: np.ndarray) -> np.ndarray:
        return scores[features.number(rows.astype(int))]

    explainer = shap.explainers.Exact(model, shap.maskers.Independent(background, 1000))
    cases = [0, features.cases - 1, features.cases // 3]
    theirs = explainer(features.matrix()[cases].astype(float))
    for case, values, base in zip(cases, theirs.values, theirs.base_values, strict=True):
        average, ours = shapley(scores, weights, case)
        assert average == pytest.approx(base, abs=1e-12)
        assert ours == pytest.approx(values, abs=1e-12)


@pytest.mark.parametrize("count", [1, 4, 10, 13])
def test_average_and_values_add_up_to_the_score(count: int) -> None:
    features = Features.numbered(count)
    scores, counts = scores_for(features), counts_for(features)
    for case in (0, features.cases // 2, features.cases - 1):
        average, values = shapley(scores, counts.n, case)
        assert average == pytest.approx(scores @ counts.n / counts.total, abs=1e-12)
        assert average + values.sum() == pytest.approx(scores[case], abs=1e-12)


def test_a_feature_that_changes_nothing_has_no_value() -> None:
    features = Features.numbered(4)
    scores = scores_for(Features.numbered(3))[np.arange(16) & 7]  # the fourth is never looked at
    _, values = shapley(scores, counts_for(features).n, 11)
    assert values[3] == pytest.approx(0, abs=1e-15)


def test_a_sum_of_effects_is_split_into_its_parts() -> None:
    features = Features.numbered(3)
    effects = np.array([0.1, 0.2, 0.3])
    scores = 0.1 + features.matrix() @ effects
    weights = np.ones(8)
    average, values = shapley(scores, weights, 5)
    assert average == pytest.approx(0.4)
    assert values == pytest.approx(effects * np.array([0.5, -0.5, 0.5]))


def test_an_empty_background_is_refused() -> None:
    with pytest.raises(ValueError, match="no events"):
        shapley(np.ones(4), np.zeros(4), 0)
