"""What to do about a model that can't be served, by the way in which it was saved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_AS_CODE = "mlflow.pyfunc.save_model(path, python_model='model.py')"
FROM_CODE = f"Save it as a model from code whose predict returns probabilities: {_AS_CODE}"
_LEAD = {
    "sklearn": "Serve a classifier that has predict_proba",
    "keras": "End it with Dense(1, activation='sigmoid')",
    "lightgbm": "Save its booster: mlflow.lightgbm.save_model(model.booster_, path)",
    "python_function": "Have its predict return probabilities, such as predict_proba(rows)[:, 1]",
}


def flavor_of(flavors: Mapping[str, Any]) -> str:
    """The flavor that a model is loaded by, or would be loaded by if it could be."""
    for name in ("sklearn", "keras"):
        if name in flavors:
            return name
    python = flavors.get("python_function")
    loader = str(python.get("loader_module", "")) if isinstance(python, Mapping) else ""
    others = [name for name in flavors if name != "python_function"]
    if others and loader.startswith("mlflow.") and not loader.startswith("mlflow.pyfunc"):
        return others[0]
    return "python_function"


def probability_mend(flavor: str) -> str:
    """How a model of this flavor is made to answer with probabilities."""
    return _LEAD.get(flavor, FROM_CODE)


def pickle_mend(flavor: str, types: tuple[str, ...] = ()) -> str:
    """How a model of this flavor is saved without pickle.

    ``types`` are those that MLflow saves as skops only when they are named.
    """
    anyway = "ALLOW_PICKLE=1 loads it anyway, with any code in it"
    if flavor == "sklearn":
        option = f", skops_trusted_types={list(types)}" if types else ""
        call = f"mlflow.sklearn.save_model(model, path{option})"
        return f"Save it again with MLflow's default format, skops: {call}. {anyway}"
    if flavor == "python_function":
        return (
            "Save its Python code as a file, and its numbers in a format such as JSON: "
            f"{_AS_CODE[:-1]}, artifacts={{'numbers': 'numbers.json'}}). {anyway}"
        )
    return f"{FROM_CODE}. {anyway}"
