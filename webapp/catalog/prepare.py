"""Prepare an MLflow model in a process of its own.

``python -m webapp.catalog.prepare MODEL_FOLDER PLACE [--allow-pickle]`` writes a prepared version,
or a refusal with its reason, to PLACE.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import time
import warnings
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from webapp.cases import Features
from webapp.catalog.digest import OWN_FOLDER, model_digest
from webapp.catalog.inputs import check_example, make_cases, read_features
from webapp.catalog.prepared import (
    BASELINE,
    Facts,
    PreparedError,
    check_table,
    read_baseline,
    write_prepared,
)
from webapp.catalog.trust import check_skops, first_line, no_pickle, refuse_pickle
from webapp.stats.counts import Counts

MISSING_RUNTIME = 78  # exit status: a package that the model needs is not installed
CHANGED = 79  # exit status: the folder changed meanwhile; try again
_PINNED = re.compile(r"^(python|scikit-learn|keras|tensorflow|xgboost|lightgbm)==([\w.]+)")


class MissingRuntimeError(Exception):
    """A package that the model needs is not installed here."""


class ChangedError(Exception):
    """The model's files changed while it was being prepared."""


def prepare(folder: Path, place: Path, *, allow_pickle: bool = False) -> Facts:
    """Prepare the model in ``folder`` into ``place`` and return its facts.

    A model that can't be served gets a refusal. Raises MissingRuntimeError, OSError when the folder
    can't be read, and ChangedError when it changed meanwhile.
    """
    start = time.monotonic()
    digest = model_digest(folder)
    scores, baseline = None, None
    try:
        features, scores, details = examine(folder, allow_pickle=allow_pickle)
        baseline = _read_baseline(folder, features)
        facts = Facts(digest, features.names, **details)
    except PreparedError as error:
        scores = None
        facts = Facts(digest, reason=_strip_paths(folder, str(error)).rstrip("."))
    if model_digest(folder) != digest:
        raise ChangedError("the folder changed while it was being prepared")
    seconds = round(time.monotonic() - start, 3)
    return write_prepared(place, replace(facts, seconds=seconds), scores, baseline)


def examine(
    folder: Path, *, allow_pickle: bool
) -> tuple[Features, NDArray[np.float64], dict[str, Any]]:
    """A model's features, scores float64[2**d] and other facts.

    Raises PreparedError and MissingRuntimeError.
    """
    flavors = _read_flavors(folder)
    if not allow_pickle:
        refuse_pickle(folder, flavors)
        if "sklearn" in flavors:
            check_skops(folder, str(flavors["sklearn"].get("pickled_model", "model.skops")))
    try:
        with nullcontext() if allow_pickle else no_pickle():
            features, answers, details = _load_and_ask(folder, flavors)
    except Exception as error:
        raise _root_cause(error) from error
    return features, check_table(answers, features), details


def _root_cause(error: Exception) -> Exception:
    """The root of an error that mlflow may have wrapped in others, as one of our exceptions."""
    link: BaseException | None = error
    while link is not None:
        if isinstance(link, (PreparedError, MemoryError)):
            return link
        if isinstance(link, ModuleNotFoundError):
            return MissingRuntimeError(f"{link.name} isn't installed here")
        link = link.__cause__ or link.__context__
    return PreparedError(f"Loading or scoring it failed: {first_line(error)}")


def _strip_paths(folder: Path, text: str) -> str:
    """A message without this machine's paths, as anybody may read the reason."""
    return text.replace(f"{folder}/", "").replace(str(folder), folder.name)


def _read_flavors(folder: Path) -> dict[str, Any]:
    try:
        mlmodel = yaml.safe_load((folder / "MLmodel").read_text("utf-8"))
    except FileNotFoundError:
        raise PreparedError("Not an MLflow model: its MLmodel file is missing") from None
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        raise PreparedError(f"Its MLmodel file can't be read: {first_line(error)}") from error
    flavors = mlmodel.get("flavors") if isinstance(mlmodel, dict) else None
    if not isinstance(flavors, dict) or not flavors:
        raise PreparedError("Not an MLflow model: MLmodel names no flavors")
    if not all(isinstance(flavor, dict) for flavor in flavors.values()):
        raise PreparedError("Its MLmodel file is malformed: a flavor is not a mapping")
    return flavors


