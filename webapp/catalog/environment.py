"""Warnings about versions of Python and libraries that differ from those a model was saved with."""

from __future__ import annotations

import hashlib
import platform
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib import metadata
from pathlib import Path

from webapp.catalog.prepared import Facts

# Distribution -> how many leading parts of its version must be the same
_COMPARED = {
    "scikit-learn": 2,
    "keras": 2,
    "tensorflow": 2,
    "xgboost": 2,
    "lightgbm": 2,
    "catboost": 2,
}
# Flavor -> distribution
_NEEDED = {
    "keras": "keras",
    "sklearn": "scikit-learn",
    **{name: name for name in ("xgboost", "lightgbm", "catboost")},
}
_DECIDING = (
    *("mlflow", "scikit-learn", "skops", "keras", "jax"),
    *("xgboost", "lightgbm", "catboost", "onnxruntime"),
)
_ALIASES = {"xgboost": "xgboost-cpu"}  # the same package under another name
_INSTALLED = (".dist-info", ".egg-info", ".egg-link", ".pth")
FROM_TABLE = "Served from its stored table"  # begins the warning about a missing library
LOADING_FAILED = "Loading or scoring it failed"  # begins the reason of an unexpected error
_RULES = 6  # increased when our own checks read, accept or refuse models in another way than before


def installed_version(distribution: str) -> str | None:
    """The installed version of a distribution, without importing it."""
    for name in (distribution, _ALIASES.get(distribution)):
        if name is not None:
            with suppress(metadata.PackageNotFoundError):
                return metadata.version(name)
    return None


def environment_warnings(
    facts: Facts, version_of: Callable[[str], str | None] = installed_version
) -> tuple[str, ...]:
    """One sentence per difference between the model's environment and this one."""
    if facts.answered_by:  # in its own environment
        return ()
    warnings = []
    python = facts.environment.get("python")
    if python and _parts(python, 2) != _parts(platform.python_version(), 2):
        warnings.append(f"Saved with Python {python}; this is {platform.python_version()}.")
    for name, parts in _COMPARED.items():
        saved_version = facts.environment.get(name)
        if saved_version is None:
            continue
        version = version_of(name)
        if version is None and name == _NEEDED.get(facts.flavor):
            warnings.append(f"{FROM_TABLE}: {name} isn't installed here.")
        elif version is not None and _parts(saved_version, parts) != _parts(version, parts):
            warnings.append(f"Saved with {name} {saved_version}; this is {version}.")
    return tuple(warnings)


def installed_digest(path: Sequence[str] | None = None) -> str:
    """A digest of the installed packages and their versions, which changes with every install.

    ``path`` are the folders that they are in, by default Python's own.
    """
    names: set[str] = set()
    for place in sys.path if path is None else path:
        with suppress(OSError):
            files = [entry.name for entry in Path(place or ".").iterdir()]
            names.update(name for name in files if name.endswith(_INSTALLED))
    return hashlib.sha256("\0".join(sorted(names)).encode("utf-8", "replace")).hexdigest()[:16]


def describe_rules(*, allow_pickle: bool, allow_code: bool = True, in_own: bool = False) -> str:
    """A text of everything beside a model's files that decides whether it can be served.

    Records made under other rules are discarded: an upgrade or ALLOW_PICKLE=1 may lift a refusal,
    and without ALLOW_PICKLE a pickled model must no longer be served. The same goes for ALLOW_CODE.
    ``in_own`` is about models that are asked in their own environments.
    """
    versions = [f"{name} {installed_version(name) or 'absent'}" for name in _DECIDING]
    python = f"Python {'.'.join(_parts(platform.python_version(), 2))}"
    pickle = "pickle allowed" if allow_pickle else "no pickle"
    code = [] if allow_code else ["no code"]
    if in_own:  # where what is installed here doesn't matter
        return ", ".join([f"rules {_RULES}", pickle, *code, "own environment"])
    return ", ".join([f"rules {_RULES}", pickle, *code, python, *versions])


def _parts(version: str, count: int) -> tuple[str, ...]:
    return tuple(version.split(".")[:count])
