"""Checks of a model before it is loaded: no pickle, and no types beyond the reviewed ones."""

from __future__ import annotations

import sys
import zipfile
import zlib
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from webapp.cases import shorten
from webapp.catalog.code import code_refusal
from webapp.catalog.digest import model_files
from webapp.catalog.error_text import show_name
from webapp.catalog.mends import flavor_of, pickle_mend
from webapp.catalog.prepared import PreparedError
from webapp.catalog.reviewed import REVIEWED_TYPES
from webapp.catalog.runtimes.lightgbm_models import is_booster

_PICKLED = {".pkl", ".pickle", ".cloudpickle", ".joblib", ".dill", ".pt", ".pth"}
_PICKLING = {"statsmodels": "statsmodels", "pytorch": "PyTorch"}  # flavors that save pickles alone
_WITH_KINDS = ("sklearn.impute", "sklearn.preprocessing._discretization")  # keep a dtype
_MOST_SEARCHED = 256 << 20  # bytes of a pickle that are searched for names of types


class _Guard:
    """Switches the audit hook on while a model is loaded, as a hook can't be removed."""

    active = False
    installed = False
    mend = ""


def refuse_pickle(folder: Path, flavors: dict[str, Any]) -> None:
    """Raise PreparedError if anything in the model is pickled, before any of it is loaded."""
    sklearn = flavors.get("sklearn")
    if isinstance(sklearn, dict):
        form = str(sklearn.get("serialization_format", "pickle"))
        if form != "skops":
            types = _types_in_pickle(folder, str(sklearn.get("pickled_model", "model.pkl")))
            raise PreparedError(
                f"It was saved as {shorten(form)}, which can run any code when loaded. "
                f"{pickle_mend('sklearn', types)}"
            )
    pyfunc = flavors.get("python_function")
    if isinstance(pyfunc, dict) and pyfunc.get("python_model"):
        raise PreparedError(
            "Its Python model was saved as cloudpickle, which can run any code when loaded. Save "
            "it as code: mlflow.pyfunc.save_model(path, python_model='model.py')"
        )
    name = flavor_of(flavors)
    if name in _PICKLING:
        raise PreparedError(
            f"MLflow saves models of {_PICKLING[name]} with pickles in them, which can run any "
            f"code when loaded. {pickle_mend(name)}"
        )
    for path in model_files(folder):
        if path.suffix.lower() in _PICKLED:
            file_name = show_name(str(path.relative_to(folder)))
            raise PreparedError(f"{file_name} is a pickle. {pickle_mend(name)}")


def _types_in_pickle(folder: Path, name: str) -> tuple[str, ...]:
    """The reviewed types that a pickle names, which MLflow saves as skops only when it is told to.

    The pickle isn't loaded: it holds the names of its types as plain text.
    """
    path = (folder / name).resolve()
    try:
        if not path.is_relative_to(folder.resolve()) or path.stat().st_size > _MOST_SEARCHED:
            return ()
        content = path.read_bytes()
    except OSError:
        return ()
    types = set(REVIEWED_TYPES)
    if not any(module.encode() in content for module in _WITH_KINDS):
        types.discard("numpy.dtype")  # of every array in a pickle, but not in a file of skops
    parts = [type_name.rpartition(".") for type_name in sorted(types)]
    return tuple(
        f"{module}.{kind}"
        for module, _, kind in parts
        if _is_text_of(content, module) and _is_text_of(content, kind)
    )


def _is_text_of(content: bytes, text: str) -> bool:
    """True if a pickle holds a whole text: after its length, or before the end of a line."""
    line = text.encode()
    return bytes([0x8C, len(line)]) + line in content or line + b"\n" in content


def check_types(folder: Path, flavors: Mapping[str, Any]) -> None:
    """Raise PreparedError if a model of LightGBM is a skops file with types that are not reviewed.

    Those of scikit-learn are checked by ``load_skops``, which reads them once.
    """
    if flavor_of(flavors) == "lightgbm" and not is_booster(flavors["lightgbm"]):
        unknown = _unknown_types(folder, str(flavors["lightgbm"].get("data", "model.skops")))
        if unknown:
            raise PreparedError(_describe_unknown(unknown))


