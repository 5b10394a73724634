"""The versions of Python and libraries that a model was saved with."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

# Flavor -> the key that says which version of its library saved it, and the distribution
_SAVED_BY = {
    "sklearn": ("sklearn_version", "scikit-learn"),
    "xgboost": ("xgb_version", "xgboost"),
    "lightgbm": ("lgb_version", "lightgbm"),
    "catboost": ("catboost_version", "catboost"),
    "python_function": ("python_version", "python"),
}
_PINNED = re.compile(
    r"^(python|scikit-learn|keras|tensorflow|xgboost|lightgbm|catboost)(?:-cpu)?==([\w.]+)"
)


def read_environment(folder: Path, flavors: dict[str, Any]) -> dict[str, str]:
    """The versions that the model was saved with, by package."""
    versions: dict[str, str] = {}
    requirements = folder / "requirements.txt"
    if requirements.is_file():
        for line in requirements.read_text("utf-8", "replace").splitlines():
            match = _PINNED.match(line.strip())
            if match:
                versions[match[1]] = match[2]
    for flavor, (key, distribution) in _SAVED_BY.items():
        if key in flavors.get(flavor, {}):
            versions[distribution] = str(flavors[flavor][key])
    return versions
