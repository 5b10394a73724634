"""Load a model by its MLflow flavor, and ask it.

Models of scikit-learn, Keras, XGBoost, LightGBM, CatBoost and ONNX are loaded as themselves,
everything else by MLflow's python_function.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from webapp.catalog.answers import check_classes
from webapp.catalog.loaded_model import LoadedModel
from webapp.catalog.mends import FROM_CODE, flavor_of
from webapp.catalog.prepared import PreparedError
from webapp.catalog.runtimes.catboost_models import load_catboost
from webapp.catalog.runtimes.lightgbm_models import load_lightgbm
from webapp.catalog.runtimes.onnx_models import load_onnx
from webapp.catalog.runtimes.xgboost_models import load_xgboost
from webapp.catalog.structure import check_structure
from webapp.catalog.trust import load_skops

_RUNTIMES = {
    "xgboost": load_xgboost,
    "lightgbm": load_lightgbm,
    "catboost": load_catboost,
    "onnx": load_onnx,
}


def loads_by_mlflow(flavors: Mapping[str, Any], *, allow_pickle: bool) -> bool:
    """True if a model is loaded by MLflow, whose import takes a third of preparing a small one."""
    return allow_pickle or ("sklearn" not in flavors and flavor_of(flavors) not in _RUNTIMES)


def load_model(
    folder: Path, flavors: Mapping[str, Any], *, allow_pickle: bool = False
) -> LoadedModel:
    """The model in a folder. Raises PreparedError, and whatever its libraries raise."""
    if "sklearn" in flavors:
        return _load_sklearn(folder, None if allow_pickle else flavors["sklearn"])
    if "keras" in flavors:
        return _load_keras(folder)
    load = _RUNTIMES.get(name := flavor_of(flavors))
    return _load_pyfunc(folder, flavors) if load is None else load(folder, flavors[name])


def _load_sklearn(folder: Path, flavor: Mapping[str, Any] | None) -> LoadedModel:
    """A model of scikit-learn: as its ``flavor`` says, or with all that MLflow loads."""
    if flavor is None:
        import mlflow.sklearn

        model = mlflow.sklearn.load_model(str(folder))
    else:
        model = load_skops(folder, flavor)
    check_structure(model)
    if not hasattr(model, "predict_proba"):
        raise PreparedError(
            f"{type(model).__name__} has no predict_proba, so it gives no probabilities. "
            f"{_proba_mend(model)}"
        )
    values = getattr(model, "classes_", None)
    ask = model.predict_proba
    if isinstance(values, list) and len(values) == 1:  # a list of outcomes, of which it has one
        values, ask = values[0], partial(_ask_for_one, model)
    classes = () if values is None else check_classes(values)
    return LoadedModel("sklearn", model, ask, classes, is_proba=True)


def _ask_for_one(model: Any, rows: Any) -> Any:
    """Two columns from what a MultiOutputClassifier or a ClassifierChain of one outcome answers."""
    answers = model.predict_proba(rows)
    columns = np.asarray(answers[0] if isinstance(answers, list) else answers)
    return np.column_stack([1 - columns, columns]) if columns.shape[1] == 1 else columns


def _proba_mend(model: Any) -> str:
    """How an estimator without predict_proba gets one, if it can."""
    if getattr(model, "voting", None) == "hard":
        return "Fit it with voting='soft'"
    if getattr(model, "classes_", None) is None:
        return "Fit a classifier that has it, such as LogisticRegression"
    if hasattr(model, "decision_function"):
        return "CalibratedClassifierCV(model).fit(X, y) adds it"
    return FROM_CODE


def _load_keras(folder: Path) -> LoadedModel:
    import mlflow.keras

    model = mlflow.keras.load_model(str(folder))

    def ask(cases: Any) -> Any:
        return model.predict(np.asarray(cases, dtype="float32"), verbose=0)

    return LoadedModel("keras", model, ask)


def _load_pyfunc(folder: Path, flavors: Mapping[str, Any]) -> LoadedModel:
    import mlflow.pyfunc

    if "python_function" not in flavors:
        raise PreparedError(
            f"It has no python_function flavor, only {', '.join(flavors)}. {FROM_CODE}"
        )
    model = mlflow.pyfunc.load_model(str(folder))
    return LoadedModel("python_function", model, model.predict)
