"""The file ``MLmodel`` of a model, as MLflow 1 to 3 write it and as people's tools leave it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PureWindowsPath
from typing import Any

import yaml

from webapp.catalog.error_text import show_name
from webapp.catalog.file_checks import check_file
from webapp.catalog.prepared import PreparedError

MLMODEL = "MLmodel"
SIGNATURE_MEND = "Save it with signature=mlflow.models.infer_signature(X), X as it was fitted on"
_MALFORMED = "Its MLmodel file is malformed"
_LEVELS = 6  # of folders that are searched for a model: mlruns/1/models/m-1/artifacts is four
_MOST_FOLDERS = 2000
_OTHER_FORMS = (
    (".zip", "unpack {} into the folder"),
    (".keras", "save the model of {} with mlflow.keras.save_model(model, path)"),
    (".onnx", "save the model of {} with mlflow.onnx.save_model(model, path)"),
    (".skops", "save the model of {} with mlflow.sklearn.save_model(model, path)"),
    (".pkl", "save the model of {} with MLflow, such as mlflow.sklearn.save_model(model, path)"),
    (".joblib", "save the model of {} with MLflow, such as mlflow.sklearn.save_model(model, path)"),
)


def read_flavors(folder: Path) -> dict[str, Any]:
    """A model's flavors, with the paths of Windows as they are here. Raises PreparedError."""
    flavors = read_file(folder).get("flavors")
    if not isinstance(flavors, dict) or not flavors:
        raise PreparedError("Not an MLflow model: MLmodel names no flavors")
    if not all(isinstance(flavor, dict) for flavor in flavors.values()):
        raise PreparedError(f"{_MALFORMED}: a flavor is not a mapping")
    python = flavors.get("python_function", {"loader_module": "none is needed"})
    if not isinstance(python.get("loader_module"), str):
        raise PreparedError(
            f"{_MALFORMED}: loader_module of python_function must be a module's name, such as "
            "mlflow.sklearn"
        )
    return dict(_turn_paths(folder, flavors))


@contextmanager
def portable_paths(folder: Path) -> Iterator[None]:
    """Have MLflow read the paths of Windows in a model's file as they are here.

    MLflow reads the file anew in many places, each time by this one function.
    """
    from mlflow.models import Model

    original = Model.__dict__["from_dict"]

    def from_dict(cls: Any, model_dict: Any) -> Any:
        flavors = model_dict.get("flavors")
        return original.__func__(cls, {**model_dict, "flavors": _turn_paths(folder, flavors)})

    Model.from_dict = classmethod(from_dict)
    try:
        yield
    finally:
        Model.from_dict = original


def read_file(folder: Path) -> dict[str, Any]:
    """All that the file holds; empty if it is no mapping. Raises PreparedError."""
    file = folder / MLMODEL
    try:
        check_file(file, MLMODEL)
        content = yaml.safe_load(file.read_text("utf-8-sig"))
    except FileNotFoundError:
        raise PreparedError(_explain_no_model(folder)) from None
    except PreparedError:
        raise
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        raise PreparedError(f"Its MLmodel file can't be read: {_explain(file, error)}") from error
    return content if isinstance(content, dict) else {}


def _explain(file: Path, error: Exception) -> str:
    """What is wrong with a file that isn't YAML, for people."""
    if isinstance(error, OSError):
        return error.strerror or "the system refuses"
    if isinstance(error, UnicodeDecodeError):
        return "it isn't text in UTF-8. Copy it again as it was saved"
    text = file.read_text("utf-8", "replace").lstrip()
    if text.lower().startswith(("<!doctype", "<html")):
        return "it is a web page. Download the file itself"
    if text.startswith("<<<<<<<"):
        return (
            "Git couldn't merge it. Keep one of the two, without the lines of <<<<<<< and >>>>>>>"
        )
    mark = getattr(error, "problem_mark", None)
    where = f"line {mark.line + 1} isn't YAML" if mark else "it isn't YAML"
    return f"{where}. Copy it again as it was saved"


def _turn_paths(folder: Path, value: Any, key: str = "") -> Any:
    """The same values, where a path of Windows that is a file here is that of the file."""
    if isinstance(value, Mapping):
        return {name: _turn_paths(folder, inner, name) for name, inner in value.items()}
    if not isinstance(value, str) or "\\" not in value:
        return value
    path = PureWindowsPath(value)
    here = path.name if key == "model_code_path" else path.as_posix()
    is_file = not path.is_absolute() or key == "model_code_path"
    return here if is_file and (folder / here).exists() else value


def find_models(folder: Path) -> list[str]:
    """The folders of MLflow models inside a folder, as paths within it."""
    models: list[str] = []
    for count, (place, names, files) in enumerate(os.walk(folder)):
        within = Path(place).relative_to(folder)
        if MLMODEL in files:
            models.append(within.as_posix())
            names.clear()
        if len(within.parts) >= _LEVELS or count >= _MOST_FOLDERS:
            names.clear()
        names[:] = sorted(name for name in names if not name.startswith("."))
    return sorted(models)


def _explain_no_model(folder: Path) -> str:
    """The reason why a folder is none of a model, and where inside it one is."""
    inner = find_models(folder)
    if inner:
        places = ", ".join(f"{show_name(name)}/" for name in inner[:3])
        what = "the model is" if len(inner) == 1 else "models are"
        return (
            f"Not an MLflow model itself: {what} inside it, in {places}. Put that folder into the "
            "models folder, under a name of its own such as churn_v1: everycase add does it"
        )
    names = sorted(path.name for path in folder.iterdir() if path.is_file())
    for name in names:
        if name.lower() in ("mlmodel", "mlmodel.txt", "mlmodel.yaml", "mlmodel.yml"):
            return f"Not an MLflow model: {show_name(name)} must be named MLmodel"
    for suffix, mend in _OTHER_FORMS:
        for name in names:
            if name.lower().endswith(suffix):
                text = mend.format(show_name(name))
                return f"Not an MLflow model: its MLmodel file is missing; {text}"
    return "Not an MLflow model: its MLmodel file is missing"
