"""Models of CatBoost, from its own binary or JSON."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from webapp.cases import shorten
from webapp.catalog.answers import check_classes
from webapp.catalog.loaded_model import FittedColumns, LoadedModel
from webapp.catalog.prepared import PreparedError
from webapp.catalog.runtimes.files import reading
from webapp.catalog.runtimes.objectives import refuse_objective
from webapp.catalog.runtimes.rows import as_table, without_numbers

_PROBABILITIES = frozenset({"Logloss", "CrossEntropy", "MultiClass"})
_FORMATS = ("cbm", "json")
_MEND = "Fit a CatBoostClassifier with loss_function='Logloss'"


def load_catboost(folder: Path, flavor: Mapping[str, Any]) -> LoadedModel:
    """The model in a folder. Raises PreparedError, and whatever CatBoost raises."""
    import catboost

    form = str(flavor.get("save_format", "cbm"))
    if form not in _FORMATS:
        raise PreparedError(
            f"It was saved as {shorten(form)}, which CatBoost doesn't read. "
            "Save it in its own format: mlflow.catboost.save_model(model, path)"
        )
    model = catboost.CatBoost()
    with reading(folder, str(flavor.get("data", "model.cb")), "CatBoost") as path:
        model.load_model(str(path), form)
    loss = str(model.get_all_params().get("loss_function", ""))
    if loss.partition(":")[0] not in _PROBABILITIES:
        raise refuse_objective(loss or "a loss of its own", _MEND)
    names = without_numbers(model.feature_names_)
    columns = FittedColumns(names, len(model.feature_names_))
    categories = list(model.get_cat_feature_indices())

    def ask(rows: Any) -> Any:
        table = as_table(rows, names)
        return np.asarray(model.predict(_as_whole(table, categories), "Probability"))

    classes = check_classes(model.classes_) if len(model.classes_) else ()
    return LoadedModel("catboost", columns, ask, classes, is_proba=True)


def _as_whole(table: Any, categories: list[int]) -> Any:
    """CatBoost takes categories as whole numbers alone, where a signature may say double."""
    if isinstance(table, np.ndarray):
        return table.astype(np.int64) if categories else table
    names = [table.columns[i] for i in categories if table.dtypes.iloc[i].kind == "f"]
    return table.astype(dict.fromkeys(names, "int64"))
