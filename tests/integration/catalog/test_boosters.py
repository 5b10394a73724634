"""XGBoost and LightGBM, saved by MLflow in each of its ways, answer as the library itself does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.integration.catalog.test_prepare import _own_modules, agree, refused, served
from tests.support.boosters import NAMES, data, fit_lightgbm, fit_xgboost, save, sigmoid_graph
from tests.support.mlflow_models import all_cases, columns, frame, save_sklearn, tensor
from webapp.catalog.prepared import read_facts

__all__ = ["_own_modules"]  # a fixture that every test here takes

pytestmark = pytest.mark.filterwarnings("ignore")
CASES = frame(all_cases(len(NAMES)), NAMES)
BACKWARDS = columns(NAMES[::-1], "double")


def cases_of(names: tuple[str, ...]) -> Any:
    """All cases as their order is with the inputs in another one, in the order of the fit."""
    return frame(all_cases(len(names)), names)[list(NAMES)]


@pytest.mark.parametrize("form", ["ubj", "json"])
@pytest.mark.parametrize(
    ("kind", "objective"),
    [
        ("XGBClassifier", "binary:logistic"),
        ("XGBClassifier", "reg:logistic"),
        ("XGBClassifier", "multi:softprob"),
        ("XGBRFClassifier", "binary:logistic"),
    ],
)
def test_a_classifier_of_xgboost(tmp_path: Path, kind: str, objective: str, form: str) -> None:
    settings = {"num_class": 2} if objective.startswith("multi") else {}
    model = fit_xgboost(kind, objective=objective, base_score=0.3, **settings)
    save("xgboost", model, tmp_path / "m", model_format=form)
    prepared = served(tmp_path / "m", tmp_path / "out")
    agree(prepared, model.predict_proba(CASES)[:, 1])
    facts = prepared.facts
    assert (facts.flavor, facts.classes, facts.positive) == ("xgboost", ("0", "1"), "1")
    assert facts.environment["xgboost"] == __import__("xgboost").__version__
    assert facts.code is None


def test_early_stopping_answers_with_its_best_round(tmp_path: Path) -> None:
    import xgboost

    rows, label = data()
    model = xgboost.XGBClassifier(n_estimators=60, n_jobs=1, early_stopping_rounds=2)
    model.fit(rows[::2], label[::2], eval_set=[(rows[1::2], label[1::2])], verbose=False)
    assert model.best_iteration < model.get_booster().num_boosted_rounds() - 1
    save("xgboost", model, tmp_path / "m")
    agree(served(tmp_path / "m", tmp_path / "out"), model.predict_proba(CASES)[:, 1])


@pytest.mark.parametrize("objective", ["binary:logistic", "multi:softprob", "multi:softmax"])
def test_a_booster_of_xgboost(tmp_path: Path, objective: str) -> None:
    import xgboost

    rows, label = data()
    settings = {"num_class": 2} if objective.startswith("multi") else {}
    booster = xgboost.train(
        {"objective": objective, "max_depth": 2, "nthread": 1, **settings},
        xgboost.DMatrix(rows, label),
        5,
    )
    save("xgboost", booster, tmp_path / "m", signature=BACKWARDS)
    prepared = served(tmp_path / "m", tmp_path / "out")
    cases = xgboost.DMatrix(cases_of(NAMES[::-1]))
    if objective == "multi:softmax":  # it answers with classes
        odds = np.diff(booster.predict(cases, output_margin=True), axis=1)[:, 0]
        assert np.abs(prepared.scores - 1 / (1 + np.exp(-odds))).max() < 1e-6
    else:
        answers = booster.predict(cases)
        agree(prepared, answers if answers.ndim == 1 else answers[:, 1])
    assert (prepared.facts.classes, prepared.facts.positive) == (("0", "1"), "1")


def test_a_regressor_of_probabilities(tmp_path: Path) -> None:
    model = fit_xgboost("XGBRegressor", objective="binary:logistic")
    save("xgboost", model, tmp_path / "m")
    agree(served(tmp_path / "m", tmp_path / "out"), model.predict(CASES))


@pytest.mark.parametrize("signature", [None, BACKWARDS, tensor(3), columns(NAMES, "boolean")])
def test_columns_come_in_the_order_of_the_fit(tmp_path: Path, signature: Any) -> None:
    cases = cases_of(NAMES[::-1]) if signature is BACKWARDS else CASES
    for flavor, model in (("xgboost", fit_xgboost()), ("lightgbm", fit_lightgbm())):
        save(flavor, model, tmp_path / flavor, signature=signature)
        agree(served(tmp_path / flavor, tmp_path / "out"), model.predict_proba(cases)[:, 1])


def test_columns_without_names(tmp_path: Path) -> None:
    rows, label = data()
    for flavor, fit in (("xgboost", fit_xgboost()), ("lightgbm", fit_lightgbm())):
        model = fit.fit(rows.to_numpy(float), label)
        answers = model.predict_proba(CASES.to_numpy(float))[:, 1]
        for i, signature in enumerate((None, columns(NAMES), tensor(3))):
            save(flavor, model, tmp_path / f"{flavor}{i}", signature=signature)
            prepared = served(tmp_path / f"{flavor}{i}", tmp_path / "out")
            agree(prepared, answers)
            assert prepared.features.names == (("G1", "G2", "G3") if i != 1 else NAMES)


def test_other_columns_than_those_of_the_fit(tmp_path: Path) -> None:
    for flavor, model in (("xgboost", fit_xgboost()), ("lightgbm", fit_lightgbm())):
        save(flavor, model, tmp_path / flavor, signature=columns(("late", "loud game", "old")))
        problem = refused(tmp_path / flavor, tmp_path / "out")
        assert "its signature has the input old, it was fitted without it" in problem


@pytest.mark.parametrize("classes", [("no", "yes"), (-1, 1), (False, True), ("stay", "churn")])
def test_the_classes_of_lightgbm(tmp_path: Path, classes: tuple[Any, Any]) -> None:
    model = fit_lightgbm(np.array(classes)[data()[1]])
    save("lightgbm", model, tmp_path / "m")
    if "churn" in classes:
        assert "needs a choice" not in refused(tmp_path / "m", tmp_path / "out")
        assert read_facts(tmp_path / "out").classes == ("churn", "stay")
        return
    prepared = served(tmp_path / "m", tmp_path / "out")
    agree(prepared, model.predict_proba(CASES)[:, 1])
    assert prepared.facts.positive == str(classes[1])


@pytest.mark.parametrize("objective", ["binary", "cross_entropy", "multiclass"])
def test_a_booster_of_lightgbm(tmp_path: Path, objective: str) -> None:
    import lightgbm

    rows, label = data()
    settings = {"num_class": 2} if objective == "multiclass" else {}
    booster = lightgbm.train(
        {"objective": objective, "verbose": -1, "num_threads": 1, **settings},
        lightgbm.Dataset(rows, label),
        5,
    )
    save("lightgbm", booster, tmp_path / "m", signature=BACKWARDS)
    prepared = served(tmp_path / "m", tmp_path / "out")
    answers = booster.predict(cases_of(NAMES[::-1]))
    agree(prepared, answers if answers.ndim == 1 else answers[:, 1])
    assert refused_without_code(tmp_path) is None


def refused_without_code(folder: Path) -> str | None:
    from webapp.catalog.prepare import prepare

    return prepare(folder / "m", folder / "strict", allow_code=False).reason


@pytest.mark.parametrize("flavor", ["xgboost", "lightgbm"])
def test_columns_of_categories(tmp_path: Path, flavor: str) -> None:
    rows, label = data()
    kinds = dict.fromkeys((NAMES[0], NAMES[2]), "category")
    if flavor == "xgboost":
        model = fit_xgboost(enable_categorical=True).fit(rows.astype(kinds), label)
    else:
        model = fit_lightgbm(rows=rows.astype(kinds), min_data_per_group=1, cat_smooth=0)
    save(flavor, model, tmp_path / "m", signature=columns(NAMES))
    answers = model.predict_proba(CASES.astype(kinds))[:, 1]
    assert len(set(answers)) > 4
    agree(served(tmp_path / "m", tmp_path / "out"), answers)


@pytest.mark.parametrize("flavor", ["xgboost", "lightgbm"])
def test_boosters_within_a_pipeline_of_scikit_learn(tmp_path: Path, flavor: str) -> None:
    from sklearn.compose import ColumnTransformer
    from sklearn.pipeline import make_pipeline

    booster = fit_xgboost() if flavor == "xgboost" else fit_lightgbm()
    two_columns = ColumnTransformer([("two", "passthrough", list(NAMES[:2]))])
    model = make_pipeline(two_columns, booster).fit(*data())
    types = {
        "xgboost": ["xgboost.core.Booster", "xgboost.sklearn.XGBClassifier"],
        "lightgbm": [
            "collections.OrderedDict",
            "lightgbm.basic.Booster",
            "lightgbm.sklearn.LGBMClassifier",
        ],
    }
    save_sklearn(model, tmp_path / "m", skops_trusted_types=types[flavor])
    agree(served(tmp_path / "m", tmp_path / "out"), model.predict_proba(CASES)[:, 1])


def objective_of_ours(label: Any, odds: Any) -> Any:
    p = 1 / (1 + np.exp(-odds))
    return p - label, p * (1 - p)


NO_PROBABILITIES: dict[str, tuple[str, Callable[[], Any], str]] = {
    "margins": (
        "xgboost",
        lambda: fit_xgboost(objective="binary:logitraw"),
        "fitted for binary:logitraw, which gives no probability of a class. Fit it with",
    ),
    "hinge": ("xgboost", lambda: fit_xgboost(objective="binary:hinge"), "for binary:hinge"),
    "numbers": (
        "xgboost",
        lambda: fit_xgboost("XGBRegressor"),
        "for reg:squarederror, which gives no probability of a class. Fit it with objective=",
    ),
    "three": ("xgboost", lambda: fit_xgboost(label=data(3)[1]), "It has 3 classes"),
    "three of LightGBM": (
        "lightgbm",
        lambda: fit_lightgbm(data(3)[1]),
        "It has 3 classes; only models with two",
    ),
    "its own": (
        "lightgbm",
        lambda: fit_lightgbm(objective=objective_of_ours).booster_,
        "fitted for an objective of its own, which gives no probability",
    ),
    "raw numbers": (
        "lightgbm",
        lambda: fit_lightgbm(objective="regression").booster_,
        "regression",
    ),
}


@pytest.mark.parametrize("case", NO_PROBABILITIES)
def test_what_gives_no_probabilities(tmp_path: Path, case: str) -> None:
    flavor, fit, problem = NO_PROBABILITIES[case]
    save(flavor, fit(), tmp_path / "m")
    assert problem in refused(tmp_path / "m", tmp_path / "out")


@pytest.mark.parametrize("form", ["cloudpickle", "pickle"])
def test_a_pickled_classifier_of_lightgbm(tmp_path: Path, form: str) -> None:
    from webapp.catalog.prepare import prepare

    model = fit_lightgbm()
    save("lightgbm", model, tmp_path / "m", serialization_format=form)
    mend = refused(tmp_path / "m", tmp_path / "out")
    assert "mlflow.lightgbm.save_model(model, path, serialization_format='skops')" in mend
    assert prepare(tmp_path / "m", tmp_path / "out", allow_pickle=True).reason is None
    save("lightgbm", model, tmp_path / "n", serialization_format="skops")
    agree(served(tmp_path / "n", tmp_path / "out"), model.predict_proba(CASES)[:, 1])


@pytest.mark.parametrize("flavor", ["xgboost", "lightgbm", "onnx"])
def test_a_damaged_file_is_a_reason(tmp_path: Path, flavor: str) -> None:
    """In words of ours: libraries name lines of their source, and places on this machine."""
    fits = {"xgboost": fit_xgboost, "lightgbm": lambda: fit_lightgbm().booster_}
    model = fits.get(flavor, lambda: sigmoid_graph(["n", 3]))()
    folder = save(flavor, model, tmp_path / "m")
    file = next(folder.glob("model.*"))
    content = file.read_bytes()
    for damaged_content in (content[:100], content[: len(content) // 2], b"hello, world"):
        file.write_bytes(damaged_content)
        problem = refused(folder, tmp_path / "out")
        assert problem.startswith(f"{file.name} is damaged, or from a version that this ")
        assert problem.endswith("Copy it again as it was saved, or save the model again")
    file.unlink()
    assert f"{file.name} is missing" in refused(folder, tmp_path / "out")


@pytest.mark.parametrize("flavor", ["xgboost", "lightgbm"])
def test_categories_that_are_texts(tmp_path: Path, flavor: str) -> None:
    import pandas as pd

    rows, label = data()
    rows = rows.assign(late=pd.Categorical(np.where(rows["late"], "y", "n")))
    model = fit_xgboost(enable_categorical=True) if flavor == "xgboost" else fit_lightgbm()
    save(flavor, model.fit(rows, label), tmp_path / "m")
    problem = refused(tmp_path / "m", tmp_path / "out")
    assert "Only models of 0/1 inputs can be served" in problem
