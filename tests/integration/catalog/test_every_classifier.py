"""Every classifier of scikit-learn with predict_proba is served with its own answers, no pickle."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.catalog.test_prepare import _own_modules, agree, refused, served
from tests.support.classifiers import (
    CLASSIFIERS,
    COMBINED,
    WITHOUT_PROBABILITIES,
    fitted,
    logit,
    probability,
)
from tests.support.mlflow_models import all_cases, save_sklearn
from webapp.catalog.reviewed import REVIEWED_TYPES

__all__ = ["_own_modules"]  # a fixture that every test here takes

pytestmark = pytest.mark.filterwarnings("ignore")
ALL = CLASSIFIERS | COMBINED


def test_no_classifier_is_forgotten() -> None:
    """A new one of scikit-learn's belongs into one of the two lists."""
    from sklearn.utils import all_estimators

    kinds = dict(all_estimators(type_filter="classifier"))
    assert set(CLASSIFIERS) == {name for name in kinds if hasattr(kinds[name], "predict_proba")}
    assert set(kinds) - set(CLASSIFIERS) == WITHOUT_PROBABILITIES


@pytest.mark.parametrize("name", ALL)
def test_it_is_served_with_its_own_probabilities(tmp_path: Path, name: str) -> None:
    import skops.io

    model = fitted(ALL[name](), name)
    types = skops.io.get_untrusted_types(data=skops.io.dumps(model))
    save_sklearn(model, tmp_path / "m", skops_trusted_types=types)
    agree(served(tmp_path / "m", tmp_path / "out"), probability(model, all_cases(4)))


def test_every_type_on_the_list_is_one_of_this_scikit_learn() -> None:
    from importlib import import_module

    for name in REVIEWED_TYPES:
        module, _, kind = name.rpartition(".")
        if not name.startswith(("lightgbm.", "xgboost.")):  # which may not be installed
            assert hasattr(import_module(module), kind), name


def test_a_search_among_distributions_is_told_what_to_save(tmp_path: Path) -> None:
    """SciPy runs a text as code when it loads one."""
    import skops.io
    from scipy.stats import uniform
    from sklearn.model_selection import RandomizedSearchCV

    search = fitted(RandomizedSearchCV(logit(), {"C": uniform(0.1, 1)}, n_iter=2, cv=2))
    types = skops.io.get_untrusted_types(data=skops.io.dumps(search))
    save_sklearn(search, tmp_path / "m", skops_trusted_types=types)
    reason = refused(tmp_path / "m", tmp_path / "out")
    assert reason.endswith("mlflow.sklearn.save_model(model.best_estimator_, path)")
    save_sklearn(search.best_estimator_, tmp_path / "n")
    agree(served(tmp_path / "n", tmp_path / "out"), probability(search, all_cases(4)))
