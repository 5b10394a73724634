"""Save a fitted model as the next MLflow model version, with its prepared version inside.

Everything is made in a hidden folder beside the versions and moved to its name in one rename, so
a version is there whole or not at all, however the process ends.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import tempfile
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from webapp.cases import Features
from webapp.catalog.digest import OWN_FOLDER, model_digest
from webapp.catalog.prepared import Facts, PreparedError, check_table, write_prepared
from webapp.catalog.versions import VERSION_NAME
from webapp.stats.counts import Counts

METADATA_KEY = "everycase"
DRAFT_PREFIX = ".training-"  # hidden: no version's name starts with a dot
_MAX_NAME = 90  # leaves room for _v<number> in a version's name

# Types beyond skops' own list that our estimators are made of; reviewed: plain numpy fields and
# methods that only compute. It goes into the MLmodel file, so every type here widens what a
# changed model file may contain.
TRUSTED_TYPES = {"hgb": ["sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor"]}


class SavingError(ValueError):
    """A version that can't be saved, and how to mend it."""


@dataclass(frozen=True)
class NewVersion:
    """What is to be saved."""

    name: str  # without the number
    model: Any
    flavor: Literal["sklearn", "keras"]
    features: Features
    baseline: Counts
    training: dict[str, Any]  # training.fit.TrainingFacts as plain values


def check_name(name: str) -> str:
    """The name of a model, to which ``_v<number>`` is added. Raises SavingError."""
    if VERSION_NAME.fullmatch(name) is None or len(name) > _MAX_NAME:
        raise SavingError(
            f"--name {name!r}: letters, digits, '.', '_' and '-' are allowed, "
            f"starting with a letter or digit, at most {_MAX_NAME}"
        )
    if re.search(r"_v[0-9]+$", name):
        raise SavingError(f"--name {name!r}: leave out the number at its end, it is added")
    return name


def save_version(models: Path, new: NewVersion) -> str:
    """Save to ``models/<name>_v<next>`` and return that version's name. Raises SavingError."""
    check_name(new.name)
    try:
        models.mkdir(parents=True, exist_ok=True)
        with _draft(models) as draft:
            _fill(draft, new)
            return _publish(models, draft, new.name)
    except PreparedError as error:
        raise SavingError(f"the fitted model can't be served: {error}") from error
    except OSError as error:
        raise SavingError(f"{models} can't be written: {error.strerror or error}") from error


def next_version(models: Path, name: str) -> str:
    """One more than the highest number there is: a gap is never filled."""
    pattern = re.compile(re.escape(name) + r"_v([0-9]{1,9})", re.ASCII)
    matches = (pattern.fullmatch(path.name) for path in models.iterdir())
    numbers = [int(match[1]) for match in matches if match]
    return f"{name}_v{max(numbers, default=0) + 1}"


def _fill(draft: Path, new: NewVersion) -> None:
    """Write the model, ask the written one for every case, and put its answers beside it."""
    started = time.monotonic()
    with _quiet():
        _save_model(draft / "model", new)
        scores = check_table(_ask(draft / "model", new), new.features)
    libraries = {k: v for k, v in new.training["libraries"].items() if k in _TOLD}
    facts = Facts(
        digest=model_digest(draft / "model"),
        features=new.features.names,
        flavor=new.flavor,
        environment=libraries,
        training=new.training,
        seconds=round(time.monotonic() - started, 3),
    )
    write_prepared(draft / "model" / OWN_FOLDER, facts, scores, new.baseline)


_TOLD = ("python", "scikit-learn", "keras")  # the environment that a mismatch is shown for


def _save_model(path: Path, new: NewVersion) -> None:
    from mlflow.models import Model

    described = Model(signature=_signature(new), metadata={METADATA_KEY: new.training})
    libraries = new.training["libraries"]
    pinned = [f"{name}=={libraries[name]}" for name in libraries if name != "python"]
    if new.flavor == "keras":
        import mlflow.keras

        # The signature comes with `described`: as an argument it could only be a tensor's,
        # which has no names for the features.
        mlflow.keras.save_model(
            new.model, str(path), mlflow_model=described, pip_requirements=pinned
        )
        return
    import mlflow.sklearn

    mlflow.sklearn.save_model(
        new.model,
        str(path),
        mlflow_model=described,
        pip_requirements=pinned,
        serialization_format="skops",
        skops_trusted_types=TRUSTED_TYPES.get(new.training["estimator"], []),
        pyfunc_predict_fn="predict_proba",
    )


def _signature(new: NewVersion) -> Any:
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, Schema, TensorSpec

    inputs = Schema([ColSpec(DataType.long, name) for name in new.features.names])
    if new.flavor == "keras":
        answer = TensorSpec(np.dtype("float32"), (-1, 1))
    else:
        answer = TensorSpec(np.dtype("float64"), (-1, 2))
    return ModelSignature(inputs, Schema([answer]))


def _ask(path: Path, new: NewVersion) -> NDArray[np.float64]:
    """P(label = 1) of every case from the model on disk; the last column holds it."""
    import mlflow.pyfunc
    import pandas as pd

    rows = pd.DataFrame(new.features.matrix().astype(np.int64), columns=list(new.features.names))
    answers = np.asarray(mlflow.pyfunc.load_model(str(path)).predict(rows))
    return answers[:, -1].astype(np.float64)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep mlflow's and its libraries' chatter off the console; errors still rise."""
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    # Read when mlflow is imported, which sets its loggers up and would undo a level set here.
    os.environ["MLFLOW_LOGGING_LEVEL"] = "ERROR"
    with (
        warnings.catch_warnings(),
        Path(os.devnull).open("w") as nowhere,  # Keras draws progress bars on stdout
        contextlib.redirect_stdout(nowhere),
    ):
        warnings.simplefilter("ignore")
        yield


@contextlib.contextmanager
def _draft(models: Path) -> Iterator[Path]:
    """A hidden folder that only this process uses, gone afterwards.

    What a killed process left is removed by the next one: its lock died with it.
    """
    with _lock(models):
        _sweep(models)
        draft = Path(tempfile.mkdtemp(prefix=DRAFT_PREFIX, dir=models))
        held = os.open(draft, os.O_RDONLY)
        fcntl.flock(held, fcntl.LOCK_EX)
    try:
        yield draft
    finally:
        shutil.rmtree(draft, ignore_errors=True)
        os.close(held)


def _sweep(models: Path) -> None:
    for path in models.glob(DRAFT_PREFIX + "*"):
        with contextlib.suppress(BlockingIOError), _lock(path, fcntl.LOCK_NB):
            shutil.rmtree(path, ignore_errors=True)


def _publish(models: Path, draft: Path, name: str) -> str:
    with _lock(models):  # two trainings at once take different numbers
        version = next_version(models, name)
        (draft / "model").chmod(0o755)
        (draft / "model").rename(models / version)
    return version


@contextlib.contextmanager
def _lock(folder: Path, extra: int = 0) -> Iterator[None]:
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | extra)
        yield
    finally:
        os.close(handle)
