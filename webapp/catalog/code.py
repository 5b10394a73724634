"""Which models bring code of their own, and which reach outside of their folder.

Both are found before anything is loaded, in the file ``MLmodel`` and in names of files. An imported
table counts as numbers: the code that reads it is ours.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from webapp.cases import shorten
from webapp.catalog.digest import file_digest
from webapp.catalog.error_text import show_name
from webapp.catalog.prepared import PreparedError

# MLflow's own loaders that read numbers, and start no code that lies beside them
_NUMBER_LOADERS = frozenset(
    f"mlflow.{name}" for name in ("sklearn", "keras", "lightgbm", "xgboost", "catboost", "onnx")
)
# Classes that a flavor may name: MLflow makes one of any class that it is told
_CLASSES = {"xgboost": "xgboost.", "lightgbm": "lightgbm."}
TABLE_MODEL = Path(__file__).with_name("table_model.py")
# What TABLE_MODEL is and was: it was read, and its copy in a model's folder does nothing else
_OUR_CODE = frozenset({"4620311f38330613e8884dce97d72c2fd730c1d040fccef9f44f2af76e1628d0"})
_LONGEST_CODE = 1 << 16  # bytes
_CODE_LOADER = "mlflow.pyfunc.loaders.code_model"
_OUR_KEYS = frozenset(
    {
        *("loader_module", "model_code_path", "code", "artifacts", "config", "env"),
        *("cloudpickle_version", "python_version", "streamable"),
    }
)
# Where a model's author had a file. MLflow reads the copy in the folder
_ORIGINS = frozenset({"uri", "model_code_path"})


def refuse_code(folder: Path, flavors: Mapping[str, Any]) -> None:
    """Raise PreparedError if loading the model runs code that came with it."""
    code = own_code(folder, flavors)
    if code is not None:
        raise code_refusal(f"It brings code of its own, {code}")


def own_code(folder: Path, flavors: Mapping[str, Any]) -> str | None:
    """Where a model has code that runs as it is loaded, for people; None if it has only ours."""
    if is_table(folder, flavors):
        return None
    code = find_code(flavors)
    return "in its folder code/" if code is None and (folder / "code").is_dir() else code


def is_table(folder: Path, flavors: Mapping[str, Any]) -> bool:
    """True for an imported table: its only code is a file of ours, to the last bit."""
    flavor = flavors.get("python_function", {})
    if set(flavors) != {"python_function"} or not _OUR_KEYS.issuperset(flavor):
        return False
    if flavor.get("loader_module") != _CODE_LOADER or flavor.get("code"):
        return False
    if (folder / "code").exists():
        return False
    file = folder / PurePosixPath(str(flavor.get("model_code_path"))).name
    try:
        return file.stat().st_size < _LONGEST_CODE and file_digest(file) in _OUR_CODE
    except OSError:
        return False


def code_refusal(what: str) -> PreparedError:
    """The refusal of a model that brings code, where code isn't run."""
    return PreparedError(
        f"{what}, and code isn't run here: ALLOW_CODE=1 runs it, without secrets and network. A "
        "scikit-learn model saved as skops needs none, nor does one of Keras, XGBoost, LightGBM, "
        "CatBoost or ONNX"
    )


def find_code(flavors: Mapping[str, Any]) -> str | None:
    """Where a model has code of its own, for people; None if it has none."""
    for name, flavor in flavors.items():
        for key in ("model_code_path", "code"):
            if flavor.get(key):
                return f"in {show_name(PurePosixPath(str(flavor[key])).name)}"
        prefix = _CLASSES.get(name)
        kind = str(flavor.get("model_class") or prefix or "")
        if prefix is not None and not kind.startswith(prefix):
            return f"the class {show_name(kind)}"
    loader = flavors.get("python_function", {}).get("loader_module")
    if loader is not None and loader not in _NUMBER_LOADERS:
        return f"loaded by {show_name(str(loader))}"
    return None


def refuse_outside(folder: Path, flavors: Mapping[str, Any]) -> None:
    """Raise PreparedError if the model is to be read from outside of its folder."""
    for text in _texts(flavors):
        if text.startswith("/") or ".." in PurePosixPath(text).parts:
            raise PreparedError(
                f"Its MLmodel names a file outside its folder: {shorten(text)}. Save it again, or "
                "put the file into the folder"
            )
    root = folder.resolve()
    for path in folder.rglob("*"):
        if path.is_symlink() and not _target(path).is_relative_to(root):
            name = show_name(str(path.relative_to(folder)))
            raise PreparedError(
                f"{name} is a link to a place outside its folder: put a copy of the file there"
            )


def _target(link: Path) -> Path:
    try:
        return link.resolve()
    except (OSError, RuntimeError):  # a circle of links
        return Path("/")


def _texts(value: Any) -> Iterator[str]:
    """All texts in the flavors that may be paths."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key not in _ORIGINS:
                yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
    elif isinstance(value, str):
        yield value
