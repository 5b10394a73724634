"""What a version's own files say about the environment that it was saved in.

MLflow writes ``python_env.yaml`` and ``requirements.txt``, and ``conda.yaml`` with a pip section.
They came with the model, so nothing in them is believed but names and versions of packages.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from webapp.cases import shorten
from webapp.catalog.error_text import first_line
from webapp.catalog.prepared import PreparedError

_LARGEST = 1 << 18  # bytes of one file
_PYTHON = re.compile(r"(\d+\.\d+)(\.\d+)?")
_PACKAGE = re.compile(
    r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)\s*(?P<extras>\[[A-Za-z0-9., _-]*\])?\s*"
    r"(?P<versions>\(?[<>=!~][<>=!~0-9A-Za-z.,*+ \t-]*\)?)?\s*(?P<marker>;[^#@]*)?"
)
_RELEASE = re.compile(r"\s*===?\s*(\d+)\.(\d+)(?:\.(\d+))?")
# Packages that were looked at: loading numbers with them runs none of the model's own code
_REVIEWED = frozenset(
    {
        *("catboost", "lightgbm", "xgboost", "xgboost-cpu", "scikit-learn", "skops", "keras"),
        *("numpy", "scipy", "pandas", "pyarrow", "joblib", "threadpoolctl", "cloudpickle"),
        *("mlflow", "mlflow-skinny", "jax", "jaxlib", "onnx", "onnxruntime", "psutil"),
        *("packaging", "pyyaml", "six", "defusedxml", "typing-extensions"),
        *("graphviz", "matplotlib", "plotly"),
    }
)
_OF_MLFLOW = frozenset({"mlflow", "mlflow-skinny", "mlflow-tracing"})
_OF_CONDA = frozenset({"python", "pip", "setuptools", "wheel"})
_SAFE_SKOPS = (0, 13, 0)  # older ones run code that a file names, whatever is trusted
_FIRST_WITH_NUMPY_2 = (1, 4, 2)  # of scikit-learn


@dataclass(frozen=True)
class Requirements:
    """A Python version such as 3.9.13, empty if unknown, and packages as pip takes them."""

    python: str
    packages: tuple[str, ...]


def read_requirements(
    folder: Path, python: str, *, has_loader: bool, is_skops: bool, allow_any: bool
) -> Requirements:
    """The environment of a model. Raises PreparedError.

    ``python`` is the version that MLmodel names. With ``has_loader`` the model is loaded by its
    library, so MLflow isn't needed. ``allow_any`` takes packages that nobody has looked at.
    """
    python_env, conda = _read_yaml(folder, "python_env.yaml"), _read_yaml(folder, "conda.yaml")
    packages = dict(_parse(line) for line in _lines(folder, python_env, conda) if _has_text(line))
    for name in _OF_MLFLOW if has_loader else ():
        packages.pop(name, None)
    if not packages:
        raise PreparedError(
            "Its files name no packages of an environment: requirements.txt is missing. Save it "
            "again with MLflow, which writes it, or set PREPARE_ENV=here"
        )
    unknown = [name for name in packages if name not in _REVIEWED]
    if unknown and not allow_any:
        raise PreparedError(
            f"Its environment needs {shorten(unknown[0])}, and packages beyond the reviewed ones "
            "are code, which isn't run here: ALLOW_CODE=1 installs them, without secrets"
        )
    _complete(packages, is_skops=is_skops)
    version = str(python_env.get("python") or python or _conda_python(conda))
    match = _PYTHON.match(version)
    return Requirements(match[0] if match else "", tuple(packages[n] for n in sorted(packages)))


def _complete(packages: dict[str, str], *, is_skops: bool) -> None:
    """Add what MLflow leaves out of its files, or what isn't safe in them."""
    skops = _release(packages.get("skops", ""))
    if is_skops and (skops is None or skops < _SAFE_SKOPS):
        packages["skops"] = f"skops>={'.'.join(map(str, _SAFE_SKOPS))}"
    learn = _release(packages.get("scikit-learn", ""))
    if "numpy" not in packages and learn is not None and learn < _FIRST_WITH_NUMPY_2:
        packages["numpy"] = "numpy<2"  # which came after it, with another binary form


def _release(text: str) -> tuple[int, ...] | None:
    match = _RELEASE.search(text)
    return None if match is None else tuple(int(part or 0) for part in match.groups())


def _lines(folder: Path, python_env: Mapping[str, Any], conda: Mapping[str, Any]) -> Iterator[str]:
    """Lines about packages: of requirements.txt, or else of conda.yaml."""
    file = folder / "requirements.txt"
    if file.is_file():
        yield from _read_text(file).splitlines()
        return
    inner = [line for line in _texts(python_env.get("dependencies")) if line[:2] != "-r"]
    if inner:
        yield from inner
        return
    entries = conda.get("dependencies")
    entries = entries if isinstance(entries, list) else []
    sections = [one["pip"] for one in entries if isinstance(one, dict) and "pip" in one]
    for section in sections:
        yield from _texts(section)
    if not sections:  # conda's own packages, some of which have other names than pip's
        for text in _texts(entries):
            name, _, version = text.partition("=")
            if name.strip().lower() in _REVIEWED - _OF_CONDA:
                yield f"{name}=={version.strip('= ').partition('=')[0]}" if version else name


def _conda_python(conda: Mapping[str, Any]) -> str:
    for text in _texts(conda.get("dependencies")):
        if text.startswith("python="):
            return text.removeprefix("python=").lstrip("=")
    return ""


def _has_text(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _parse(line: str) -> tuple[str, str]:
    """A package's name in its usual form, and the line for pip. Raises PreparedError."""
    text = line.partition(" #")[0].strip()
    match = _PACKAGE.fullmatch(text)
    if match is None:
        raise PreparedError(
            f"Its requirements.txt has a line that isn't a package and its version: "
            f"{shorten(text)}. Only such lines are installed"
        )
    return re.sub(r"[-_.]+", "-", match["name"]).lower(), text


def _read_yaml(folder: Path, name: str) -> Mapping[str, Any]:
    if not (folder / name).is_file():
        return {}
    try:
        values = yaml.load(_read_text(folder / name), Loader=yaml.BaseLoader)
    except (ValueError, RecursionError, yaml.YAMLError) as error:
        if isinstance(error, PreparedError):
            raise
        raise PreparedError(f"Its {name} can't be read: {first_line(error)}") from error
    return values if isinstance(values, dict) else {}


def _read_text(file: Path) -> str:
    try:
        if file.stat().st_size > _LARGEST:
            raise PreparedError(f"Its {file.name} is larger than {_LARGEST >> 10} KB")
        return file.read_text("utf-8-sig", "replace")
    except OSError as error:
        raise PreparedError(f"Its {file.name} can't be read: {error.strerror}") from error


def _texts(values: Any) -> Iterable[str]:
    return [one for one in values if isinstance(one, str)] if isinstance(values, list) else []
