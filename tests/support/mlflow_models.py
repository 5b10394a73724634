"""Models as other people save them: with plain MLflow, with other inputs, and broken ones."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "ERROR")

# Given, so that MLflow need not load each model in a process of its own to find out.
PINNED = ["scikit-learn"]
NAMES = tuple(f"G{i}" for i in range(1, 11))


def rows_of(count: int, n: int = 400, classes: int = 2) -> tuple[NDArray[Any], NDArray[Any]]:
    """Some rows of 0 and 1, and a class for each."""
    rng = np.random.default_rng(count)
    rows = rng.integers(0, 2, (n, count)).astype(np.float64)
    odds = rows @ rng.normal(0, 1, count) + rng.normal(0, 1, n)
    return rows, np.digitize(odds, np.quantile(odds, np.linspace(0, 1, classes + 1)[1:-1]))


def all_cases(count: int) -> NDArray[np.float64]:
    """Every case in order, made another way than the app does."""
    return np.array(
        [[case // 2**i % 2 for i in range(count)] for case in range(2**count)], np.float64
    )


def frame(rows: NDArray[Any], names: Sequence[str]) -> Any:
    """Rows as a DataFrame of whole numbers."""
    import pandas as pd

    return pd.DataFrame(rows.astype(np.int64), columns=list(names))


def logit(count: int = 10, names: Sequence[str] | None = None, classes: int = 2) -> Any:
    """A logistic regression, fitted on a DataFrame when there are names."""
    from sklearn.linear_model import LogisticRegression

    rows, label = rows_of(count, classes=classes)
    return LogisticRegression().fit(frame(rows, names) if names else rows, label)


def save_sklearn(model: Any, place: Path, **more: Any) -> Path:
    """With plain MLflow."""
    import mlflow.sklearn

    mlflow.sklearn.save_model(model, str(place), pip_requirements=PINNED, **more)
    return place


def columns(names: Sequence[str], kind: str = "long") -> Any:
    """The signature that MLflow infers from a DataFrame."""
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    return ModelSignature(Schema([ColSpec(kind, name) for name in names]))


def tensor(count: int, kind: str = "float64") -> Any:
    """The signature that MLflow infers from an array."""
    from mlflow.models import ModelSignature
    from mlflow.types import Schema, TensorSpec

    return ModelSignature(Schema([TensorSpec(np.dtype(kind), (-1, count))]))


_CODE = """
import mlflow
import numpy as np


class Model(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        rows = np.asarray(model_input, dtype=float)
        p = rows @ (0.9 / 2 ** np.arange(1, rows.shape[1] + 1))
        return {answer}


mlflow.models.set_model(Model())
"""


def answer_of_code(rows: NDArray[Any]) -> NDArray[np.float64]:
    """What ``p`` is in the models from code."""
    return np.asarray(rows @ (0.9 / 2 ** np.arange(1, rows.shape[1] + 1)))


def save_code(place: Path, answer: str = "p", signature: Any = None, **more: Any) -> Path:
    """A pyfunc saved as code, that answers with an expression of ``p``."""
    import mlflow.pyfunc

    file = place.with_name(f"{place.name}_model.py")
    file.write_text(_CODE.format(answer=answer))
    mlflow.pyfunc.save_model(
        str(place), python_model=str(file), signature=signature, pip_requirements=PINNED, **more
    )
    return place


def save_running(place: Path, code: str) -> Path:
    """A pyfunc saved as code, where loading runs that code first.

    It is put in afterwards: MLflow runs a model's code when it saves it, too.
    """
    save_code(place, signature=columns(NAMES))
    file = place / f"{place.name}_model.py"
    file.write_text(code + "\n" + file.read_text())
    return place


def save_loader(place: Path, module: str, code: str, data: Path | None = None) -> Path:
    """A pyfunc with a loader module, which travels with the model."""
    import mlflow.pyfunc

    folder = place.with_name(f"{place.name}_code")
    folder.mkdir()
    (folder / f"{module}.py").write_text(code)
    source = data or folder / f"{module}.py"
    mlflow.pyfunc.save_model(
        str(place),
        loader_module=module,
        data_path=str(source),
        code_paths=[str(folder / f"{module}.py")],
        signature=columns(NAMES),
        pip_requirements=PINNED,
    )
    return place


def change_described(place: Path, **flavor: Any) -> None:
    """Change values of the sklearn flavor in a model's MLmodel file; None removes one."""
    description = yaml.safe_load((place / "MLmodel").read_text())
    for key, value in flavor.items():
        if value is None:
            del description["flavors"]["sklearn"][key]
        else:
            description["flavors"]["sklearn"][key] = value
    (place / "MLmodel").write_text(yaml.safe_dump(description))


def prepare_here(_settings: Any = None, folders: list[Path] | None = None) -> Any:
    """A preparer as the commands have one, in this process; ``folders`` gets what it is given."""
    from webapp.catalog.prepare import prepare
    from webapp.catalog.preparer import Preparer
    from webapp.limited_process import ChildResult

    def run(folder: Path, place: Path) -> ChildResult:
        if folders is not None:
            folders.append(folder)
        prepare(folder, place)
        return ChildResult(b"")

    return Preparer(run, "rules of the tests")


class Answering:
    """A classifier that answers the same for all cases; pickled by reference to here."""

    def __init__(self, answer: float = 0.5) -> None:
        self.answer = answer

    def predict(self, rows: Any) -> NDArray[np.float64]:
        return np.full(len(rows), self.answer)


def same(rows: Any) -> Any:
    """A function that is not on the reviewed list."""
    return rows


def save_stranger(place: Path, names: tuple[str, ...]) -> Any:
    """A model as anyone saves one: nothing of ours in it."""
    model = logit(len(names), names)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # mlflow warns of its own type hints when it is imported
        save_sklearn(model, place, signature=columns(names))
    return model
