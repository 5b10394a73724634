"""The table *what can be served* of docs/models.md: each row's command is run as it stands there.

A row is served with the model's own probabilities, and refused once what it says is checked fails.
"""

from __future__ import annotations

import json
import pickle
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from tests.integration.catalog.test_prepare import _own_modules, refused
from tests.support.mlflow_models import all_cases, change_described, frame, prepare_here, rows_of
from tests.support.table_snippet import load_writer
from webapp.catalog.prepare import prepare
from webapp.catalog.prepared import read_prepared
from webapp.cli.main import main
from webapp.settings import ROOT, Settings

__all__ = ["_own_modules"]  # a fixture that every test here takes

pytestmark = pytest.mark.filterwarnings("ignore")
NAMES = ("late", "loud", "new")
_ROW = re.compile(
    r"^\| (?P<flavor>[^|]+) \| `(?P<save>[^`]+)` \| [^|]+ \| (?P<needs>[^|]+) \|$", re.M
)
_TABLE = (ROOT / "docs/models.md").read_text("utf-8").partition("## What can be served")[2]
ROWS = {row["flavor"]: row for row in _ROW.finditer(_TABLE.partition("\n## ")[0])}


@dataclass(frozen=True)
class Example:
    """A model for a row: how it is fitted, and what makes it fail what the row says is checked."""

    fit: Callable[[Any, Any], Any]
    spoil: Callable[[Path], object]
    reason: str  # of the refusal then
    answer: Callable[[Any, Any], Any] = lambda model, rows: model.predict_proba(rows)[:, 1]
    tolerance: float = 1e-12


def logit(rows: Any, label: Any) -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression().fit(rows, label)


def forest(rows: Any, label: Any) -> Any:
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(3, random_state=0).fit(rows, label)


def dense(rows: Any, label: Any) -> Any:
    keras = pytest.importorskip("keras", reason="the extra keras isn't installed")
    del rows, label  # its numbers are set
    layer = keras.layers.Dense(1, activation="sigmoid")
    model = keras.Sequential([keras.Input((3,)), layer])
    layer.set_weights([np.array([[1.5], [-1], [0.25]]), np.array([-0.5])])
    return model


def ask_dense(model: Any, rows: Any) -> Any:
    return model.predict(np.asarray(rows, "float32"), verbose=0)[:, 0]


_LOAD = "json.loads(pathlib.Path({}).read_text())"
_PREDICT = "return 1 / (1 + numpy.exp(-(numpy.asarray(rows) @ self.numbers)))"
_FROM_CODE = f"""
import json, pathlib, mlflow, numpy
class Model(mlflow.pyfunc.PythonModel):
    def load_context(self, context):
        self.numbers = {_LOAD.format('context.artifacts["numbers"]')}
    def predict(self, context, rows, params=None):
        {_PREDICT}
mlflow.models.set_model(Model())
"""
_LOADER = f"""
import json, pathlib, numpy
class Model:
    def predict(self, rows):
        {_PREDICT}
def _load_pyfunc(path):
    model = Model()
    model.numbers = {_LOAD.format("path")}
    return model
"""


