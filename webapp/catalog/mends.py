"""What to do about a model that can't be served, by the way in which it was saved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_AS_CODE = "mlflow.pyfunc.save_model(path, python_model='model.py')"
FROM_CODE = f"Save it as a model from code whose predict returns probabilities: {_AS_CODE}"
_EXPORT = (
    "torch.onnx.export(model, (rows,), 'model.onnx', dynamic_shapes=({0: 'n'},)), and "
    "mlflow.onnx.save_model(onnx.load('model.onnx'), path, signature=signature)"
)
_LEAD = {
    "sklearn": "Serve a classifier that has predict_proba",
    "keras": "End it with Dense(1, activation='sigmoid')",
    "onnx": "Add its probabilities to the outputs of its graph",
    "python_function": "Have its predict return probabilities, such as predict_proba(rows)[:, 1]",
}

# What is imported -> the extra that installs it
_EXTRAS = {
    **dict.fromkeys(("xgboost", "lightgbm", "catboost", "onnx", "keras"), ""),
    "onnxruntime": "onnx",
    "jax": "keras",
}


def install_mend(package: str) -> str | None:
    """How a package that a model needs is installed, if it is one that we name; else None."""
    extra = _EXTRAS.get(package)
    return None if extra is None else f"pip install -e '.[{extra or package}]'"


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
    if flavor == "lightgbm":
        call = "mlflow.lightgbm.save_model(model, path, serialization_format='skops')"
        return f"Save it again as skops: {call}. {anyway}"
    if flavor == "pytorch":
        return f"Export it to ONNX: {_EXPORT}. {anyway}"
    if flavor in ("python_function", "statsmodels"):
        return (
            "Save its Python code as a file, and its numbers in a format such as JSON: "
            f"{_AS_CODE[:-1]}, artifacts={{'numbers': 'numbers.json'}}). {anyway}"
        )
    return f"{FROM_CODE}. {anyway}"
