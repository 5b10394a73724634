"""Load a model by its flavor, with the library's own loader where it has one."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any, Callable  # noqa: UP035 - older Pythons

from .refusal import Refusal
from .trees import check_trees


class Model:
    """A model, the function that answers rows, and what its answers are."""

    def __init__(
        self, estimator: Any, ask: Callable[[Any], Any], classes: Any = None, is_proba: bool = False
    ) -> None:
        self.estimator, self.ask = estimator, ask
        self.classes, self.is_proba = classes, is_proba


class Columns:
    """The columns that a booster was fitted on, if it knows them."""

    def __init__(self, names: Any) -> None:
        names = [str(name) for name in names or ()]
        if names:
            self.n_features_in_ = len(names)
        if names and names != [f"Column_{i}" for i in range(len(names))]:
            self.feature_names_in_ = names


def load_model(plan: dict[str, Any]) -> Model:
    """The model of a plan. Raises Refusal, and whatever its libraries raise."""
    return _LOADERS.get(plan["flavor"], _load_pyfunc)(plan)


def _load_sklearn(plan: dict[str, Any]) -> Model:
    """From skops of reviewed types, or from a pickle that was allowed."""
    model = _load_skops(plan) if plan["form"] == "skops" else _load_pickle(plan)
    check_trees(model)
    if not hasattr(model, "predict_proba"):
        kind = type(model).__name__
        raise Refusal(f"{kind} has no predict_proba, so it gives no probabilities. {plan['lead']}")
    return _classifier(model)


def _load_skops(plan: dict[str, Any]) -> Any:
    import skops.io

    types = set(skops.io.get_untrusted_types(file=plan["file"]))
    unknown = sorted(types - set(plan["types"]))
    if unknown and not plan["allow_pickle"]:
        raise Refusal(
            f"Its skops file has types that are not on the reviewed list: {', '.join(unknown[:3])}."
            " ALLOW_PICKLE=1 loads them: set it only if you trust every file in the folder"
        )
    return skops.io.load(plan["file"], trusted=sorted(types))


def _load_pickle(plan: dict[str, Any]) -> Any:
    with Path(plan["file"]).open("rb") as file:
        return pickle.load(file)  # the hook in ``refusal`` stops it where it isn't allowed


def _load_xgboost(plan: dict[str, Any]) -> Model:
    import xgboost

    if plan["model_class"].endswith("XGBClassifier"):
        model = xgboost.XGBClassifier()
        model.load_model(plan["file"])
        return _classifier(model)
    booster = xgboost.Booster()
    booster.load_model(plan["file"])
    objective = json.loads(booster.save_config())["learner"]["objective"]["name"]
    _check_objective(objective, ("binary:logistic", "reg:logistic", "multi:softprob"), plan)

    def ask(rows: Any) -> Any:
        return booster.predict(xgboost.DMatrix(rows))

    return Model(Columns(booster.feature_names), ask, is_proba=True)


def _load_lightgbm(plan: dict[str, Any]) -> Model:
    """A booster from its own text; a classifier from skops, or from a pickle that was allowed."""
    import lightgbm

    if not plan["model_class"].endswith("Booster"):
        return _classifier(_load_skops(plan) if plan["form"] == "skops" else _load_pickle(plan))
    booster = lightgbm.Booster(model_file=plan["file"])
    head = Path(plan["file"]).read_text("utf-8", "replace").partition("\nTree=")[0]
    lines = [line[10:] for line in head.splitlines() if line.startswith("objective=")]
    _check_objective("".join(lines), ("binary", "cross_entropy", "multiclass"), plan)
    return Model(Columns(booster.feature_name()), booster.predict, is_proba=True)


def _check_objective(objective: str, names: tuple[str, ...], plan: dict[str, Any]) -> None:
    """Raise Refusal for a booster that was fitted for anything else than probabilities."""
    if objective.partition(" ")[0] not in names:
        what = objective.partition(" ")[0] or "an objective of its own"
        raise Refusal(
            f"It was fitted for {what}, which gives no probability of a class. {plan['lead']}"
        )


def _load_catboost(plan: dict[str, Any]) -> Model:
    import catboost

    model = catboost.CatBoostClassifier()
    model.load_model(plan["file"], plan["form"] or "cbm")
    return Model(Columns(model.feature_names_), model.predict_proba, model.classes_, is_proba=True)


def _load_pyfunc(plan: dict[str, Any]) -> Model:
    """Any other model, by MLflow's python_function."""
    import mlflow.pyfunc

    model = mlflow.pyfunc.load_model(plan["folder"])
    return Model(model, model.predict)


def _classifier(model: Any) -> Model:
    return Model(model, model.predict_proba, getattr(model, "classes_", None), is_proba=True)


_LOADERS: dict[str, Callable[[dict[str, Any]], Model]] = {
    "sklearn": _load_sklearn,
    "xgboost": _load_xgboost,
    "lightgbm": _load_lightgbm,
    "catboost": _load_catboost,
}
