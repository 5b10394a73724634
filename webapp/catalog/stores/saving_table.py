"""Save a table of probabilities, made elsewhere, as an MLflow model from code that reads it.

It brings no prepared version: like other people's models it is prepared where it arrives, so that
its positive class can still be chosen. A table that can't be served isn't saved.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from webapp.cases import Features
from webapp.catalog.baseline import write_counts
from webapp.catalog.classes import pair_with
from webapp.catalog.code import TABLE_MODEL
from webapp.catalog.description import OUTCOME
from webapp.catalog.digest import OWN_FOLDER
from webapp.catalog.prepared import BASELINE, Prepared, PreparedError
from webapp.catalog.stores.mlflow_clients import set_up
from webapp.catalog.stores.saving import METADATA_KEY, silence
from webapp.catalog.stores.store import SavingError, Store
from webapp.stats.counts import Counts

_NEEDS = ("mlflow", "numpy", "pandas")
_TABLE = "table.csv"


@dataclass(frozen=True)
class NewTable:
    """A table of probabilities, float64[2**d], and all that is saved with it."""

    name: str  # of the model, without the version's number
    features: Features
    scores: NDArray[np.float64]
    positive: str | None  # the class that they are probabilities of, if it has a name
    baseline: Counts | None
    training: dict[str, Any]  # where it is from, as plain values


def save_table(
    store: Store,
    new: NewTable,
    try_out: Callable[[Path], Prepared],
    why: Mapping[str, Any] | None = None,
) -> tuple[str, Prepared]:
    """Save as the next version of its name; returns that version's name, and it prepared.

    ``try_out`` prepares it once before it appears. Raises SavingError; then nothing was saved.
    """
    store.check_name(new.name)
    with store.draft() as draft:
        folder = draft / "model"
        try:
            _write_model(folder, draft, new)
        except OSError as error:
            raise SavingError(f"{draft} can't be written: {error.strerror or error}") from error
        try:
            prepared = try_out(folder)
            _compare(new, prepared)
        except PreparedError as error:
            raise SavingError(f"The table can't be served: {error}") from error
        return store.add(folder, new.name, why), prepared


def _write_model(folder: Path, draft: Path, new: NewTable) -> None:
    set_up()
    with silence():
        import mlflow.pyfunc
        from mlflow.models import Model, ModelSignature
        from mlflow.types import ColSpec, DataType, Schema

        classes = pair_with(new.positive)
        outcome = {OUTCOME: {"positive": new.positive}} if new.positive is not None else {}
        inputs = Schema([ColSpec(DataType.long, name) for name in new.features.names])
        answers = Schema([ColSpec(DataType.double, name) for name in classes])
        model = Model(
            signature=ModelSignature(inputs, answers),
            metadata={METADATA_KEY: new.training | outcome},
        )
        _write_table(draft / _TABLE, new)
        mlflow.pyfunc.save_model(
            str(folder),
            python_model=str(TABLE_MODEL),
            artifacts={"table": str(draft / _TABLE)},
            model_config={"classes": list(classes)},
            mlflow_model=model,
            pip_requirements=[f"{name}=={version(name)}" for name in _NEEDS],
        )
        _forget_places(model, folder)
    if new.baseline is not None:
        (folder / OWN_FOLDER).mkdir()
        write_counts(folder / OWN_FOLDER / BASELINE, new.baseline)


def _write_table(path: Path, new: NewTable) -> None:
    """A row for each case, probabilities to the last bit."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*new.features.names, "probability"])
        rows = zip(new.features.matrix().tolist(), new.scores.tolist(), strict=True)
        writer.writerows([*values, score] for values, score in rows)


def _forget_places(model: Any, folder: Path) -> None:
    """Take this machine's paths out of the file MLmodel: MLflow reads the copies in the folder."""
    flavor = model.flavors["python_function"]
    flavor["model_code_path"] = TABLE_MODEL.name
    flavor["artifacts"]["table"]["uri"] = flavor["artifacts"]["table"]["path"]
    model.save(str(folder / "MLmodel"))


def _compare(new: NewTable, prepared: Prepared) -> None:
    """Raise PreparedError if the model answers something else than the table."""
    if prepared.features != new.features or not np.array_equal(prepared.scores, new.scores):
        raise PreparedError("as a model it answers something else")
