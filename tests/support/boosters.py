"""Small models of other libraries than scikit-learn, and how MLflow saves them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.support.mlflow_models import columns, frame, rows_of

NAMES = ("late", "loud game", "new")
_SMALL = {"n_estimators": 5, "max_depth": 2, "random_state": 0, "n_jobs": 1}


def data(classes: int = 2) -> tuple[Any, NDArray[Any]]:
    """Rows as a DataFrame of three columns, and a class for each."""
    rows, label = rows_of(len(NAMES), classes=classes)
    return frame(rows, NAMES), label


def fit_xgboost(kind: str = "XGBClassifier", label: Any = None, **settings: Any) -> Any:
    import xgboost

    rows, plain = data()
    model = getattr(xgboost, kind)(**_SMALL, **settings)
    return model.fit(rows, plain if label is None else label)


def fit_lightgbm(label: Any = None, rows: Any = None, **settings: Any) -> Any:
    import lightgbm

    plain_rows, plain = data()
    model = lightgbm.LGBMClassifier(**_SMALL, min_child_samples=2, verbose=-1, **settings)
    return model.fit(plain_rows if rows is None else rows, plain if label is None else label)


def save(flavor: str, model: Any, place: Path, **more: Any) -> Path:
    """With plain MLflow. The packages are given: it would load each model to find them out."""
    module = __import__(f"mlflow.{flavor}", fromlist=["save_model"])
    more.setdefault("signature", columns(NAMES))
    module.save_model(model, str(place), pip_requirements=[flavor], **more)
    return place


def convert(model: Any, kinds: Sequence[tuple[str, Any]], **options: Any) -> Any:
    """A scikit-learn model as ONNX."""
    from skl2onnx import to_onnx

    return to_onnx(model, initial_types=list(kinds), options={id(model): options}, target_opset=18)


def sigmoid_graph(shape: Sequence[Any], *, more: Sequence[str] = (), end: str = "Sigmoid") -> Any:
    """An ONNX graph of one layer with the weights 1, −1, 0.5, and more outputs if named."""
    from onnx import TensorProto, helper, numpy_helper

    weights = numpy_helper.from_array(np.array([[1], [-1], [0.5]], np.float32), "w")
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["raw"]),
        helper.make_node(end, ["raw"], ["p"]),
        *(helper.make_node("Identity", ["raw"], [name]) for name in more),
    ]
    outputs = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in ("p", *more)
    ]
    rows = helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)
    graph = helper.make_graph(nodes, "g", [rows], outputs, [weights])
    opset = helper.make_opsetid("", 18)
    return helper.make_model(graph, opset_imports=[opset], ir_version=9)
