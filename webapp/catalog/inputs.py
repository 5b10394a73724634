"""A model's inputs: which yes/no features it takes, and all cases in the form it takes them.

An input is called what its column is called, as text: a column 0 of a DataFrame is the input "0".
Where columns have no names, they are G1…Gd by position.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from webapp.cases import MAX_FEATURES, Features, shorten
from webapp.catalog.failures import own_line
from webapp.catalog.mlmodel import SIGNATURE_MEND
from webapp.catalog.prepared import PreparedError
from webapp.grammar import quantity

# MLflow's column types that can hold 0 and 1, as the numpy types that its schema asks for
_COLUMN_TYPES = {
    "boolean": "bool",
    "integer": "int32",
    "long": "int64",
    "float": "float32",
    "double": "float64",
}
UNNAMED = 10  # assumed number of inputs of a model that doesn't describe them


def read_features(signature: Any, model: Any) -> Features:
    """The features by the signature, or else by the model itself. Raises PreparedError."""
    if signature is not None and signature.inputs is not None:
        names, is_positional = _signature_names(signature.inputs, model)
        _check_width(len(names), model)
    else:
        names, is_positional = _model_names(model)
    if not 1 <= len(names) <= MAX_FEATURES:
        count = f"{len(names)} input" if len(names) == 1 else f"{len(names)} inputs"
        raise PreparedError(f"It has {count}; only 1 to {MAX_FEATURES} yes/no inputs can be served")
    try:
        return Features(tuple(names), is_positional)
    except ValueError as error:
        raise PreparedError(str(error)) from error


def make_cases(signature: Any, features: Features, order: Sequence[str] | None) -> Any:
    """All cases in order, as the DataFrame, array or dict of arrays that the model takes.

    ``order`` has the names that the model was fitted on, if it knows them: a signature may have
    them in another order. Raises PreparedError if it has other names.
    """
    matrix = features.matrix()
    schema = signature.inputs if signature is not None else None
    if schema is not None and schema.is_tensor_spec():
        spec = schema.inputs[0]
        if len(schema.inputs) == 1:
            return matrix.astype(spec.type)
        return {s.name: matrix[:, i].astype(s.type) for i, s in enumerate(schema.inputs)}
    if schema is None and order is None:
        return matrix.astype(np.float64)
    import pandas as pd

    frame = pd.DataFrame(matrix, columns=list(features.names)).astype(np.int64)
    if schema is not None:
        types = [_COLUMN_TYPES[_type_name(column)] for column in schema.inputs]
        frame = frame.astype(dict(zip(features.names, types, strict=True)))
    if order is not None:
        return _put_in_order(frame, features, order)
    if schema is not None and schema.has_input_names():
        frame.columns = [column.name for column in schema.inputs]  # as they are: also numbers
    return frame


@contextmanager
def explain_no_signature(signature: Any, model: Any, folder: Path) -> Iterator[None]:
    """Name the missing signature where a model fails that neither has one nor knows its inputs."""
    try:
        yield
    except Exception as error:
        has_inputs = signature is not None and signature.inputs is not None
        if has_inputs or fitted_names(model) is not None or _fitted_width(model) is not None:
            raise
        raise PreparedError(
            f"It has no signature, so that its inputs aren't known: asked for {UNNAMED} columns "
            f"without names, it fails{own_line(error, folder)}. {SIGNATURE_MEND}"
        ) from error


def fitted_names(model: Any, features: Features | None = None) -> tuple[str, ...] | None:
    """The columns that a model was fitted on, in its order; None if it doesn't know them.

    Where its library writes names in its own way, they are written as the ``features`` are.
    """
    names = getattr(model, "feature_names_in_", None)
    spell = getattr(model, "spell", None)
    ours = {spell(name): name for name in features.names} if spell and features else {}
    return None if names is None else tuple(ours.get(str(name), str(name)) for name in names)


def _put_in_order(frame: Any, features: Features, order: Sequence[str]) -> Any:
    """The frame in the order that the model was fitted on. Raises PreparedError."""
    check_order(features, order)
    return frame[list(order)]


def check_order(features: Features, order: Sequence[str]) -> None:
    """Raise PreparedError if a model was fitted on other columns than its signature has."""
    for ours, theirs, text in (
        (features.names, order, "its signature has the input {}, it was fitted without it"),
        (order, features.names, "it was fitted with the input {}, its signature lacks it"),
    ):
        missing = [name for name in ours if name not in theirs]
        if missing:
            problem = text.format(shorten(missing[0]))
            raise PreparedError(f"Its signature isn't that of its fit: {problem}. {SIGNATURE_MEND}")


def check_example(folder: Path, metadata: Any) -> None:
    """Raise PreparedError if the model's input example holds values other than 0 and 1."""
    info = getattr(metadata, "saved_input_example_info", None)
    info = info if isinstance(info, dict) else {}
    file = folder / str(info.get("artifact_path", ""))
    if not info or not file.is_file():
        return
    try:
        values = list(_example_values(json.loads(file.read_text("utf-8"))))
    except (OSError, ValueError, RecursionError):
        return  # an example that can't be read says nothing about the model
    other = [v for v in values if v not in (0, 1)]
    if other:
        raise PreparedError(
            f"Its inputs aren't yes/no: its input example holds {_show_value(other[0])}. "
            "Only models of 0/1 inputs can be served"
        )


