"""All cases in the form that a model takes, and its answers in a form that JSON has."""

from __future__ import annotations

import re
from typing import Any

_KINDS = {"boolean": "bool", "integer": "int32", "long": "int64", "float": "float32"}


def fitted(estimator: Any) -> tuple[list[str] | None, int | None]:
    """The names of the columns that a model was fitted on, and how many; None where unknown."""
    names = getattr(estimator, "feature_names_in_", None)
    width = getattr(estimator, "n_features_in_", None)
    return (
        None if names is None else [str(name) for name in names],
        None if width is None else int(width),
    )


def make_rows(plan: dict[str, Any], names: list[str] | None, width: int | None) -> Any:
    """All cases; None if the signature isn't that of the fit, which is explained elsewhere."""
    import numpy as np

    columns = plan["columns"]  # [name or None, type] of each; None without a signature
    count = len(columns) if columns is not None else len(names or ()) or width or plan["unnamed"]
    if not 1 <= count <= plan["most"]:
        return None
    matrix = np.arange(2**count)[:, None] >> np.arange(count) & 1
    if plan["tensors"] is not None:
        return _as_tensors(matrix, plan["tensors"])
    if columns is None and names is None:
        return matrix.astype("float64")
    labels = names if columns is None else [name for name, _ in columns]
    kinds = ["long"] * count if columns is None else [kind for _, kind in columns]
    return _as_frame(matrix, labels, kinds, names)


def _as_frame(matrix: Any, labels: Any, kinds: list[str], names: list[str] | None) -> Any:
    try:
        import pandas
    except ImportError:  # then the model was fitted without it, too
        return matrix.astype("float64")
    texts = [f"G{i}" if name in (None, "") else str(name) for i, name in enumerate(labels, 1)]
    types = [_KINDS.get(kind, "float64") for kind in kinds]
    frame = pandas.DataFrame(
        {text: matrix[:, i].astype(types[i]) for i, text in enumerate(texts)}, columns=texts
    )
    if names is not None:
        frame.columns = [_spell(text, names) for text in texts]
        texts = list(frame.columns)
        return frame[names] if sorted(names) == sorted(texts) else None
    if all(name not in (None, "") for name in labels):
        frame.columns = labels  # as they are: also numbers
    return frame


def _spell(text: str, names: list[str]) -> str:
    """A column's name as the model has it: LightGBM writes underscores for spaces."""
    return text if text in names else re.sub(r"\s", "_", text)


def as_in_signature(plan: dict[str, Any], names: list[str] | None) -> list[str] | None:
    """The names of the fit as the signature has them."""
    if names is None or plan["columns"] is None:
        return names
    texts = {_spell(str(name), names): str(name) for name, _ in plan["columns"]}
    return [texts.get(name, name) for name in names]


def _as_tensors(matrix: Any, tensors: list[Any]) -> Any:
    """One array, or one for each of several names."""
    if len(tensors) == 1:
        return matrix.astype(tensors[0][1])
    return {name: matrix[:, i].astype(kind) for i, (name, kind) in enumerate(tensors)}


def ask_all(ask: Any, rows: Any) -> list[dict[str, Any]]:
    """Answers to all cases, to two halves in reverse order, and to all again."""
    size = len(next(iter(rows.values()))) if isinstance(rows, dict) else len(rows)
    middle = size // 2 if size > 2 else 0  # a single row may lose its shape
    parts = [slice(0, middle), slice(middle, size)] if middle else [slice(0, size)]
    answers = [_as_values(ask(rows))]
    answers += [_as_values(ask(_reverse(rows, part))) for part in parts]
    return [*answers, _as_values(ask(rows))]


def _reverse(rows: Any, part: slice) -> Any:
    """A part of the rows in reverse order, in the same form."""
    if isinstance(rows, dict):
        return {name: values[part][::-1].copy() for name, values in rows.items()}
    if hasattr(rows, "iloc"):
        return rows.iloc[part].iloc[::-1].reset_index(drop=True)
    return rows[part][::-1].copy()


def _as_values(raw: Any) -> dict[str, Any]:
    """An answer as JSON: its numbers with their names, or what it is instead of numbers."""
    import numpy as np

    if isinstance(raw, list) and raw and all(isinstance(row, dict) for row in raw):
        raw = {key: [row.get(key) for row in raw] for key in raw[0]}
    names = None
    if isinstance(raw, dict):
        names, raw = list(raw), np.column_stack([np.ravel(values) for values in raw.values()])
    elif getattr(raw, "columns", None) is not None:
        names = list(raw.columns)
    elif getattr(raw, "name", None) is not None:
        names = [raw.name]
    values = np.asarray(raw)
    is_float = values.dtype.kind == "f"
    return {
        "kind": values.dtype.kind,
        "shape": list(values.shape),
        "names": None if names is None else [as_plain(name) for name in names],
        "values": values.astype("float64").tolist() if is_float else None,
    }


def as_plain(value: Any) -> Any:
    """A class or a name as JSON has it; a list for several, as of a model of several outcomes."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return [as_plain(each) for each in value]
    return value if isinstance(value, (bool, int, float, str)) else str(value)
