"""Fits, saves and prepares models of CatBoost, and prints what came of each as JSON.

``python -m tests.support.catboost_models FOLDER`` runs where CatBoost is installed, which is not
where the tests run: its wheel is as large as all others of the tests' libraries for models.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tests.support.boosters import NAMES, data, save
from tests.support.mlflow_models import all_cases, columns, frame, tensor
from webapp.catalog.prepare import prepare
from webapp.catalog.prepared import read_prepared

BACKWARDS = columns(NAMES[::-1], "double")


def models() -> Iterator[tuple[str, Any, dict[str, Any]]]:
    """(name, model, how it is saved)."""
    import catboost

    rows, label = data()
    settings = {"iterations": 5, "depth": 2, "verbose": 0, "thread_count": 1, "random_seed": 0}
    settings["allow_writing_files"] = False

    def fit(rows: Any = rows, label: Any = label, **more: Any) -> Any:
        return catboost.CatBoostClassifier(**settings, **more).fit(rows, label)

    yield "plain", fit(), {}
    yield "as json", fit(), {"format": "json"}
    yield "backwards", fit(), {"signature": BACKWARDS}
    yield "without names", fit(rows.to_numpy(float)), {"signature": tensor(3)}
    yield "without signature", fit(), {"signature": None}
    yield "texts", fit(label=np.where(label, "yes", "no")), {}
    yield "unplain", fit(label=np.where(label, "churn", "stay")), {}
    yield "categories", fit(cat_features=[NAMES[0]]), {"signature": columns(NAMES, "double")}
    yield "two of many", fit(loss_function="MultiClass"), {}
    yield "three", fit(label=data(3)[1]), {}
    booster = catboost.CatBoost({**settings, "loss_function": "Logloss"}).fit(rows, label)
    yield "booster", booster, {}
    yield "numbers", catboost.CatBoostRegressor(**settings).fit(rows, label), {}


def answer(model: Any, how: dict[str, Any]) -> Any:
    """What CatBoost itself gives for all cases, in the order of the signature."""
    names = NAMES[::-1] if how.get("signature") is BACKWARDS else NAMES
    cases = frame(all_cases(len(NAMES)), names)[list(NAMES)]
    return model.predict(cases, prediction_type="Probability")[:, 1]


def try_model(folder: Path, model: Any, how: dict[str, Any]) -> dict[str, Any]:
    """The facts of a model, and how far its scores are from CatBoost's."""
    save("catboost", model, folder, **how)
    place = folder.with_name("out")
    facts = prepare(folder, place)
    report = {"reason": facts.reason, "classes": facts.classes, "positive": facts.positive}
    report["features"] = facts.features
    if facts.reason is None:
        gap = np.abs(read_prepared(place).scores - answer(model, how)).max()
        report |= {"gap": gap, "environment": facts.environment}
    return report


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    place = Path(sys.argv[1])
    print(json.dumps({name: try_model(place / name, *rest) for name, *rest in models()}))
