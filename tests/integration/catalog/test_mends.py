"""Every mend that a reason names is carried out, and the model is served then."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.integration.catalog.test_prepare import _own_modules, agree, refused, served
from tests.support import mlflow_models as foreign
from tests.support.mlflow_models import PINNED, all_cases, columns, rows_of, save_sklearn
from webapp.catalog.mends import install_mend
from webapp.catalog.prepare import MissingRuntimeError, prepare
from webapp.catalog.prepared import read_prepared

__all__ = ["_own_modules"]  # a fixture that every test here takes

pytestmark = pytest.mark.filterwarnings("ignore")
ROWS, LABEL = rows_of(3)
_CALL = re.compile(
    r"mlflow\.sklearn\.save_model\(model, path(?:, skops_trusted_types=(\[.*?\]))?\)"
)


def logit() -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression()


def forest() -> Any:
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(3, random_state=0)


def boosted() -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(max_iter=3)


def calibrated() -> Any:
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.linear_model import SGDClassifier

    return CalibratedClassifierCV(SGDClassifier(random_state=0))


def voting() -> Any:
    from sklearn.ensemble import VotingClassifier
    from sklearn.naive_bayes import BernoulliNB

    return VotingClassifier([("a", logit()), ("b", BernoulliNB())], voting="soft")


def network() -> Any:
    from sklearn.neural_network import MLPClassifier

    return MLPClassifier((2,), max_iter=5, random_state=0)


def search() -> Any:
    from sklearn.model_selection import GridSearchCV

    return GridSearchCV(logit(), {"C": [0.1, 1]})


ESTIMATORS = (logit, forest, boosted, calibrated, voting, network, search)


@pytest.mark.parametrize(
    ("make", "form"),
    [(forest, "cloudpickle"), *((make, "pickle") for make in ESTIMATORS)],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_a_pickled_estimator_is_saved_as_the_reason_says(
    tmp_path: Path, make: Callable[[], Any], form: str
) -> None:
    model = make().fit(ROWS, LABEL)
    save_sklearn(model, tmp_path / "m", serialization_format=form)
    call = _CALL.search(refused(tmp_path / "m", tmp_path / "out"))
    assert call is not None
    types = {"skops_trusted_types": json.loads(call[1].replace("'", '"'))} if call[1] else {}
    save_sklearn(model, tmp_path / "n", **types)
    agree(served(tmp_path / "n", tmp_path / "out"), model.predict_proba(all_cases(3))[:, 1])


def test_allowing_pickle_loads_what_was_refused(tmp_path: Path) -> None:
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import SplineTransformer

    model = make_pipeline(SplineTransformer(), logit()).fit(ROWS, LABEL)
    types = [
        "scipy._lib.array_api_compat.numpy._aliases.asarray",
        "scipy.interpolate._bsplines.BSpline",
    ]
    save_sklearn(model, tmp_path / "m", skops_trusted_types=types)
    problem = refused(tmp_path / "m", tmp_path / "out")
    assert all(name in problem for name in types), "types are named whole"
    assert "ALLOW_PICKLE=1 loads them" in problem
    assert prepare(tmp_path / "m", tmp_path / "out", allow_pickle=True).reason is None
    agree(read_prepared(tmp_path / "out"), model.predict_proba(all_cases(3))[:, 1])


def test_an_estimator_without_probabilities(tmp_path: Path) -> None:
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.linear_model import SGDClassifier

    model = SGDClassifier(random_state=0).fit(ROWS, LABEL)
    save_sklearn(model, tmp_path / "m")
    problem = refused(tmp_path / "m", tmp_path / "out")
    assert problem.endswith("CalibratedClassifierCV(model).fit(X, y) adds it")
    remedy = CalibratedClassifierCV(model).fit(ROWS, LABEL)
    with pytest.raises(Exception, match="skops_trusted_types") as error:
        save_sklearn(remedy, tmp_path / "n")
    types = sorted(set(re.findall(r"sklearn\.calibration\.\w+", str(error.value))))
    save_sklearn(remedy, tmp_path / "o", skops_trusted_types=types)  # as MLflow says itself
    agree(served(tmp_path / "o", tmp_path / "out"), remedy.predict_proba(all_cases(3))[:, 1])


def test_a_vote_without_probabilities(tmp_path: Path) -> None:
    model = voting().set_params(voting="hard").fit(ROWS, LABEL)
    save_sklearn(model, tmp_path / "m", skops_trusted_types=["sklearn.utils._bunch.Bunch"])
    assert refused(tmp_path / "m", tmp_path / "out").endswith("Fit it with voting='soft'")


_WITH_NUMBERS = """
import json
import mlflow
import numpy as np

class Model(mlflow.pyfunc.PythonModel):
    def load_context(self, context):
        with open(context.artifacts["numbers"]) as file:
            self.numbers = np.array(json.load(file))

    def predict(self, context, model_input, params=None):
        return 1 / (1 + np.exp(-np.asarray(model_input) @ self.numbers))

mlflow.models.set_model(Model())
"""


def test_a_model_from_code_with_its_numbers(tmp_path: Path) -> None:
    """The mend for whatever can't be served as it is: of another flavor, or pickled."""
    import mlflow.pyfunc

    foreign.save_code(tmp_path / "m", "p", columns(("a", "b", "c")))
    (tmp_path / "m" / "artifacts").mkdir()
    (tmp_path / "m" / "artifacts" / "forest.joblib").write_bytes(b"")
    problem = refused(tmp_path / "m", tmp_path / "out")
    call = (
        "mlflow.pyfunc.save_model(path, python_model='model.py', "
        "artifacts={'numbers': 'numbers.json'})"
    )
    assert (
        f"Save its Python code as a file, and its numbers in a format such as JSON: {call}"
        in problem
    )
    (tmp_path / "model.py").write_text(_WITH_NUMBERS)
    (tmp_path / "numbers.json").write_text("[1.5, -1, 0.25]")
    mlflow.pyfunc.save_model(
        str(tmp_path / "n"),
        python_model=str(tmp_path / "model.py"),
        artifacts={"numbers": str(tmp_path / "numbers.json")},
        signature=columns(("a", "b", "c")),
        pip_requirements=PINNED,
    )
    odds = all_cases(3) @ [1.5, -1, 0.25]
    agree(served(tmp_path / "n", tmp_path / "out"), 1 / (1 + np.exp(-odds)))


