"""Models of other people, saved by MLflow itself: the good ones answer, the broken ones say why."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support import mlflow_models as foreign
from tests.support.mlflow_models import (
    NAMES,
    all_cases,
    columns,
    frame,
    logit,
    rows_of,
    save_sklearn,
    tensor,
)
from webapp.catalog.digest import model_digest
from webapp.catalog.prepare import MissingRuntimeError, main, prepare
from webapp.catalog.prepared import Facts, Prepared, read_facts, read_prepared
from webapp.vocabulary import vocabulary_for

# What mlflow, scikit-learn and skops warn of is not ours to fix.
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(autouse=True)
def _own_modules() -> Iterator[None]:
    """MLflow puts the folder of a model's code on the path, and leaves it there."""
    path = list(sys.path)
    yield
    sys.path[:] = path
    logging.disable(logging.NOTSET)  # main turns all of it off


def served(folder: Path, place: Path) -> Prepared:
    facts = prepare(folder, place)
    assert facts.reason is None
    return read_prepared(place)


def refused(folder: Path, place: Path, **how: Any) -> str:
    facts = prepare(folder, place, **how)
    assert facts == read_facts(place)
    assert [path.name for path in place.iterdir()] == ["facts.json"]
    assert str(folder.parent) not in str(facts.reason), "everybody may read the reason"
    return str(facts.reason)


def agree(prepared: Prepared, answers: Any) -> None:
    assert np.abs(prepared.scores - np.asarray(answers)).max() <= 1e-12


# --- Models that someone else saved ------------------------------------------------------------


def test_nothing_but_save_model_and_a_path(tmp_path: Path) -> None:
    import mlflow.sklearn

    model = logit()
    mlflow.sklearn.save_model(model, str(tmp_path / "plain"))
    prepared = served(tmp_path / "plain", tmp_path / "out")
    assert prepared.features.names == NAMES
    agree(prepared, model.predict_proba(all_cases(10))[:, 1])
    assert prepared.baseline is None
    assert prepared.facts.training == {}
    assert prepared.facts.flavor == "sklearn"
    assert prepared.facts.environment["scikit-learn"].count(".") == 2
    assert prepared.facts.environment["python"].startswith("3.")
    assert prepared.facts.digest == model_digest(tmp_path / "plain")


SMALL = ("bought_g1", "zz", "aa")
NAMED = [
    ("Größe XL", "a b", "x[0]<y>", "'"),
    tuple(f"feature {i}" for i in range(12)),
    tuple(f"f{i}" for i in range(16)),
    ("only",),
]
KINDS = ["long", "integer", "double", "float", "boolean"]


@pytest.mark.parametrize(
    ("names", "kind"), [(n, "long") for n in NAMED] + [(SMALL, kind) for kind in KINDS], ids=str
)
def test_a_signature_of_columns(tmp_path: Path, names: Sequence[str], kind: str) -> None:
    model = logit(len(names), names)
    save_sklearn(model, tmp_path / "m", signature=columns(names, kind))
    prepared = served(tmp_path / "m", tmp_path / "out")
    assert prepared.features.names == tuple(names)
    agree(prepared, model.predict_proba(frame(all_cases(len(names)), names))[:, 1])


@pytest.mark.parametrize("count", [3, 10, 12])
@pytest.mark.parametrize("kind", ["float64", "float32", "int64", "uint8", "bool"])
def test_a_signature_of_one_tensor(tmp_path: Path, count: int, kind: str) -> None:
    model = logit(count)
    save_sklearn(model, tmp_path / "m", signature=tensor(count, kind))
    prepared = served(tmp_path / "m", tmp_path / "out")
    assert prepared.features.names == tuple(f"G{i + 1}" for i in range(count))
    assert vocabulary_for(prepared.features).inputs == "inputs", "nothing says that it is of games"
    agree(prepared, model.predict_proba(all_cases(count).astype(kind))[:, 1])


@pytest.mark.parametrize(("count", "names"), [(10, None), (3, None), (4, ("d", "c", "b", "a"))])
def test_no_signature(tmp_path: Path, count: int, names: Sequence[str] | None) -> None:
    model = logit(count, names)
    save_sklearn(model, tmp_path / "m")
    prepared = served(tmp_path / "m", tmp_path / "out")
    assert prepared.features.names == (names or tuple(f"G{i + 1}" for i in range(count)))
    assert vocabulary_for(prepared.features).inputs == "inputs"
    cases = all_cases(count)
    agree(prepared, model.predict_proba(frame(cases, names) if names else cases)[:, 1])


