"""Write a fitted model as an MLflow model folder with its prepared version inside, for a store.

Everything is written into a draft that the store lends and published in one step at the end, so a
version is there complete or not at all, however the process ends.
"""

from __future__ import annotations

import contextlib
import os
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from webapp.cases import Features
from webapp.catalog.digest import OWN_FOLDER, model_digest
from webapp.catalog.prepared import Facts, PreparedError, check_table, write_prepared
from webapp.catalog.stores.store import SavingError, Store, check_name, no_lock_needed
from webapp.stats.counts import Counts
from webapp.stats.scored_counts import ScoredCounts

__all__ = ["NewVersion", "SavingError", "check_name", "save_version", "write_version"]

METADATA_KEY = "everycase"
_NO_PICKLE = "MLFLOW_ALLOW_PICKLE_DESERIALIZATION"

# Types of our estimators that are not on skops' own list. Reviewed: plain numpy fields, and methods
# that only compute. The list is written into the MLmodel file, so every type added here widens what
# a manipulated model file may contain.
TRUSTED_TYPES = {"hgb": ["sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor"]}


@dataclass(frozen=True)
class NewVersion:
    """A fitted model and all that is saved with it."""

    name: str  # of the model, without the version's number
    model: Any
    flavor: Literal["sklearn", "keras"]
    features: Features
    baseline: Counts
    training: dict[str, Any]  # training.fit.TrainingFacts as plain values
    out_of_fold: ScoredCounts | None = None  # the baseline's events, scored by its validation


def save_version(
    store: Store,
    new: NewVersion,
    why: Mapping[str, Any] | None = None,
    check_lock: Callable[[], None] = no_lock_needed,
) -> str:
    """Save as the next version of its name in the store and return that version's name.

    ``why`` is what caused the training (a verdict, a policy's evidence), as plain values, and is
    kept with the version. ``check_lock`` is called when everything is written, right before the
    version appears, and may raise. Raises SavingError.
    """
    store.check_name(new.name)
    with store.draft() as draft:
        folder = draft / "model"
        write_version(folder, new)
        return store.add(folder, new.name, why, check_lock)


def write_version(folder: Path, new: NewVersion) -> None:
    """Write the model and its prepared version into a new folder. Raises SavingError."""
    try:
        _write_files(folder, new)
    except PreparedError as error:
        raise SavingError(f"The fitted model can't be served: {error}") from error
    except OSError as error:
        raise SavingError(f"{folder.parent} can't be written: {error.strerror or error}") from error


def _write_files(folder: Path, new: NewVersion) -> None:
    """Write the model, score every case with the written one, and put the table beside it."""
    start = time.monotonic()
    with silence():
        _save_model(folder, new)
        scores = check_table(_score_cases(folder, new), new.features)
    libraries = {k: v for k, v in new.training["libraries"].items() if k in _SHOWN_LIBRARIES}
    facts = Facts(
        digest=model_digest(folder),
        features=new.features.names,
        positional=new.features.is_positional,
        flavor=new.flavor,
        environment=libraries,
        training=new.training,
        seconds=round(time.monotonic() - start, 3),
    )
    write_prepared(folder / OWN_FOLDER, facts, scores, new.baseline, new.out_of_fold)


# A mismatch in these is shown to people
_SHOWN_LIBRARIES = ("python", "scikit-learn", "keras")


def _save_model(path: Path, new: NewVersion) -> None:
    from mlflow.models import Model

    mlmodel = Model(signature=_make_signature(new), metadata={METADATA_KEY: new.training})
    libraries = new.training["libraries"]
    requirements = [f"{name}=={libraries[name]}" for name in libraries if name != "python"]
    if new.flavor == "keras":
        import mlflow.keras

        # The signature comes with `described`: as an argument it could only be a tensor's,
        # which has no names for the features.
        mlflow.keras.save_model(
            new.model, str(path), mlflow_model=mlmodel, pip_requirements=requirements
        )
        return
    import mlflow.sklearn

    mlflow.sklearn.save_model(
        new.model,
        str(path),
        mlflow_model=mlmodel,
        pip_requirements=requirements,
        serialization_format="skops",
        skops_trusted_types=TRUSTED_TYPES.get(new.training["estimator"], []),
        pyfunc_predict_fn="predict_proba",
    )


def _make_signature(new: NewVersion) -> Any:
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, Schema, TensorSpec

    inputs = Schema([ColSpec(DataType.long, name) for name in new.features.names])
    if new.flavor == "keras":
        answer = TensorSpec(np.dtype("float32"), (-1, 1))
    else:
        answer = TensorSpec(np.dtype("float64"), (-1, 2))
    return ModelSignature(inputs, Schema([answer]))


def _score_cases(path: Path, new: NewVersion) -> NDArray[np.float64]:
    """float64[2**d]: P(label = 1) of every case from the model on disk, its last column."""
    import mlflow.pyfunc
    import pandas as pd

    rows = pd.DataFrame(new.features.matrix().astype(np.int64), columns=list(new.features.names))
    answers = np.asarray(mlflow.pyfunc.load_model(str(path)).predict(rows))
    return answers[:, -1].astype(np.float64)


@contextlib.contextmanager
def silence() -> Iterator[None]:
    """Suppress the console output of mlflow and its libraries; errors are still raised."""
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    # Read when mlflow is imported; its import would undo a logging level set here directly.
    os.environ["MLFLOW_LOGGING_LEVEL"] = "ERROR"
    with (
        _own_file_allowed(),
        warnings.catch_warnings(),
        Path(os.devnull).open("w") as nowhere,  # Keras draws progress bars on stdout
        contextlib.redirect_stdout(nowhere),
    ):
        warnings.simplefilter("ignore")
        yield


@contextlib.contextmanager
def _own_file_allowed() -> Iterator[None]:
    """Have MLflow load the file that was just written, also where it is told to load no pickle.

    It refuses skops then, too, as it trusts the types that the file itself names.
    """
    before = os.environ.get(_NO_PICKLE)
    os.environ[_NO_PICKLE] = "true"
    try:
        yield
    finally:
        if before is None:
            del os.environ[_NO_PICKLE]
        else:
            os.environ[_NO_PICKLE] = before
