"""From an MLflow model to a prepared version, in a process of its own.

``python -m webapp.catalog.prepare MODEL_FOLDER PLACE [--allow-pickle]`` leaves a prepared version,
or a refusal with its reason, in PLACE. With ``saving`` the only importer of mlflow.
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
from webapp.catalog.inputs import cases_for, check_example, features_of
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
CHANGED = 79  # exit status: the folder changed meanwhile; look again
_PINNED = re.compile(r"^(python|scikit-learn|keras|tensorflow|xgboost|lightgbm)==([\w.]+)")


class MissingRuntimeError(Exception):
    """A package that the model needs is not installed here."""


class ChangedError(Exception):
    """The model's files changed while they were looked at."""


def prepare(folder: Path, place: Path, *, allow_pickle: bool = False) -> Facts:
    """Prepare the model in ``folder`` into ``place``; a model that can't be served is refused.

    Raises MissingRuntimeError, OSError when the folder can't be read, and ChangedError when it
    changed meanwhile.
    """
    started = time.monotonic()
    digest = model_digest(folder)
    scores, baseline = None, None
    try:
        features, scores, known = examine(folder, allow_pickle=allow_pickle)
        baseline = _baseline(folder, features)
        facts = Facts(digest, features.names, **known)
    except PreparedError as error:
        scores = None
        facts = Facts(digest, reason=_without(folder, str(error)).rstrip("."))
    if model_digest(folder) != digest:
        raise ChangedError("the folder changed while it was being prepared")
    seconds = round(time.monotonic() - started, 3)
    return write_prepared(place, replace(facts, seconds=seconds), scores, baseline)


def examine(
    folder: Path, *, allow_pickle: bool
) -> tuple[Features, NDArray[np.float64], dict[str, Any]]:
    """A model's features, its answers to all cases, and its facts. Raises PreparedError."""
    flavors = _flavors(folder)
    if not allow_pickle:
        refuse_pickle(folder, flavors)
        if "sklearn" in flavors:
            check_skops(folder, str(flavors["sklearn"].get("pickled_model", "model.skops")))
    try:
        with nullcontext() if allow_pickle else no_pickle():
            features, answers, known = _load_and_ask(folder, flavors)
    except Exception as error:
        raise _cause(error) from error
    return features, check_table(answers, features), known


def _cause(error: Exception) -> Exception:
    """What an error comes from that mlflow may have wrapped in others, as one of ours."""
    link: BaseException | None = error
    while link is not None:
        if isinstance(link, (PreparedError, MemoryError)):
            return link
        if isinstance(link, ModuleNotFoundError):
            return MissingRuntimeError(f"{link.name} isn't installed here")
        link = link.__cause__ or link.__context__
    return PreparedError(f"it can't be loaded and asked: {first_line(error)}")


def _without(folder: Path, text: str) -> str:
    """A message without this machine's paths: everybody may read the reason."""
    return text.replace(f"{folder}/", "").replace(str(folder), folder.name)


def _flavors(folder: Path) -> dict[str, Any]:
    try:
        described = yaml.safe_load((folder / "MLmodel").read_text("utf-8"))
    except FileNotFoundError:
        raise PreparedError("its MLmodel file is missing: it is no MLflow model") from None
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        raise PreparedError(f"its MLmodel file can't be read: {first_line(error)}") from error
    flavors = described.get("flavors") if isinstance(described, dict) else None
    if not isinstance(flavors, dict) or not flavors:
        raise PreparedError("not an MLflow model: MLmodel names no flavors")
    if not all(isinstance(flavor, dict) for flavor in flavors.values()):
        raise PreparedError("its MLmodel file is malformed: a flavor is no mapping")
    return flavors


