"""Broken models, built for real: each is refused, and says why in one sentence."""

from __future__ import annotations

import pickle
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from tests.integration.catalog.test_prepare import _own_modules, refused
from tests.support import mlflow_models as foreign
from tests.support.mlflow_models import NAMES, columns, logit, rows_of, save_sklearn

__all__ = ["_own_modules"]  # a fixture that every test here takes

# What mlflow, scikit-learn and skops warn of is not ours to fix.
pytestmark = pytest.mark.filterwarnings("ignore")

Builder = Callable[[Path], object]


def truncated(place: Path) -> None:
    save_sklearn(logit(), place)
    content = (place / "model.skops").read_bytes()
    (place / "model.skops").write_bytes(content[: len(content) // 2])


def without_its_file(place: Path) -> None:
    save_sklearn(logit(), place)
    (place / "model.skops").unlink()


def outside(place: Path) -> None:
    save_sklearn(logit(), place)
    (place / "model.skops").rename(place.parent / "model.skops")
    foreign.change_described(place, pickled_model="../model.skops")


def described_as(text: str | bytes) -> Builder:
    def build(place: Path) -> None:
        place.mkdir()
        (place / "MLmodel").write_bytes(text.encode() if isinstance(text, str) else text)

    return build


def with_example(place: Path) -> None:
    rows, label = rows_of(3)
    rows[:, 1] *= 37.5
    from sklearn.linear_model import LogisticRegression

    names = ("owns", "age", "new")
    import pandas as pd

    data = pd.DataFrame(rows, columns=names)
    model = LogisticRegression().fit(data, label)
    save_sklearn(model, place, input_example=data.head(3))


def untrusted(is_listed: bool) -> Builder:
    def build(place: Path) -> None:
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import FunctionTransformer

        model = make_pipeline(FunctionTransformer(foreign.same), LogisticRegression())
        save_sklearn(
            model.fit(*rows_of(10)), place, skops_trusted_types=["tests.support.mlflow_models.same"]
        )
        if not is_listed:
            foreign.change_described(place, skops_trusted_types=None)

    return build


def cloudpickled_pyfunc(place: Path) -> None:
    import mlflow.pyfunc

    class Model(mlflow.pyfunc.PythonModel):
        def predict(self, context: Any, model_input: Any) -> Any:  # noqa: ARG002
            return np.full(len(model_input), 0.5)

    mlflow.pyfunc.save_model(str(place), python_model=Model(), pip_requirements=foreign.PINNED)


def regressor(place: Path) -> None:
    from sklearn.linear_model import LinearRegression

    save_sklearn(LinearRegression().fit(*rows_of(10)), place)


def hinge(place: Path) -> None:
    from sklearn.linear_model import SGDClassifier

    save_sklearn(SGDClassifier().fit(*rows_of(10)), place)


def unpickling_loader(name: str, statement: str) -> Builder:
    """A pyfunc that unpickles by itself, from a file that doesn't look like a pickle."""

    def build(place: Path) -> None:
        (place.parent / "weights.bin").write_bytes(pickle.dumps(foreign.Answering()))
        code = f"def _load_pyfunc(path):\n    {statement}\n"
        foreign.save_loader(place, name, code, place.parent / "weights.bin")

    return build


def code(answer: str, count: int = 3) -> Builder:
    return lambda place: foreign.save_code(place, answer, columns(NAMES[:count]))


def only_flavor(name: str) -> Builder:
    return described_as(f"flavors:\n  {name}: {{}}\n")


def disguised(place: Path) -> None:
    """Says that it is skops; its file is a pickle."""
    save_sklearn(logit(), place)
    (place / "model.skops").write_bytes(pickle.dumps(logit()))


def hollow(place: Path) -> None:
    """A zip file without skops' schema in it."""
    save_sklearn(logit(), place)
    with zipfile.ZipFile(place / "model.skops", "w") as archive:
        archive.writestr("readme.txt", "nothing here")


def behind_a_loader(place: Path) -> None:
    """A pickle that names no sklearn flavor, and no file of it looks like one."""
    save_sklearn(logit(), place, serialization_format="pickle")
    (place / "model.pkl").rename(place / "weights.bin")
    description = yaml.safe_load((place / "MLmodel").read_text())
    del description["flavors"]["sklearn"]
    description["flavors"]["python_function"]["model_path"] = "weights.bin"
    (place / "MLmodel").write_text(yaml.safe_dump(description))


BROKEN: dict[str, tuple[Builder, str]] = {
    "pickle": (
        lambda p: save_sklearn(logit(), p, serialization_format="pickle"),
        r"saved as pickle, which can run any code.*skops: mlflow\.sklearn\.save_model",
    ),
    "cloudpickle": (
        lambda p: save_sklearn(logit(), p, serialization_format="cloudpickle"),
        "saved as cloudpickle, which can run any code",
    ),
    "cloudpickled pyfunc": (cloudpickled_pyfunc, "Python model was saved as cloudpickle"),
    "truncated": (truncated, r"^model\.skops is damaged: it isn't a whole file of skops\. Copy it"),
    "missing": (without_its_file, r"^model\.skops is missing: copy the whole folder"),
    "disguised": (disguised, r"^model\.skops is damaged: it isn't a whole file of skops"),
    "hollow": (hollow, r"^model\.skops isn't a file that skops [\d.]+ reads\. Copy it again"),
    "behind a loader": (behind_a_loader, r"Loading it unpickles sklearn\."),
    "outside": (outside, "names a file outside its folder: ../model.skops"),
    "no MLmodel": (lambda p: p.mkdir(), "MLmodel file is missing"),
    "not YAML": (described_as("a: [1\nb: }"), "MLmodel file can't be read: line 2 isn't YAML"),
    "not text": (
        described_as(b"\xff\xfe\x00"),
        "MLmodel file can't be read: it isn't text in UTF-8",
    ),
    "deep YAML": (described_as("[" * 5000), "MLmodel file can't be read: it isn't YAML"),
    "empty": (described_as(""), "^MLmodel is empty: copy it again"),
    "a list": (described_as("- flavors"), "names no flavors"),
    "no flavors": (described_as("run_id: x\nflavors: {}\n"), "names no flavors"),
    "odd flavors": (described_as("flavors: {sklearn: 3}\n"), "a flavor is not a mapping"),
    "unknown flavor": (only_flavor("spark"), "no python_function flavor, only spark"),
    "odd signature": (
        described_as("flavors: {python_function: {}}\nsignature: {inputs: 'x'}\n"),
        "loader_module of python_function must be a module's name",
    ),
    "text column": (
        lambda p: save_sklearn(logit(), p, signature=columns((*NAMES[:9], "city"), "string")),
        "Its input G1 has the type string, not yes/no",
    ),
    "example": (with_example, r"its input example holds (37\.5|0\.5)"),
    "17 features": (lambda p: save_sklearn(logit(17), p), "has 17 inputs; only 1 to 16"),
    "17 columns": (
        lambda p: save_sklearn(logit(17), p, signature=columns([f"c{i}" for i in range(17)])),
        "has 17 inputs; only 1 to 16",
    ),
    "named version": (
        lambda p: save_sklearn(logit(2), p, signature=columns(("a", "version"))),
        "a feature is named 'version'",
    ),
    "image": (
        lambda p: foreign.save_code(p, "p", _image()),
        r"a tensor of shape \(-1, 28, 28\); only a table of yes/no inputs",
    ),
    "three classes": (
        lambda p: save_sklearn(logit(classes=3), p),
        r"has 3 classes \(0, 1 and 2\); only models with two",
    ),
    "regressor": (regressor, "LinearRegression has no predict_proba"),
    "hinge": (hinge, "SGDClassifier has no predict_proba"),
    "classes": (code("(p > .4).astype(int)"), "returns classes, not probabilities"),
    "truths": (code("p > .4"), "returns classes, not probabilities"),
    "words": (code("np.where(p > .4, 'yes', 'no')"), "It returns .*, not probabilities"),
    "three columns": (
        code("np.column_stack([p, p, p])"),
        "It returns 3 columns, as a model of 3 classes does",
    ),
    "too few": (code("p[:-1]"), "It returns 7 rows; one probability for each of 8"),
    "no sum": (code("np.column_stack([p, p])"), "two columns .* don't add up to 1"),
    "NaN": (
        code("np.where(p > .6, np.nan, p)"),
        r"2 scores are not finite \(first: case 3",
    ),
    "NaN twice": (code("np.full((8, 2), np.nan)"), "8 scores are not finite"),
    "infinite": (code("p / 0"), "scores are not finite"),
    "above 1": (code("p + .5"), r"scores are not between 0 and 1 \(first: case .*, 1\.\d"),
    "below 0": (code("-p"), r"7 scores are not between 0 and 1 \(first: case 1, -0\.45\)"),
    "an error": (code("1 / 0"), r"failed in m_model\.py, line \d+: ZeroDivisionError"),
    "untrusted": (
        untrusted(is_listed=False),
        r"types that are not on the reviewed list: tests\.suppo",
    ),
    "listed": (
        untrusted(is_listed=True),
        r"types that are not on the reviewed list: tests\.support",
    ),
    "loads a pickle": (
        unpickling_loader("loads_1", "import pickle; return pickle.load(open(path, 'rb'))"),
        r"Loading it unpickles tests\.support\.mlflow_models\.Answering, which can run any code",
    ),
    "Python's unpickler": (
        unpickling_loader(
            "loads_2", "import pickle; return pickle._Unpickler(open(path, 'rb')).load()"
        ),
        r"Loading it unpickles tests\.support\.mlflow_models\.Answering",
    ),
    "cloudpickle by itself": (
        unpickling_loader(
            "loads_3", "import cloudpickle; return cloudpickle.load(open(path, 'rb'))"
        ),
        r"Loading it unpickles tests\.support\.mlflow_models\.Answering",
    ),
    "wrapped": (
        unpickling_loader(
            "loads_4",
            "import pickle\n"
            "    try: return pickle.load(open(path, 'rb'))\n"
            "    except Exception as e: raise OSError('no weights') from e",
        ),
        r"Loading it unpickles tests\.support\.mlflow_models\.Answering",
    ),
}


def _image() -> Any:
    from mlflow.models import ModelSignature
    from mlflow.types import Schema, TensorSpec

    return ModelSignature(Schema([TensorSpec(np.dtype("float32"), (-1, 28, 28))]))


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_model_is_refused_with_its_reason(tmp_path: Path, name: str) -> None:
    build, reason = BROKEN[name]
    build(tmp_path / "m")
    problem = refused(tmp_path / "m", tmp_path / "out")
    assert re.search(reason, problem), problem
    assert "\n" not in problem
    assert len(problem) < 400