def _show_value(value: Any) -> str:
    return "an empty cell" if value is None else shorten(value)


def _example_values(example: Any) -> list[Any]:
    """The data values of an example in MLflow's split, records, inputs or plain form."""
    if isinstance(example, dict):
        if "data" in example:
            return _example_values(example["data"])
        if "inputs" in example:
            return _example_values(example["inputs"])
        return [v for value in example.values() for v in _example_values(value)]
    if isinstance(example, list):
        return [v for value in example for v in _example_values(value)]
    return [example]


def _check_width(count: int, model: Any) -> None:
    width = getattr(model, "n_features_in_", None)
    if width not in (None, count) and fitted_names(model) is None:  # names say more
        raise PreparedError(
            f"Its signature isn't that of its fit: it has {quantity(count, 'input')}, the model "
            f"was fitted on {width}. {SIGNATURE_MEND}"
        )


def _signature_names(schema: Any, model: Any) -> tuple[list[str], bool]:
    """The names of the inputs, and True if the signature names none of them."""
    if schema.is_tensor_spec():
        return _tensor_names(schema.inputs, model)
    names = []
    for i, column in enumerate(schema.inputs):
        kind = _type_name(column)
        name = f"G{i + 1}" if column.name in (None, "") else column.name
        if kind not in _COLUMN_TYPES:
            raise PreparedError(
                f"Its input {shorten(name)} has the type {kind}, not yes/no. "
                "Only models of 0/1 inputs can be served"
            )
        names.append(str(name))
    return names, not any(column.name not in (None, "") for column in schema.inputs)


def _tensor_names(tensors: list[Any], model: Any) -> tuple[list[str], bool]:
    if len(tensors) == 1 and len(tensors[0].shape) == 2:
        width = tensors[0].shape[1]
        width = _fitted_width(model) or width if width < 0 else width  # -1: of any width
        if width > 0 and tensors[0].type.kind in "biuf":
            return _numbered(width), True
    if len(tensors) > 1 and all(_is_column(tensor) for tensor in tensors):
        return [str(tensor.name) for tensor in tensors], False
    shapes = ", ".join(str(tuple(t.shape)) for t in tensors)
    raise PreparedError(
        f"Its input is a tensor of shape {shapes}; only a table of yes/no inputs can be served"
    )


def _is_column(tensor: Any) -> bool:
    has_column_shape = tuple(tensor.shape) in ((-1,), (-1, 1))
    return bool(tensor.name) and tensor.type.kind in "biuf" and has_column_shape


def _model_names(model: Any) -> tuple[list[str], bool]:
    names = fitted_names(model)
    if names is not None:
        return list(names), False
    return _numbered(_fitted_width(model) or UNNAMED), True


def _fitted_width(model: Any) -> int | None:
    """The number of columns that a model was fitted on; None if it doesn't know it."""
    width = getattr(model, "n_features_in_", None)
    shape = getattr(model, "input_shape", None)
    if width is None and isinstance(shape, tuple) and len(shape) == 2:
        width = shape[1]
    return None if width is None else int(width)


def _numbered(count: int) -> list[str]:
    return [f"G{i + 1}" for i in range(count)]


def _type_name(column: Any) -> str:
    return str(getattr(column.type, "name", column.type))
