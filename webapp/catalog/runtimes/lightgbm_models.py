"""Models of LightGBM: a booster from its own text, a classifier from skops with that text in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from webapp.catalog.answers import check_classes
from webapp.catalog.loaded_model import FittedColumns, LoadedModel
from webapp.catalog.prepared import PreparedError
from webapp.catalog.runtimes.files import damaged, reading
from webapp.catalog.runtimes.objectives import check_count, refuse_objective
from webapp.catalog.runtimes.rows import as_categories, as_table, without_numbers

_PROBABILITIES = frozenset({"binary", "cross_entropy", "multiclass"})
_LAST = b"\nend of trees"
_MEND = "Fit it with objective='binary'"
_BOOSTER = "lightgbm.basic.Booster"


def load_lightgbm(folder: Path, flavor: Mapping[str, Any]) -> LoadedModel:
    """The model in a folder, whose types in skops were checked, or are allowed to be any.

    Raises PreparedError, and whatever LightGBM and skops raise.
    """
    model = _read(folder, flavor)
    booster = getattr(model, "booster_", model)
    head = _read_head(booster)
    _check_objective(head.get("objective", ""), head)
    names = without_numbers(booster.feature_name(), "Column_")
    categories = _categories(booster, head)
    columns = FittedColumns(names, booster.num_feature(), lambda name: re.sub(r"\s", "_", name))
    ask_model = getattr(model, "predict_proba", model.predict)

    def ask(rows: Any) -> Any:
        table = as_table(rows, booster.feature_name() if categories else names)
        return np.asarray(ask_model(as_categories(table, categories), num_threads=1))

    values = getattr(model, "classes_", None)
    classes = () if values is None else check_classes(values)
    return LoadedModel("lightgbm", columns, ask, classes, is_proba=True)


def is_booster(flavor: Mapping[str, Any]) -> bool:
    """True if a LightGBM model was saved as its text alone. MLflow says skops of these, too."""
    return str(flavor.get("model_class", _BOOSTER)) == _BOOSTER


def _read(folder: Path, flavor: Mapping[str, Any]) -> Any:
    import lightgbm

    name = str(flavor.get("data", "model.lgb"))
    if is_booster(flavor):
        with reading(folder, name, "LightGBM") as path:
            if _LAST not in path.read_bytes():  # LightGBM would read past the end of a torn file
                raise damaged(name, "LightGBM")
            return lightgbm.Booster(model_file=str(path))
    if flavor.get("serialization_format") == "skops":
        import skops.io

        path = folder / name
        return skops.io.load(path, trusted=skops.io.get_untrusted_types(file=path))
    import mlflow.lightgbm  # a pickle, which was allowed

    return mlflow.lightgbm.load_model(str(folder))


def _read_head(booster: Any) -> dict[str, str]:
    """What the model's text says before its first tree."""
    head = booster.model_to_string(num_iteration=1).partition("\nTree=")[0]
    pairs = (line.partition("=") for line in head.splitlines())
    return {key: value for key, _, value in pairs}


def _check_objective(objective: str, head: Mapping[str, str]) -> None:
    name = objective.partition(" ")[0]
    if name not in _PROBABILITIES:
        raise refuse_objective(name or "an objective of its own", _MEND)
    if name == "multiclass":
        check_count(int(head["num_class"]))


def _categories(booster: Any, head: Mapping[str, str]) -> list[tuple[str, list[Any]]]:
    """The columns that were categories in the DataFrame of the fit, and the values of each.

    The text keeps their values in order, but not which columns they were: those whose values are
    listed as 0:1, where numbers have a range [0:1].
    """
    values = booster.pandas_categorical or []
    ranges = zip(booster.feature_name(), head.get("feature_infos", "").split(" "), strict=False)
    names = [name for name, info in ranges if not info.startswith("[") and info != "none"]
    if values and len(names) != len(values):
        raise PreparedError(
            "Some of its columns were of the type category, and its file doesn't say which. "
            "Fit it on columns of numbers, with categorical_feature=[…]"
        )
    return list(zip(names, values, strict=False)) if values else []
