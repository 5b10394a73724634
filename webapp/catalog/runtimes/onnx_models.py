"""Models as ONNX, by ONNX Runtime on the processor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from webapp.cases import shorten
from webapp.catalog.classes import class_text
from webapp.catalog.loaded_model import FittedColumns, LoadedModel
from webapp.catalog.prepared import PreparedError
from webapp.catalog.runtimes.files import reading

# ONNX Runtime's types of inputs that can hold 0 and 1, as numpy's
_INPUTS = {
    "tensor(bool)": "bool",
    "tensor(int32)": "int32",
    "tensor(int64)": "int64",
    "tensor(float16)": "float16",
    "tensor(float)": "float32",
    "tensor(double)": "float64",
}
_ANSWERS = frozenset({"tensor(float16)", "tensor(float)", "tensor(double)"})
_QUIET = 4  # ONNX Runtime's level of logging: fatal errors alone


def load_onnx(folder: Path, flavor: Mapping[str, Any]) -> LoadedModel:
    """The model in a folder. Raises PreparedError, and whatever ONNX Runtime raises."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = _QUIET
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    with reading(folder, str(flavor.get("data", "model.onnx")), "ONNX Runtime") as path:
        session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )
    inputs, output = session.get_inputs(), _find_answer(session.get_outputs())
    for each in inputs:
        if each.type not in _INPUTS:
            raise PreparedError(
                f"Its input {shorten(each.name)} has the type {each.type}, not yes/no. "
                "Only models of 0/1 inputs can be served"
            )

    names = [each.name for each in session.get_outputs()]
    columns = _columns(inputs)

    def ask(rows: Any) -> Any:
        answers = _run(session, _feed(rows, inputs), inputs[0].shape)
        return _name_columns(answers[names.index(output.name)], answers)

    return LoadedModel("onnx", columns, ask)


def _columns(inputs: Sequence[Any]) -> FittedColumns:
    """One input is the table of all columns; several are a column each."""
    if len(inputs) > 1:
        return FittedColumns(tuple(each.name for each in inputs), len(inputs))
    shape = inputs[0].shape
    is_known = len(shape) == 2 and isinstance(shape[1], int)
    return FittedColumns(None, shape[1] if is_known else None)


def _feed(rows: Any, inputs: Sequence[Any]) -> dict[str, NDArray[Any]]:
    if len(inputs) == 1:
        table = np.column_stack(list(rows.values())) if isinstance(rows, dict) else rows
        return {inputs[0].name: np.asarray(table).astype(_INPUTS[inputs[0].type])}
    matrix = np.asarray(rows) if isinstance(rows, np.ndarray) else None
    feed = {}
    for i, each in enumerate(inputs):
        values = np.asarray(rows[each.name] if matrix is None else matrix[:, i])
        column = values.astype(_INPUTS[each.type])
        feed[each.name] = column[:, None] if len(each.shape) == 2 else column
    return feed


def _run(session: Any, feed: dict[str, NDArray[Any]], shape: Sequence[Any]) -> list[Any]:
    """All outputs for all rows. Some graphs take a fixed number of rows at a time."""
    count = len(next(iter(feed.values())))
    size = shape[0] if shape and isinstance(shape[0], int) else count
    runs = []
    for start in range(0, count, size):
        places = np.minimum(np.arange(start, start + size), count - 1)
        runs.append(session.run(None, {name: values[places] for name, values in feed.items()}))
    if len(runs) == 1:
        return [answer[:count] for answer in runs[0]]
    return [_join(parts)[:count] for parts in zip(*runs, strict=True)]


def _join(parts: Sequence[Any]) -> Any:
    """The answers to all runs: arrays, or lists of a dict a row."""
    if isinstance(parts[0], np.ndarray):
        return np.concatenate(parts)
    return [row for part in parts for row in part]


def _find_answer(outputs: Sequence[Any]) -> Any:
    """The output that holds probabilities: the only one of numbers. Raises PreparedError."""
    answers = [each for each in outputs if each.type in _ANSWERS or each.type.startswith("seq(map")]
    if len(answers) == 1:
        return answers[0]
    names = ", ".join(shorten(each.name) for each in (answers or outputs))
    if not answers:
        raise PreparedError(
            f"It returns classes alone ({names}), not probabilities. Add its probabilities to the "
            "outputs of its graph"
        )
    raise PreparedError(
        f"It returns several outputs of numbers ({names}). Leave its probabilities alone, beside "
        "the classes: del onnx_model.graph.output[i], i the number of another one"
    )


def _name_columns(answer: Any, answers: Sequence[Any]) -> Any:
    """Two columns with the names of their classes, if the model also returns each row's class."""
    import pandas as pd

    if not isinstance(answer, np.ndarray) or answer.ndim != 2 or answer.shape[1] != 2:
        return answer
    likely = answer.argmax(axis=1)
    for labels in answers:
        if isinstance(labels, np.ndarray) and labels.shape == likely.shape and labels is not answer:
            classes = [{class_text(each) for each in labels[likely == i]} for i in (0, 1)]
            if all(len(each) == 1 for each in classes) and classes[0] != classes[1]:
                return pd.DataFrame(answer, columns=[each.pop() for each in classes])
    return answer