def test_estimators_with_reviewed_types(tmp_path: Path) -> None:
    from sklearn.ensemble import HistGradientBoostingClassifier

    model = HistGradientBoostingClassifier(max_iter=5).fit(*rows_of(10))
    types = ["sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor"]
    save_sklearn(model, tmp_path / "m", skops_trusted_types=types)
    agree(served(tmp_path / "m", tmp_path / "out"), model.predict_proba(all_cases(10))[:, 1])


@pytest.mark.parametrize("labels", [("no", "yes"), ("ja", "nein"), (False, True), (-1, 1)], ids=str)
def test_a_pipeline_and_other_labels(tmp_path: Path, labels: tuple[Any, Any]) -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import PolynomialFeatures

    rows, label = rows_of(5)
    model = make_pipeline(PolynomialFeatures(2), LogisticRegression())
    model.fit(rows, np.array(labels)[label])
    save_sklearn(model, tmp_path / "m")
    prepared = served(tmp_path / "m", tmp_path / "out")
    positive = "ja" if "ja" in labels else labels[1]
    agree(prepared, model.predict_proba(all_cases(5))[:, list(model.classes_).index(positive)])
    assert prepared.facts.positive == str(positive)


@pytest.mark.parametrize(
    "answer",
    [
        "p",
        "p.tolist()",
        "p[:, None]",
        "np.column_stack([1 - p, p])",
        "__import__('pandas').DataFrame({'no': 1 - p, 'yes': p})",
        "__import__('pandas').DataFrame({'yes': p, 'no': 1 - p})",
        "__import__('pandas').DataFrame({1: p, 0: 1 - p})",
        "__import__('pandas').DataFrame({'p': p})",
        "__import__('pandas').Series(p)",
        "p.astype('float64').reshape(-1, 1)",
    ],
)
def test_models_from_code_in_every_form_of_answer(tmp_path: Path, answer: str) -> None:
    names = ("a", "b", "c")
    foreign.save_code(tmp_path / "m", answer, columns(names))
    prepared = served(tmp_path / "m", tmp_path / "out")
    assert prepared.features.names == names
    assert prepared.facts.flavor == "python_function"
    agree(prepared, foreign.answer_of_code(all_cases(3)))


def test_a_model_from_code_that_says_nothing_of_its_inputs(tmp_path: Path) -> None:
    foreign.save_code(tmp_path / "m")
    prepared = served(tmp_path / "m", tmp_path / "out")
    assert prepared.features.names == NAMES
    agree(prepared, foreign.answer_of_code(all_cases(10)))


def test_a_model_with_a_tensor_for_each_input(tmp_path: Path) -> None:
    from mlflow.models import ModelSignature
    from mlflow.types import Schema, TensorSpec

    each = [TensorSpec(np.dtype("float32"), (-1,), name) for name in ("left", "right")]
    answer = "0.25 + model_input['left'] / 2 + model_input['right'] / 8"
    code = foreign._CODE.format(answer=answer).replace(
        "        rows = np.asarray(model_input, dtype=float)\n"
        "        p = rows @ (0.9 / 2 ** np.arange(1, rows.shape[1] + 1))\n",
        "",
    )
    import mlflow.pyfunc

    (tmp_path / "code.py").write_text(code)
    mlflow.pyfunc.save_model(
        str(tmp_path / "m"),
        python_model=str(tmp_path / "code.py"),
        signature=ModelSignature(Schema(each)),
        pip_requirements=foreign.PINNED,
    )
    prepared = served(tmp_path / "m", tmp_path / "out")
    assert prepared.features.names == ("left", "right")
    agree(prepared, [0.25, 0.75, 0.375, 0.875])


def test_a_loader_module(tmp_path: Path) -> None:
    code = """
import pathlib
class Model:
    def __init__(self, share): self.share = share
    def predict(self, rows): return self.share * rows["G1"].to_numpy() + rows["G2"].to_numpy() / 10
def _load_pyfunc(path):
    return Model(float(pathlib.Path(path).read_text()))
"""
    (tmp_path / "share.txt").write_text("0.75")
    foreign.save_loader(tmp_path / "m", "loader_of_a_share", code, tmp_path / "share.txt")
    cases = all_cases(10)
    agree(served(tmp_path / "m", tmp_path / "out"), 0.75 * cases[:, 0] + cases[:, 1] / 10)