def _load_and_ask(
    folder: Path, flavors: dict[str, Any]
) -> tuple[Features, NDArray[Any], dict[str, Any]]:
    from mlflow.models import Model

    metadata = Model.load(str(folder))
    check_example(folder, metadata)
    if "sklearn" in flavors:
        flavor, (model, ask) = "sklearn", _load_sklearn(folder)
    elif "keras" in flavors:
        flavor, (model, ask) = "keras", _load_keras(folder)
    else:
        flavor, (model, ask) = "python_function", _load_pyfunc(folder, flavors)
    features = read_features(metadata.signature, model)
    has_names = hasattr(model, "feature_names_in_")
    answers = ask(make_cases(metadata.signature, features, has_names=has_names))
    details = {
        "flavor": flavor,
        "environment": _read_environment(folder, flavors),
        "training": _read_training(metadata.metadata),
    }
    return features, _probabilities(answers, features.cases), details


def _load_sklearn(folder: Path) -> tuple[Any, Any]:
    import mlflow.sklearn

    model = mlflow.sklearn.load_model(str(folder))
    if not hasattr(model, "predict_proba"):
        raise PreparedError(
            f"{type(model).__name__} has no predict_proba, so it gives no probabilities. "
            "For a classifier, CalibratedClassifierCV adds it"
        )
    classes = list(getattr(model, "classes_", [0, 1]))
    if len(classes) != 2:
        count = "1 class" if len(classes) == 1 else f"{len(classes)} classes"
        raise PreparedError(f"It has {count}; only models with two can be served")
    return model, model.predict_proba


def _load_keras(folder: Path) -> tuple[Any, Any]:
    import mlflow.keras

    model = mlflow.keras.load_model(str(folder))
    return model, lambda cases: model.predict(np.asarray(cases, dtype="float32"), verbose=0)


def _load_pyfunc(folder: Path, flavors: dict[str, Any]) -> tuple[Any, Any]:
    import mlflow.pyfunc

    if "python_function" not in flavors:
        raise PreparedError(
            f"It has no python_function flavor, only {', '.join(flavors)}: "
            "save it with python_function, too"
        )
    model = mlflow.pyfunc.load_model(str(folder))
    return model, model.predict


def _probabilities(answers: Any, cases: int) -> NDArray[Any]:
    """P(label = 1) of every case from what a model returned: a vector, or one or two columns."""
    values = np.asarray(answers)
    if values.dtype.kind in "biu":
        raise PreparedError(
            "It returns classes, not probabilities. Save it with pyfunc_predict_fn='predict_proba'"
        )
    if values.dtype.kind != "f":
        raise PreparedError(f"It returns {values.dtype}, not probabilities")
    if values.shape == (cases,):
        return values
    if values.shape == (cases, 2) and (np.abs(values.sum(axis=1) - 1) > 1e-3).any():
        raise PreparedError("The two columns that it returns don't add up to 1")
    if values.shape in ((cases, 1), (cases, 2)):
        return values[:, -1]
    raise PreparedError(
        f"It returns the shape {values.shape}; one probability for each of {cases} cases is needed"
    )


def _read_environment(folder: Path, flavors: dict[str, Any]) -> dict[str, str]:
    """The versions that the model was saved with, by package."""
    versions: dict[str, str] = {}
    requirements = folder / "requirements.txt"
    if requirements.is_file():
        for line in requirements.read_text("utf-8", "replace").splitlines():
            match = _PINNED.match(line.strip())
            if match:
                versions[match[1]] = match[2]
    if "sklearn_version" in flavors.get("sklearn", {}):
        versions["scikit-learn"] = str(flavors["sklearn"]["sklearn_version"])
    if "python_version" in flavors.get("python_function", {}):
        versions["python"] = str(flavors["python_function"]["python_version"])
    return versions


def _read_training(metadata: Any) -> dict[str, Any]:
    """The training facts in a model's metadata; empty when they are not in our form."""
    facts = metadata.get(OWN_FOLDER) if isinstance(metadata, dict) else None
    try:
        json.dumps(facts, allow_nan=False, sort_keys=True)
    except (TypeError, ValueError, RecursionError):
        return {}
    return facts if isinstance(facts, dict) else {}


def _read_baseline(folder: Path, features: Features) -> Counts | None:
    file = folder / OWN_FOLDER / BASELINE
    return read_baseline(file, features.cases) if file.is_file() else None


def main(arguments: Sequence[str]) -> int:
    """Run the child process; returns 0 when PLACE holds a prepared version or a refusal."""
    warnings.simplefilter("ignore")  # nobody reads what a model's libraries print here
    logging.disable(logging.CRITICAL)
    folder, place = Path(arguments[0]), Path(arguments[1])
    try:
        prepare(folder, place, allow_pickle="--allow-pickle" in arguments)
    except MissingRuntimeError as error:
        print(error, file=sys.stderr)
        return MISSING_RUNTIME
    except ChangedError as error:
        print(error, file=sys.stderr)
        return CHANGED
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
