"""Checks of a model before it is loaded: no pickle, and no types beyond the reviewed ones."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from webapp.cases import shorten
from webapp.catalog.digest import model_files
from webapp.catalog.prepared import PreparedError

# Types of scikit-learn's estimators that are not on skops' own list. The code of each was reviewed:
# it holds numbers and does nothing when loaded.
REVIEWED_TYPES = frozenset(
    {
        # a tree of HistGradientBoosting: arrays of nodes, and prediction over them
        "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
        # its bins, its losses and links: arrays and pure functions
        "sklearn.ensemble._hist_gradient_boosting.binning._BinMapper",
        "sklearn._loss._loss.CyHalfBinomialLoss",
        "sklearn._loss.link.Interval",
        "sklearn._loss.link.LogitLink",
        "sklearn._loss.loss.HalfBinomialLoss",
    }
)
_PICKLED = {".pkl", ".pickle", ".cloudpickle", ".joblib", ".dill", ".pt", ".pth"}
_FIX = (
    "Save it again with MLflow's default format, skops: mlflow.sklearn.save_model(model, path). "
    "ALLOW_PICKLE=1 loads it anyway, with any code in it"
)


class _Guard:
    """Switches the audit hook on while a model is loaded, as a hook can't be removed."""

    active = False
    installed = False


def refuse_pickle(folder: Path, flavors: dict[str, Any]) -> None:
    """Raise PreparedError if anything in the model is pickled, before any of it is loaded."""
    sklearn = flavors.get("sklearn")
    if isinstance(sklearn, dict):
        form = str(sklearn.get("serialization_format", "pickle"))
        if form != "skops":
            raise PreparedError(
                f"It was saved as {form}, which can run any code when loaded. {_FIX}"
            )
    pyfunc = flavors.get("python_function")
    if isinstance(pyfunc, dict) and pyfunc.get("python_model"):
        raise PreparedError(
            "Its Python model was saved as cloudpickle, which can run any code when loaded. Save "
            "it as code: mlflow.pyfunc.save_model(path, python_model='model.py')"
        )
    for path in model_files(folder):
        if path.suffix.lower() in _PICKLED:
            raise PreparedError(f"{path.relative_to(folder)} is a pickle. {_FIX}")


def check_skops(folder: Path, name: str) -> None:
    """Raise PreparedError for a skops file with types that are not reviewed."""
    import skops.io

    file = (folder / name).resolve()
    if not file.is_relative_to(folder.resolve()):
        raise PreparedError(f"Its MLmodel names a file outside its folder: {shorten(name)}")
    if not file.is_file():
        raise PreparedError(f"{shorten(name)} is missing")
    try:
        unknown = set(skops.io.get_untrusted_types(file=file)) - REVIEWED_TYPES
    except Exception as error:  # a damaged file can raise anything
        raise PreparedError(f"{file.name} can't be read: {first_line(error)}") from error
    if unknown:
        names = ", ".join(shorten(name) for name in sorted(unknown)[:3])
        raise PreparedError(
            f"Its skops file has types that are not on the reviewed list: {names}. "
            "ALLOW_PICKLE=1 loads them: set it only if you trust every file in the folder"
        )


@contextmanager
def no_pickle() -> Iterator[None]:
    """Raise PreparedError when anything is unpickled in here, by an audit hook (PEP 578)."""
    if not _Guard.installed:
        sys.addaudithook(_refuse)
        _Guard.installed = True
    _Guard.active = True
    try:
        yield
    finally:
        _Guard.active = False


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "pickle.find_class" and _Guard.active:
        raise PreparedError(
            f"Loading it unpickles {arguments[0]}.{arguments[1]}, which can run any code. {_FIX}"
        )


def first_line(error: BaseException) -> str:
    """An error in one line of at most 200 characters."""
    lines = str(error).strip().splitlines()
    text = lines[0] if lines else ""
    return f"{type(error).__name__}: {text}"[:200] if text else type(error).__name__
