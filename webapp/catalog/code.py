"""Which models bring code of their own, and which reach outside of their folder.

Both are found before anything is loaded, in the file ``MLmodel`` and in names of files.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from webapp.cases import shorten
from webapp.catalog.error_text import show_name
from webapp.catalog.prepared import PreparedError

# MLflow's own loaders that read numbers, and start no code that lies beside them
_NUMBER_LOADERS = frozenset(
    f"mlflow.{name}" for name in ("sklearn", "keras", "lightgbm", "xgboost", "catboost", "onnx")
)
# Classes that a flavor may name: MLflow makes one of any class that it is told
_CLASSES = {"xgboost": "xgboost.", "lightgbm": "lightgbm."}
# Where a model's author had a file. MLflow reads the copy in the folder
_ORIGINS = frozenset({"uri", "model_code_path"})


def refuse_code(folder: Path, flavors: Mapping[str, Any]) -> None:
    """Raise PreparedError if loading the model runs code that came with it."""
    code = own_code(folder, flavors)
    if code is not None:
        raise code_refusal(f"It brings code of its own, {code}")


def own_code(folder: Path, flavors: Mapping[str, Any]) -> str | None:
    """Where a model has code that runs as it is loaded, for people; None if it has none."""
    code = find_code(flavors)
    return "in its folder code/" if code is None and (folder / "code").is_dir() else code


def code_refusal(what: str) -> PreparedError:
    """The refusal of a model that brings code, where code isn't run."""
    return PreparedError(
        f"{what}, and code isn't run here: ALLOW_CODE=1 runs it, without secrets and network. A "
        "scikit-learn model saved as skops, or one of Keras, needs none"
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