def without_bias(rows: Any, label: Any) -> Any:
    """A model whose numbers alone are saved, beside code that answers with them."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(fit_intercept=False).fit(rows, label)
    Path("numbers.json").write_text(json.dumps(model.coef_[0].tolist()))
    Path("model.py").write_text(_FROM_CODE)
    Path("loader.py").write_text(_LOADER)
    return model


def as_table(rows: Any, label: Any) -> Any:
    """A model of which the snippet of the document writes the table."""
    model = logit(rows, label)
    load_writer()(model, NAMES, "table.csv")
    return model


def lose_a_case(folder: Path) -> None:
    table = folder / "artifacts" / "table.csv"
    table.write_text(table.read_text().rstrip().rpartition("\n")[0])


def run_command(command: str) -> Path:
    """Run ``everycase`` here, and prepare here, too."""
    settings = Settings(models_uri=Path("models").absolute(), var_dir=Path("var").absolute())
    name, *arguments = command.split()[1:]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("webapp.cli.models.make_preparer", prepare_here)
        result = CliRunner().invoke(main.commands[name], arguments, obj=settings)
    assert result.exit_code == 0, result.output
    (folder,) = Path("models").absolute().iterdir()
    return folder


def boosted(rows: Any, label: Any) -> Any:
    import xgboost

    return xgboost.XGBClassifier(n_estimators=3, n_jobs=1).fit(rows, label)


def light(rows: Any, label: Any) -> Any:
    import lightgbm

    return lightgbm.LGBMClassifier(n_estimators=3, n_jobs=1, verbose=-1).fit(rows, label)


def cat(rows: Any, label: Any) -> Any:
    catboost = pytest.importorskip("catboost", reason="test_catboost.py tests it on its own")
    return catboost.CatBoostClassifier(iterations=3, verbose=0).fit(rows, label)


def logit_of_statsmodels(rows: Any, label: Any) -> Any:
    import statsmodels.api

    return statsmodels.api.Logit(label, rows).fit(disp=0)


def tear(name: str) -> Callable[[Path], object]:
    """Leaves the beginning of a file."""
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes()[:100])


def put_pickle(folder: Path) -> None:
    (folder / "more.pkl").write_bytes(pickle.dumps(1))


def swap_file(folder: Path) -> None:
    """Says skops, and trusts whatever is in it."""
    import skops.io
    from sklearn.preprocessing import FunctionTransformer

    skops.io.dump(FunctionTransformer(all_cases), folder / "model.skops")
    change_described(folder, skops_trusted_types=["tests.support.mlflow_models.all_cases"])


def say_nothing(folder: Path) -> None:
    del folder  # it is refused as it is, without the setting


EXAMPLES = {
    "scikit-learn": Example(logit, swap_file, "types that are not on the reviewed list"),
    "scikit-learn, any estimator": Example(forest, swap_file, "are not on the reviewed list"),
    "scikit-learn, pickled": Example(logit, say_nothing, "saved as cloudpickle"),
    "Keras": Example(dense, put_pickle, "more.pkl is a pickle", ask_dense, 1e-6),
    "XGBoost": Example(boosted, tear("model.ubj"), "model.ubj is damaged"),
    "LightGBM": Example(light, tear("model.skops"), "model.skops is damaged"),
    "CatBoost": Example(cat, tear("model.cb"), "model.cb is damaged"),
    "ONNX": Example(logit, tear("model.onnx"), "model.onnx is damaged", tolerance=1e-6),
    "statsmodels": Example(
        logit_of_statsmodels, say_nothing, "with pickles in them", lambda m, rows: m.predict(rows)
    ),
    "model from code": Example(without_bias, put_pickle, "more.pkl is a pickle"),
    "loader of its own": Example(without_bias, put_pickle, "more.pkl is a pickle"),
    "any, as a table": Example(as_table, lose_a_case, "1 score is not finite (first: case 7)"),
}


def save(command: str, model: Any, rows: Any) -> Path:
    """Run a row's command."""
    if command.startswith("everycase "):
        return run_command(command)
    import mlflow
    import skl2onnx
    import skops.io

    for flavor in re.findall(r"mlflow\.(\w+)\.save_model", command):
        __import__(f"mlflow.{flavor}")
    signature = mlflow.models.infer_signature(rows, np.zeros(len(rows)))
    path = str(Path("saved").absolute())
    names = {"mlflow": mlflow, "skops": skops, "model": model, "path": path, "signature": signature}
    names |= {"X": rows, "to_onnx": skl2onnx.to_onnx}
    exec(command, names)
    return Path(path)


def test_every_row_has_a_model() -> None:
    assert list(ROWS) == list(EXAMPLES)


@pytest.mark.parametrize("flavor", ROWS)
def test_the_command_of_a_row_is_served(
    flavor: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    # MLflow would load each model in one more process to see which packages it needs
    monkeypatch.setattr(
        "mlflow.models.infer_pip_requirements",
        lambda _uri, _flavor, fallback=(), **_: list(fallback),
    )
    row, example = ROWS[flavor], EXAMPLES[flavor]
    inputs, label = rows_of(len(NAMES))
    model = example.fit(frame(inputs, NAMES), label)
    folder = save(row["save"], model, frame(inputs, NAMES))
    needs_pickle = "ALLOW_PICKLE=1" in row["needs"]
    facts = prepare(folder, tmp_path / "out", allow_pickle=needs_pickle)
    assert facts.reason is None
    answers = example.answer(model, frame(all_cases(len(NAMES)), NAMES))
    assert np.abs(read_prepared(tmp_path / "out").scores - answers).max() <= example.tolerance
    prepare(folder, tmp_path / "other", allow_pickle=needs_pickle, positive="0")
    other = read_prepared(tmp_path / "other")
    assert (other.facts.classes, other.facts.positive) == (("0", "1"), "0")
    assert np.abs(other.scores - (1 - answers)).max() <= example.tolerance
    needs_code = "ALLOW_CODE=1" in row["needs"]
    if needs_code:
        assert "code isn't run here" in refused(folder, tmp_path / "no", allow_code=False)
    example.spoil(folder)
    assert example.reason in refused(folder, tmp_path / "spoilt")
