"""Models of XGBoost, from its own JSON or UBJSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from webapp.catalog.loaded_model import FittedColumns, LoadedModel
from webapp.catalog.runtimes.files import reading
from webapp.catalog.runtimes.objectives import check_count, refuse_objective
from webapp.catalog.runtimes.rows import as_categories, as_table

_ONE_COLUMN = frozenset({"binary:logistic", "reg:logistic"})
_TWO_COLUMNS = frozenset({"multi:softprob", "multi:softmax"})
_MEND = "Fit it with objective='binary:logistic'"
_CATEGORY = "c"  # XGBoost's name for the type of a categorical column


def load_xgboost(folder: Path, flavor: Mapping[str, Any]) -> LoadedModel:
    """The model in a folder. Raises PreparedError, and whatever XGBoost raises."""
    with reading(folder, str(flavor.get("data", "model.xgb")), "XGBoost") as path:
        model = _read(str(path), str(flavor.get("model_class", "")))
        booster = getattr(model, "get_booster", lambda: model)()
        learner = json.loads(booster.save_config())["learner"]
    answer = _answer(model, booster, learner)
    names = booster.feature_names
    categories = _categories(booster)
    columns = FittedColumns(None if names is None else tuple(names), booster.num_features())

    def ask(rows: Any) -> Any:
        return answer(as_categories(as_table(rows, names), categories))

    classes = tuple(str(each) for each in getattr(model, "classes_", ()))
    return LoadedModel("xgboost", columns, ask, classes, is_proba=True)


def _read(path: str, kind: str) -> Any:
    """An estimator where it was saved as one: it answers with the best round of early stopping."""
    import xgboost

    makers = {"Classifier": xgboost.XGBClassifier, "Regressor": xgboost.XGBRegressor}
    model = next((make(n_jobs=1) for end, make in makers.items() if kind.endswith(end)), None)
    model = xgboost.Booster({"nthread": 1}) if model is None else model
    model.load_model(path)
    return model


def _categories(booster: Any) -> list[tuple[str, list[Any]]]:
    """The columns that were categories in the DataFrame of the fit, and the values of each."""
    pairs = zip(booster.feature_names or [], booster.feature_types or [], strict=False)
    names = [name for name, kind in pairs if kind == _CATEGORY]
    if not names:
        return []
    values = dict(booster.get_categories(export_to_arrow=True).to_arrow())
    # A file of XGBoost before 3.1 numbers them, and doesn't say what they were
    return [(n, [0, 1] if values[n] is None else values[n].to_pylist()) for n in names]


def _answer(model: Any, booster: Any, learner: Mapping[str, Any]) -> Callable[[Any], Any]:
    """The function that gives probabilities, by what the model was fitted for."""
    objective = str(learner["objective"]["name"])
    if objective in _TWO_COLUMNS:
        check_count(int(learner["learner_model_param"]["num_class"]))
    elif objective not in _ONE_COLUMN:
        raise refuse_objective(objective, _MEND)
    if hasattr(model, "predict_proba"):
        return lambda table: np.asarray(model.predict_proba(table))
    if model is not booster and objective in _ONE_COLUMN:
        return lambda table: np.asarray(model.predict(table))
    return lambda table: _ask_booster(booster, table, objective)


def _ask_booster(booster: Any, table: Any, objective: str) -> Any:
    import xgboost
    from scipy.special import softmax

    rows = xgboost.DMatrix(table, enable_categorical=True, nthread=1)
    if objective == "multi:softmax":  # it answers with classes; this is how XGBClassifier does it
        return softmax(booster.predict(rows, output_margin=True), axis=1)
    return booster.predict(rows)
