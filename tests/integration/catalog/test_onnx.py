"""ONNX models of the forms that are met: from scikit-learn, and from networks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.integration.catalog.test_prepare import _own_modules, agree, refused, served
from tests.support.boosters import NAMES, convert, data, save, sigmoid_graph
from tests.support.mlflow_models import all_cases, columns, frame, tensor

__all__ = ["_own_modules"]  # a fixture that every test here takes

pytestmark = pytest.mark.filterwarnings("ignore")
MATRIX = all_cases(len(NAMES))
GRAPH_ANSWER = 1 / (1 + np.exp(-(MATRIX @ [1, -1, 0.5])))
COLUMNS = [n.replace(" ", "_") for n in NAMES]


def ask_runtime(model: Any, feed: dict[str, Any]) -> Any:
    """The first output of numbers, as ONNX Runtime alone gives it."""
    import onnxruntime

    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return session.run(None, feed)


def fit_logit(classes: tuple[Any, Any]) -> Any:
    from sklearn.linear_model import LogisticRegression

    rows, label = data()
    return LogisticRegression().fit(rows.to_numpy(float), np.array(classes)[label])


def table(kind: str = "Float") -> Any:
    from skl2onnx.common import data_types

    return [("x", getattr(data_types, f"{kind}TensorType")([None, len(NAMES)]))]


@pytest.mark.parametrize("with_names", [True, False], ids=["dict a row", "two columns"])
@pytest.mark.parametrize("classes", [(0, 1), ("no", "yes"), (-1, 1)], ids=str)
def test_a_classifier_of_scikit_learn(
    tmp_path: Path, classes: tuple[Any, Any], with_names: bool
) -> None:
    source = fit_logit(classes)
    model = convert(source, table(), zipmap=with_names)
    save("onnx", model, tmp_path / "m")
    prepared = served(tmp_path / "m", tmp_path / "out")
    _, answers = ask_runtime(model, {"x": MATRIX.astype("float32")})
    agree(prepared, [row[classes[1]] for row in answers] if with_names else answers[:, 1])
    assert np.abs(prepared.scores - source.predict_proba(MATRIX)[:, 1]).max() < 1e-6
    facts = prepared.facts
    assert (facts.flavor, facts.positive) == ("onnx", str(classes[1]))
    assert facts.classes == tuple(str(each) for each in classes)
    assert facts.code is None


def test_classes_whose_meaning_is_not_plain(tmp_path: Path) -> None:
    save("onnx", convert(fit_logit(("stay", "churn")), table(), zipmap=False), tmp_path / "m")
    assert "classes are churn and stay" in refused(tmp_path / "m", tmp_path / "out")


@pytest.mark.parametrize("kind", ["Float", "Int64", "Double"])
def test_an_input_for_each_column(tmp_path: Path, kind: str) -> None:
    """The signature has them in another order, and names are what tells them apart."""
    from skl2onnx.common import data_types
    from sklearn.compose import ColumnTransformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    rows, label = data()
    rows = rows.set_axis(COLUMNS, axis=1)
    columns_alone = ColumnTransformer([("all", "passthrough", COLUMNS)])
    source = make_pipeline(columns_alone, LogisticRegression()).fit(rows, label)
    single = getattr(data_types, f"{kind}TensorType")
    model = convert(source, [(name, single([None, 1])) for name in COLUMNS], zipmap=False)
    save("onnx", model, tmp_path / "m", signature=columns(COLUMNS[::-1]))
    prepared = served(tmp_path / "m", tmp_path / "out")
    assert prepared.features.names == tuple(COLUMNS[::-1])
    assert (
        np.abs(prepared.scores - source.predict_proba(frame(MATRIX, COLUMNS[::-1]))[:, 1]).max()
        < 1e-6
    )
    save("onnx", model, tmp_path / "n", signature=columns(("a", "b", "c")))
    assert "it was fitted without it" in refused(tmp_path / "n", tmp_path / "out")


@pytest.mark.parametrize("rows", ["n", 1, 3, 8])
def test_a_network_that_takes_some_rows_at_a_time(tmp_path: Path, rows: Any) -> None:
    save("onnx", sigmoid_graph([rows, 3]), tmp_path / "m", signature=tensor(3, "float32"))
    prepared = served(tmp_path / "m", tmp_path / "out")
    assert np.abs(prepared.scores - GRAPH_ANSWER).max() < 1e-6
    assert prepared.features.names == ("G1", "G2", "G3")


def test_without_a_signature(tmp_path: Path) -> None:
    save("onnx", sigmoid_graph(["n", 3]), tmp_path / "m", signature=None)
    assert np.abs(served(tmp_path / "m", tmp_path / "out").scores - GRAPH_ANSWER).max() < 1e-6


def test_numbers_in_a_file_beside_it(tmp_path: Path) -> None:
    more = {"size_threshold": 0, "convert_attribute": True}
    folder = save("onnx", sigmoid_graph(["n", 3]), tmp_path / "m", **more)
    names = {path.name for path in folder.iterdir()}
    assert len(names - {"model.onnx", "MLmodel"}) > 3, "MLflow puts them there"
    assert np.abs(served(folder, tmp_path / "out").scores - GRAPH_ANSWER).max() < 1e-6


@pytest.mark.parametrize(
    ("graph", "problem"),
    [
        (lambda: sigmoid_graph(["n", 3], end="Identity"), "scores are not between 0 and 1"),
        (lambda: sigmoid_graph(["n", 3], more=["raw2"]), r"several outputs of numbers (p, raw2)"),
        (
            lambda: sigmoid_graph(["n", 4]),
            "model.onnx is damaged, or from a version that this ONNX R",
        ),
    ],
    ids=["raw", "two outputs", "other width"],
)
def test_what_is_refused(tmp_path: Path, graph: Any, problem: str) -> None:
    save("onnx", graph(), tmp_path / "m")
    assert problem in refused(tmp_path / "m", tmp_path / "out")


def test_one_of_several_outputs_as_its_mend_says(tmp_path: Path) -> None:
    model = sigmoid_graph(["n", 3], more=["other"])
    save("onnx", model, tmp_path / "m")
    mend = refused(tmp_path / "m", tmp_path / "out")
    assert "del onnx_model.graph.output[i]" in mend
    del model.graph.output[1]
    save("onnx", model, tmp_path / "n")
    assert np.abs(served(tmp_path / "n", tmp_path / "out").scores - GRAPH_ANSWER).max() < 1e-6


def test_classes_alone_as_their_mend_says(tmp_path: Path) -> None:
    model = convert(fit_logit((0, 1)), table(), zipmap=False)
    probabilities = model.graph.output.pop()
    save("onnx", model, tmp_path / "m")
    mend = refused(tmp_path / "m", tmp_path / "out")
    assert "returns classes alone (label), not probabilities. Add its probabilities to" in mend
    model.graph.output.append(probabilities)
    save("onnx", model, tmp_path / "n")
    served(tmp_path / "n", tmp_path / "out")
