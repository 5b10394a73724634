"""What may be loaded: no pickle, and of skops' untrusted types only a short reviewed list."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from webapp.cases import shorten
from webapp.catalog.digest import model_files
from webapp.catalog.prepared import PreparedError

# Types beyond skops' own list that scikit-learn's estimators need. Each was read: it holds numbers
# and does nothing on loading.
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
    "ALLOW_PICKLE=1 would load it, and whatever code is in it"
)


class _Guard:
    """Set while a model is loaded. An audit hook can't be taken away, so it asks this."""

    active = False
    installed = False


def refuse_pickle(folder: Path, flavors: dict[str, Any]) -> None:
    """Raise PreparedError when anything in the model is pickled, before any of it is loaded."""
    sklearn = flavors.get("sklearn")
    if isinstance(sklearn, dict):
        form = str(sklearn.get("serialization_format", "pickle"))
        if form != "skops":
            raise PreparedError(
                f"it was saved as {form}, which can run any code on loading. {_FIX}"
            )
    pyfunc = flavors.get("python_function")
    if isinstance(pyfunc, dict) and pyfunc.get("python_model"):
        raise PreparedError(
            "its Python model was saved as cloudpickle, which can run any code on loading. Save it "
            "as models from code: mlflow.pyfunc.save_model(path, python_model='model.py')"
        )
    for path in model_files(folder):
        if path.suffix.lower() in _PICKLED:
            raise PreparedError(f"{path.relative_to(folder)} is a pickle. {_FIX}")


def check_skops(folder: Path, name: str) -> None:
    """Raise PreparedError for a skops file with types that nobody has reviewed."""
    import skops.io

    file = (folder / name).resolve()
    if not file.is_relative_to(folder.resolve()):
        raise PreparedError(f"its MLmodel names a file outside of its folder: {shorten(name)}")
    if not file.is_file():
        raise PreparedError(f"{shorten(name)} is missing")
    try:
        unknown = set(skops.io.get_untrusted_types(file=file)) - REVIEWED_TYPES
    except Exception as error:  # a torn file fails in any way it likes
        raise PreparedError(f"{file.name} can't be read: {first_line(error)}") from error
    if unknown:
        names = ", ".join(shorten(name) for name in sorted(unknown)[:3])
        raise PreparedError(
            f"its skops file has types that are not on the reviewed list: {names}. "
            "ALLOW_PICKLE=1 would load them, if you trust every file of the folder"
        )


@contextmanager
def no_pickle() -> Iterator[None]:
    """Nothing is unpickled in here: the interpreter itself says when somebody tries."""
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
            f"loading it unpickles {arguments[0]}.{arguments[1]}, which can run any code. {_FIX}"
        )


def first_line(error: BaseException) -> str:
    """An error in one line of at most 200 characters."""
    lines = str(error).strip().splitlines()
    text = lines[0] if lines else ""
    return f"{type(error).__name__}: {text}"[:200] if text else type(error).__name__