def _load_and_ask(
    folder: Path, flavors: dict[str, Any]
) -> tuple[Features, NDArray[Any], dict[str, Any]]:
    from mlflow.models import Model

    metadata = Model.load(str(folder))
    check_example(folder, metadata)
    if "sklearn" in flavors:
        flavor, (model, ask) = "sklearn", _sklearn(folder)
    elif "keras" in flavors:
        flavor, (model, ask) = "keras", _keras(folder)
    else:
        flavor, (model, ask) = "python_function", _pyfunc(folder, flavors)
    features = features_of(metadata.signature, model)
    named = hasattr(model, "feature_names_in_")
    answers = ask(cases_for(metadata.signature, features, named=named))
    known = {
        "flavor": flavor,
        "environment": _environment(folder, flavors),
        "training": _training(metadata.metadata),
    }
    return features, _probabilities(answers, features.cases), known


def _sklearn(folder: Path) -> tuple[Any, Any]:
    import mlflow.sklearn

    model = mlflow.sklearn.load_model(str(folder))
    if not hasattr(model, "predict_proba"):
        raise PreparedError(
            f"{type(model).__name__} has no predict_proba: it answers without probabilities. "
            "CalibratedClassifierCV gives it one"
        )
    classes = list(getattr(model, "classes_", [0, 1]))
    if len(classes) != 2:
        raise PreparedError(f"it tells {len(classes)} classes apart; two can be served")
    return model, model.predict_proba


def _keras(folder: Path) -> tuple[Any, Any]:
    import mlflow.keras

    model = mlflow.keras.load_model(str(folder))
    return model, lambda cases: model.predict(np.asarray(cases, dtype="float32"), verbose=0)


def _pyfunc(folder: Path, flavors: dict[str, Any]) -> tuple[Any, Any]:
    import mlflow.pyfunc

    if "python_function" not in flavors:
        raise PreparedError(
            f"its only flavors are {', '.join(flavors)}: save it with python_function, too"
        )
    model = mlflow.pyfunc.load_model(str(folder))
    return model, model.predict


def _probabilities(answers: Any, cases: int) -> NDArray[Any]:
    """P(label = 1) from what a model returned: a vector, or one or two columns."""
    values = np.asarray(answers)
    if values.dtype.kind in "biu":
        raise PreparedError(
            "it answers with classes, not probabilities. Save it with "
            "pyfunc_predict_fn='predict_proba'"
        )
    if values.dtype.kind != "f":
        raise PreparedError(f"it answers with {values.dtype}, not with probabilities")
    if values.shape == (cases,):
        return values
    if values.shape == (cases, 2) and (np.abs(values.sum(axis=1) - 1) > 1e-3).any():
        raise PreparedError("the two columns that it answers with don't add up to 1")
    if values.shape in ((cases, 1), (cases, 2)):
        return values[:, -1]
    raise PreparedError(
        f"it answers with shape {values.shape}; one probability for each of {cases} cases is needed"
    )


def _environment(folder: Path, flavors: dict[str, Any]) -> dict[str, str]:
    """The versions that the model was saved with, by package."""
    found: dict[str, str] = {}
    requirements = folder / "requirements.txt"
    if requirements.is_file():
        for line in requirements.read_text("utf-8", "replace").splitlines():
            pinned = _PINNED.match(line.strip())
            if pinned:
                found[pinned[1]] = pinned[2]
    if "sklearn_version" in flavors.get("sklearn", {}):
        found["scikit-learn"] = str(flavors["sklearn"]["sklearn_version"])
    if "python_version" in flavors.get("python_function", {}):
        found["python"] = str(flavors["python_function"]["python_version"])
    return found


def _training(told: Any) -> dict[str, Any]:
    """The training facts in a model's metadata; nothing when they are not in our form."""
    facts = told.get(OWN_FOLDER) if isinstance(told, dict) else None
    try:
        json.dumps(facts, allow_nan=False, sort_keys=True)
    except (TypeError, ValueError, RecursionError):
        return {}
    return facts if isinstance(facts, dict) else {}


def _baseline(folder: Path, features: Features) -> Counts | None:
    file = folder / OWN_FOLDER / BASELINE
    return read_baseline(file, features.cases) if file.is_file() else None


def main(arguments: Sequence[str]) -> int:
    """The child's main: 0 when PLACE holds a prepared version or a refusal."""
    warnings.simplefilter("ignore")  # what a model's libraries have to say helps nobody here
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