def test_a_model_of_statsmodels_as_code_with_its_numbers(tmp_path: Path) -> None:
    import mlflow.statsmodels
    from statsmodels.api import Logit

    signature = columns(("a", "b", "c"))
    model = Logit(LABEL, ROWS).fit(disp=0)
    mlflow.statsmodels.save_model(
        model, str(tmp_path / "m"), signature=signature, pip_requirements=PINNED
    )
    problem = refused(tmp_path / "m", tmp_path / "out")
    assert "MLflow saves models of statsmodels with pickles in them" in problem
    assert "artifacts={'numbers': 'numbers.json'}" in problem
    assert prepare(tmp_path / "m", tmp_path / "out", allow_pickle=True).reason is None
    agree(read_prepared(tmp_path / "out"), model.predict(all_cases(3)))
    (tmp_path / "model.py").write_text(_WITH_NUMBERS)
    (tmp_path / "numbers.json").write_text(json.dumps(model.params.tolist()))
    mlflow.pyfunc.save_model(
        str(tmp_path / "n"),
        python_model=str(tmp_path / "model.py"),
        artifacts={"numbers": str(tmp_path / "numbers.json")},
        signature=signature,
        pip_requirements=PINNED,
    )
    agree(served(tmp_path / "n", tmp_path / "out"), model.predict(all_cases(3)))


def write_described(folder: Path, flavor: str, **description: Any) -> Path:
    """A model of which only the description is there."""
    folder.mkdir()
    flavors = {flavor: description, "python_function": {"loader_module": f"mlflow.{flavor}"}}
    (folder / "MLmodel").write_text(json.dumps({"flavors": flavors}))
    return folder


def test_a_model_of_pytorch_is_to_be_exported(tmp_path: Path) -> None:
    """The export itself needs PyTorch, which is too large to be installed for a test."""
    folder = write_described(tmp_path / "m", "pytorch", model_data="data")
    (folder / "data").mkdir()
    (folder / "data" / "model.pt2").write_bytes(b"PK")
    problem = refused(folder, tmp_path / "out")
    assert "models of PyTorch with pickles in them" in problem
    assert "torch.onnx.export(model, (rows,), 'model.onnx', dynamic_shapes" in problem


@pytest.mark.parametrize(
    ("flavor", "module"),
    [
        ("xgboost", "xgboost"),
        ("lightgbm", "lightgbm"),
        ("catboost", "catboost"),
        ("onnx", "onnxruntime"),
    ],
)
def test_a_library_that_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flavor: str, module: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    folder = write_described(tmp_path / "m", flavor, data="model.bin")
    (folder / "model.bin").write_bytes(b"x")
    with pytest.raises(MissingRuntimeError, match=f"^{module} isn't installed here$"):
        prepare(folder, tmp_path / "out")
    assert install_mend(module) == f"pip install -e '.[{flavor}]'"


@pytest.mark.parametrize(
    ("wrong", "problem", "remedy"),
    [
        ("(p > .4).astype(int)", "returns classes, not probabilities. Have its predict", "p"),
        ("(p > .4).astype(float)", "All its answers are 0 or 1", "p"),
        (
            "(p > .4) * 1.0",
            "if these are its probabilities, return two columns named no and yes",
            "__import__('pandas').DataFrame({'no': (p <= .4) * 1.0, 'yes': (p > .4) * 1.0})",
        ),
        ("np.random.random(len(p))", "It answers at random: asked twice, case ", "p"),
        ("p.argsort().argsort() / len(p)", "depends on the other rows", "p"),
    ],
)
def test_the_answers_of_a_model_from_code(
    tmp_path: Path, wrong: str, problem: str, remedy: str
) -> None:
    foreign.save_code(tmp_path / "m", wrong, columns(("a", "b", "c")))
    assert problem in refused(tmp_path / "m", tmp_path / "out")
    foreign.save_code(tmp_path / "n", remedy, columns(("a", "b", "c")))
    p = foreign.answer_of_code(all_cases(3))
    agree(served(tmp_path / "n", tmp_path / "out"), p if remedy == "p" else p > 0.4)


def test_a_keras_model_that_answers_with_classes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    keras = pytest.importorskip("keras")
    import mlflow.keras

    def save(activation: str, name: str) -> Any:
        dense = keras.layers.Dense(1, activation=activation)
        model = keras.Sequential([keras.Input((3,)), dense])
        dense.set_weights([np.full((3, 1), 99.0), np.array([-50.0])])
        mlflow.keras.save_model(model, str(tmp_path / name), pip_requirements=["keras"])
        return model

    save("hard_sigmoid", "m")
    problem = refused(tmp_path / "m", tmp_path / "out")
    assert "All its answers are 0 or 1" in problem
    assert problem.endswith("End it with Dense(1, activation='sigmoid')")
    model = save("sigmoid", "n")
    answers = model.predict(all_cases(3).astype("float32"), verbose=0)[:, 0]
    assert np.abs(served(tmp_path / "n", tmp_path / "out").scores - answers).max() < 1e-6