def test_a_baseline_of_its_own(tmp_path: Path) -> None:
    save_sklearn(logit(3), tmp_path / "m")
    (tmp_path / "m" / "everycase").mkdir()
    (tmp_path / "m" / "everycase" / "baseline.csv").write_text("case,n,positives\n0,5,1\n7,2,2\n")
    baseline = served(tmp_path / "m", tmp_path / "out").baseline
    assert baseline is not None
    assert baseline.n.tolist() == [5, 0, 0, 0, 0, 0, 0, 2]
    assert baseline.positives.tolist() == [1, 0, 0, 0, 0, 0, 0, 2]
    (tmp_path / "m" / "everycase" / "baseline.csv").write_text("case,n,positives\n8,5,1\n")
    broken = served(tmp_path / "m", tmp_path / "other")
    assert broken.baseline is None
    (note,) = broken.facts.notes
    assert note.startswith(
        "Served without training counts: everycase/baseline.csv is broken, case 8"
    )


@pytest.mark.parametrize("where", ["my models #1 100%", "a?b=c", "männer", "dbfs:"])
def test_a_folder_with_any_name(tmp_path: Path, where: str) -> None:
    model = logit(3)
    (tmp_path / where).mkdir()
    save_sklearn(model, tmp_path / "m")
    folder = (tmp_path / "m").rename(tmp_path / where / "m")
    agree(served(folder, tmp_path / "out"), model.predict_proba(all_cases(3))[:, 1])


@pytest.mark.parametrize(
    "metadata", [{"n": float("nan")}, {1: "a", "b": 2}, ["a list"], "text", None], ids=str
)
def test_metadata_in_another_form_is_left_out(tmp_path: Path, metadata: Any) -> None:
    save_sklearn(logit(3), tmp_path / "m", metadata={"everycase": metadata})
    assert served(tmp_path / "m", tmp_path / "out").facts.training == {}


@pytest.mark.parametrize("suffix", ["pkl", "pickle", "joblib", "PT"])
def test_a_pickle_anywhere_in_the_folder(tmp_path: Path, suffix: str) -> None:
    foreign.save_code(tmp_path / "m")
    (tmp_path / "m" / "artifacts").mkdir()
    (tmp_path / "m" / "artifacts" / f"part.{suffix}").write_bytes(b"")
    problem = refused(tmp_path / "m", tmp_path / "out")
    assert problem.startswith(f"artifacts/part.{suffix} is a pickle")


def test_the_owner_may_allow_pickle(tmp_path: Path) -> None:
    model = logit()
    save_sklearn(model, tmp_path / "m", serialization_format="cloudpickle")
    assert prepare(tmp_path / "m", tmp_path / "out", allow_pickle=True).reason is None
    agree(read_prepared(tmp_path / "out"), model.predict_proba(all_cases(10))[:, 1])


def test_a_package_that_is_not_installed(tmp_path: Path) -> None:
    foreign.save_running(tmp_path / "m", "import no_such_package")
    with pytest.raises(MissingRuntimeError, match="no_such_package isn't installed here"):
        prepare(tmp_path / "m", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_memory_that_ran_out_inside_mlflow_is_reported_as_that(tmp_path: Path) -> None:
    foreign.save_running(tmp_path / "m", "raise MemoryError")
    with pytest.raises(MemoryError):
        prepare(tmp_path / "m", tmp_path / "out")


# --- The child's side --------------------------------------------------------------------------


@pytest.fixture
def small(tmp_path: Path) -> Path:
    return save_sklearn(logit(3), tmp_path / "m")


def test_main_leaves_a_prepared_version(tmp_path: Path, small: Path) -> None:
    assert main([str(small), str(tmp_path / "out")]) == 0
    assert isinstance(read_facts(tmp_path / "out"), Facts)


def test_main_says_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    foreign.save_running(tmp_path / "m", "import no_such_package")
    assert main([str(tmp_path / "m"), str(tmp_path / "out")]) == 78
    assert capsys.readouterr().err.strip() == "no_such_package isn't installed here"


def test_main_notices_a_folder_that_changes(tmp_path: Path) -> None:
    own = tmp_path / "m" / "notes.txt"
    foreign.save_running(tmp_path / "m", f"open({str(own)!r}, 'a').write('x')")
    assert main([str(tmp_path / "m"), str(tmp_path / "out")]) == 79
    assert not (tmp_path / "out").exists()