def load_skops(folder: Path, flavor: Mapping[str, Any]) -> Any:
    """The object in a model's skops file, if all its types are reviewed. Raises PreparedError.

    MLflow would trust what the model's own file says is to be trusted.
    """
    from skops.io.exceptions import UntrustedTypesFoundException

    name = str(flavor.get("pickled_model", "model.skops"))
    file = _file_of(folder, name)
    wish = flavor.get("skops_trusted_types")
    few = REVIEWED_TYPES.intersection(map(str, wish)) if isinstance(wish, list) else ()
    try:
        return _load(file, few)  # the fewer, the faster
    except UntrustedTypesFoundException:
        unknown = _unknown_types(folder, name)
    if unknown:
        raise PreparedError(_describe_unknown(unknown))
    return _load(file, REVIEWED_TYPES)


def _load(file: Path, types: Collection[str]) -> Any:
    import skops.io
    from skops.io.exceptions import UntrustedTypesFoundException

    try:
        return skops.io.load(file, trusted=sorted(types))
    except (PreparedError, UntrustedTypesFoundException):
        raise
    except (zipfile.BadZipFile, zlib.error, EOFError, LookupError, TypeError, ValueError) as error:
        raise PreparedError(f"{show_name(file.name)} {_explain_skops(error)}") from error


def _describe_unknown(unknown: set[str]) -> str:
    if any(name.startswith("scipy.stats.") for name in unknown):
        return (
            "It holds distributions of scipy.stats, which a search drew its candidates from, and "
            "loading one runs text of the file as code. Save the model that it found: "
            "mlflow.sklearn.save_model(model.best_estimator_, path)"
        )
    return (
        f"Its skops file has types that are not on the reviewed list: {_list(unknown)}. "
        "ALLOW_PICKLE=1 loads them: set it only if you trust every file in the folder"
    )


def refuse_unknown_types(folder: Path, flavors: Mapping[str, Any]) -> None:
    """Raise PreparedError for skops files of any flavor with types that are not reviewed.

    MLflow trusts what the model's own file says is to be trusted, so such a file is code.
    """
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*.skops")}
    for name, flavor in flavors.items():
        if name == "lightgbm" and is_booster(flavor):
            continue
        if flavor.get("serialization_format") == "skops":
            keys = ("pickled_model", "data", "model_data")
            names.update(str(flavor[key]) for key in keys if flavor.get(key))
    for name in sorted(names):
        unknown = _unknown_types(folder, name)
        if unknown:
            types = _list(unknown)
            raise code_refusal(f"{show_name(name)} has types that are not reviewed, {types}")


def _unknown_types(folder: Path, name: str) -> set[str]:
    """The types in a skops file that are not reviewed. Raises PreparedError."""
    import skops.io

    file = _file_of(folder, name)
    try:
        return set(skops.io.get_untrusted_types(file=file)) - REVIEWED_TYPES
    except Exception as error:  # a damaged file can raise anything
        raise PreparedError(f"{show_name(file.name)} {_explain_skops(error)}") from error


def _file_of(folder: Path, name: str) -> Path:
    """A file of a model by its name in MLmodel. Raises PreparedError."""
    file = (folder / name).resolve()
    if not file.is_relative_to(folder.resolve()):
        raise PreparedError(f"Its MLmodel names a file outside its folder: {shorten(name)}")
    if not file.is_file():
        raise PreparedError(f"{shorten(name)} is missing: copy the whole folder of the model again")
    return file


def _explain_skops(error: Exception) -> str:
    """Why a file isn't one of skops, in words."""
    import skops

    again = "Copy it again as it was saved, or save the model again"
    if isinstance(error, (zipfile.BadZipFile, EOFError, zlib.error)):
        return f"is damaged: it isn't a whole file of skops. {again}"
    return f"isn't a file that skops {skops.__version__} reads. {again}"


def _list(types: set[str]) -> str:
    return ", ".join(show_name(name) for name in sorted(types))


@contextmanager
def no_pickle(flavor: str = "python_function") -> Iterator[None]:
    """Raise PreparedError when anything is unpickled in here, by an audit hook (PEP 578)."""
    if not _Guard.installed:
        sys.addaudithook(_refuse)
        _Guard.installed = True
    _Guard.active, _Guard.mend = True, pickle_mend(flavor)
    try:
        yield
    finally:
        _Guard.active = False


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "pickle.find_class" and _Guard.active:
        name = show_name(f"{arguments[0]}.{arguments[1]}")
        raise PreparedError(f"Loading it unpickles {name}, which can run any code. {_Guard.mend}")
