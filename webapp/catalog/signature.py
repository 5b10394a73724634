"""A model's signature and metadata, read from its file MLmodel without MLflow, which loads slowly.

The objects have the attributes of MLflow's that ``catalog.inputs`` reads.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from webapp.catalog.mlmodel import SIGNATURE_MEND, read_file
from webapp.catalog.prepared import PreparedError

# MLflow's types of columns: those of data, and those of what holds data
_TYPES = frozenset(
    {
        *("boolean", "integer", "long", "float", "double", "string", "binary", "datetime"),
        *("object", "array", "map", "any", "sparkml_vector"),
    }
)


@dataclass(frozen=True)
class Column:
    """One input: a column by the name of its type, or a tensor by its numpy type and shape."""

    name: str | int | None
    type: Any
    shape: tuple[int, ...] = ()


@dataclass(frozen=True)
class Schema:
    """The inputs of a model."""

    inputs: list[Column]
    is_tensor: bool

    def is_tensor_spec(self) -> bool:
        """True if they are tensors."""
        return self.is_tensor

    def has_input_names(self) -> bool:
        """True if they have names: all of them have, or none has."""
        return bool(self.inputs) and self.inputs[0].name is not None


@dataclass(frozen=True)
class Signature:
    """What a model takes; None where MLmodel doesn't say it."""

    inputs: Schema | None


@dataclass(frozen=True)
class Metadata:
    """What MLmodel says about a model beside its flavors."""

    signature: Signature | None
    metadata: Any
    saved_input_example_info: Any


def read_metadata(folder: Path) -> Metadata:
    """The metadata of a model. Raises PreparedError."""
    mlmodel = read_file(folder)
    values = mlmodel.get("signature")
    try:
        signature = None if not values else Signature(_read_schema(values.get("inputs")))
    except (AttributeError, LookupError, TypeError, ValueError, RecursionError) as error:
        raise PreparedError(
            f"The signature in its MLmodel file can't be read. {SIGNATURE_MEND}"
        ) from error
    example = mlmodel.get("saved_input_example_info")
    return Metadata(
        signature, mlmodel.get("metadata"), example if isinstance(example, dict) else None
    )


def _read_schema(text: Any) -> Schema | None:
    if not text:
        return None
    entries = json.loads(text)
    is_tensor = entries[0].get("type") == "tensor"  # one input at least
    columns = [_read_tensor(one) if is_tensor else _read_column(one) for one in entries]
    return Schema(columns, is_tensor)


def _read_column(entry: Mapping[str, Any]) -> Column:
    if entry["type"] not in _TYPES:
        raise ValueError(entry["type"])
    return Column(entry.get("name"), entry["type"])


def _read_tensor(entry: Mapping[str, Any]) -> Column:
    spec = entry["tensor-spec"]
    shape = tuple(int(size) for size in spec["shape"])
    return Column(entry.get("name"), np.dtype(str(spec["dtype"])), shape)
