"""What the owner of a model says about it: a file in its folder, or MLflow's metadata.

``everycase/inputs.yaml`` in the version's folder, or ``metadata={"everycase": …}`` of MLflow's
``save_model``, with the same keys. So far there is one:

    outcome:
      positive: churn   # the class that the probability stands for
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from webapp.cases import shorten
from webapp.catalog.classes import class_text
from webapp.catalog.digest import OWN_FOLDER
from webapp.catalog.prepared import PreparedError

FILE = "inputs.yaml"
OUTCOME = "outcome"
_LARGEST = 1 << 20  # bytes


@dataclass(frozen=True)
class Description:
    """The owner's words; ``positive`` is the positive class, None if they don't name it."""

    positive: str | None = None
    where: str = ""  # the place that names it, for messages


def read_description(folder: Path, metadata: Any) -> Description:
    """The description of a model: its file, and what that lacks from MLflow's metadata.

    Raises PreparedError, which names the key and the fix.
    """
    file = folder / OWN_FOLDER / FILE
    if file.is_file():
        place = f"{OWN_FOLDER}/{FILE}"
        values = _mapping(_load(file, place) or {}, place, keys=(OUTCOME,))
        positive = _read_positive(values, place)
        if positive is not None:
            return Description(positive, place)
    own = metadata.get(OWN_FOLDER) if isinstance(metadata, Mapping) else None
    place = f"metadata[{OWN_FOLDER!r}]"
    positive = _read_positive(own, place) if isinstance(own, Mapping) else None
    return Description(positive, place if positive is not None else "")


def _load(file: Path, place: str) -> Any:
    """The file's content, with all scalars as the texts they are: ``yes`` stays yes."""
    try:
        if file.stat().st_size > _LARGEST:
            raise PreparedError(f"{place} is larger than 1 MB")
        return yaml.load(file.read_text("utf-8-sig"), Loader=yaml.BaseLoader)
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        if isinstance(error, PreparedError):
            raise
        raise PreparedError(f"{place} can't be read: {_explain(error)}") from error


def _explain(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return "it isn't a YAML file in UTF-8"
    return f"line {mark.line + 1} isn't YAML ({getattr(error, 'problem', None) or 'malformed'})"


def _read_positive(values: Mapping[Any, Any], place: str) -> str | None:
    if OUTCOME not in values:
        return None
    outcome = _mapping(values[OUTCOME], f"{OUTCOME} in {place}", keys=("positive",))
    if "positive" not in outcome:
        return None
    positive = outcome["positive"]
    if isinstance(positive, (str, int, float)) and class_text(positive).strip():
        return class_text(positive)
    raise PreparedError(
        f"outcome.positive in {place} must be the name of a class, such as churn; "
        f"it is {shorten(positive) or 'empty'}"
    )


def _mapping(value: Any, place: str, keys: tuple[str, ...]) -> Mapping[Any, Any]:
    """The value as a mapping with these keys only. Raises PreparedError."""
    if not isinstance(value, Mapping):
        raise PreparedError(f"{place} must have the keys {', '.join(keys)}, each with its value")
    for key in value:
        if key not in keys:
            raise PreparedError(
                f"{place} has the unknown key {shorten(key)}: it can have {', '.join(keys)}"
            )
    return value
