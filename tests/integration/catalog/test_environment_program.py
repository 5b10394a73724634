"""What the program asks and says in a model's own environment, run here: as the model itself."""

from __future__ import annotations

import io
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.integration.catalog.test_prepare import _own_modules
from tests.support.boosters import NAMES, data, fit_lightgbm, fit_xgboost, save
from tests.support.mlflow_models import (
    all_cases,
    answer_of_code,
    columns,
    frame,
    logit,
    save_code,
    save_sklearn,
    tensor,
)
from webapp.catalog.prepare import Examination
from webapp.catalog.prepared import PreparedError, read_facts, read_prepared
from webapp.catalog.venvs import entry, outcome, plan
from webapp.catalog.venvs.outcome import examine_answers
from webapp.catalog.venvs.program.main import _examine

__all__ = ["_own_modules"]  # a fixture that every test here takes

pytestmark = pytest.mark.filterwarnings("ignore")
CASES = frame(all_cases(len(NAMES)), NAMES)
ENVIRONMENT = {"versions": {"python": "3.9.18"}, "seconds": 2, "megabytes": 30}


def report_of(folder: Path) -> dict[str, Any]:
    """What the program writes about a model; it may unpickle, as a hook that forbids it stays."""
    values, _ = plan.make_plan(folder, allow_pickle=True, allow_code=True)
    report: dict[str, Any] = json.loads(json.dumps(_examine(values)))
    return report


def examined(folder: Path) -> Examination:
    return examine_answers(folder, ENVIRONMENT, report_of(folder), None)


def reason_of(folder: Path) -> str:
    with pytest.raises(PreparedError) as caught:
        examined(folder)
    return str(caught.value)


def forest() -> Any:
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(4, max_depth=3, random_state=0).fit(*data())


def save_forest(model: Any, folder: Path, signature: Any) -> None:
    types = ["sklearn.tree._tree.Tree"]
    save_sklearn(model, folder, signature=signature, skops_trusted_types=types)


def test_scikit_learn_by_names_and_without(tmp_path: Path) -> None:
    model = forest()
    save_forest(model, tmp_path / "names", columns(NAMES[::-1], "double"))
    features, scores, details = examined(tmp_path / "names")
    assert features.names == NAMES[::-1]
    cases = frame(all_cases(3), NAMES[::-1])[list(NAMES)]
    assert np.abs(scores - model.predict_proba(cases)[:, 1]).max() < 1e-12
    assert details["answered_by"] == {"python": "3.9.18"}
    assert details["cost"] == {"seconds": 2.0, "megabytes": 30.0}
    nameless = logit(4)
    for name, signature in (("tensor", tensor(4)), ("nothing", None)):
        save_sklearn(nameless, tmp_path / name, signature=signature)
        _, scores, _ = examined(tmp_path / name)
        assert np.abs(scores - nameless.predict_proba(all_cases(4))[:, 1]).max() < 1e-12


@pytest.mark.parametrize("flavor", ["xgboost", "lightgbm"])
def test_boosters_and_their_classifiers(tmp_path: Path, flavor: str) -> None:
    model = {"xgboost": fit_xgboost, "lightgbm": fit_lightgbm}[flavor]()
    probabilities = model.predict_proba(CASES)[:, 1]
    booster = model.get_booster() if flavor == "xgboost" else model.booster_
    form = {"serialization_format": "skops"} if flavor == "lightgbm" else {}
    for name, each, more in (("classifier", model, form), ("booster", booster, {})):
        save(flavor, each, tmp_path / name, **more)
        _, scores, _ = examined(tmp_path / name)
        assert np.abs(scores - probabilities).max() < 1e-7


@pytest.mark.parametrize("flavor", ["xgboost", "lightgbm"])
def test_a_booster_of_something_else_is_refused(tmp_path: Path, flavor: str) -> None:
    rows, label = data()
    if flavor == "xgboost":
        import xgboost

        booster = xgboost.train({"objective": "reg:squarederror"}, xgboost.DMatrix(rows, label), 2)
    else:
        import lightgbm

        booster = lightgbm.train({"verbose": -1}, lightgbm.Dataset(rows, label), 2)
    save(flavor, booster, tmp_path / "m")
    assert "which gives no probability of a class" in reason_of(tmp_path / "m")


def test_a_model_from_code_answers_through_mlflow(tmp_path: Path) -> None:
    save_code(tmp_path / "m", signature=columns(NAMES, "double"))
    _, scores, details = examined(tmp_path / "m")
    assert np.abs(scores - answer_of_code(all_cases(3))).max() < 1e-12
    assert details["code"]


def no_probability(folder: Path) -> None:
    from sklearn.svm import LinearSVC

    save_sklearn(LinearSVC().fit(*data()), folder, signature=columns(NAMES))


def three_classes(folder: Path) -> None:
    save_sklearn(logit(3, NAMES, classes=3), folder, signature=columns(NAMES))


def other_columns(folder: Path) -> None:
    save_sklearn(logit(3, NAMES), folder, signature=columns(("a", "b", "c")))


def raising_code(folder: Path) -> None:
    save_code(folder, "1 / 0", signature=columns(NAMES))


def code_without_a_package(folder: Path) -> None:
    save_code(folder, "__import__('no_such_package')", signature=columns(NAMES))


def code_that_answers_with_texts(folder: Path) -> None:
    save_code(folder, "p.astype(str)", signature=columns(NAMES))


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (no_probability, "LinearSVC has no predict_proba"),
        (three_classes, "3 classes"),
        (other_columns, "signature"),
        (raising_code, "ZeroDivisionError"),
        (code_without_a_package, "Its own environment lacks no_such_package"),
        (code_that_answers_with_texts, "texts"),
    ],
)
def test_reasons(tmp_path: Path, make: Callable[[Path], None], reason: str) -> None:
    make(tmp_path / "m")
    assert reason in reason_of(tmp_path / "m")


def test_a_tree_that_points_outside_of_itself_is_refused(tmp_path: Path) -> None:
    from webapp.catalog.venvs.program.refusal import Refusal
    from webapp.catalog.venvs.program.trees import check_trees

    for part, value in (("children_left", 0), ("children_right", 10**6), ("feature", 3)):
        model = forest()
        check_trees([model, {"more": np.array([model], dtype=object)}])
        getattr(model.estimators_[1].tree_, part)[0] = value
        with pytest.raises(Refusal, match="Its trees are damaged"):
            check_trees(model)


def test_types_that_nobody_read_are_refused(tmp_path: Path) -> None:
    save_forest(forest(), tmp_path / "m", columns(NAMES))
    values, _ = plan.make_plan(tmp_path / "m", allow_pickle=True, allow_code=False)
    values |= {"types": [], "allow_pickle": False}
    from webapp.catalog.venvs.program import main

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(main, "refuse_pickle", lambda _mend: None)  # it can't be taken back
        assert "types that are not on the reviewed list" in _examine(values)["refusal"]


def test_the_plan_and_what_becomes_of_the_answers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The two short processes around the program, from files to a prepared version."""
    folder, place = tmp_path / "m", tmp_path / "out"
    save_sklearn(logit(3, NAMES), folder, signature=columns(NAMES))
    assert plan.main([str(folder), str(place), "--no-code", "--allow-pickle"]) == 0
    printed_plan = json.loads(capsys.readouterr().out)
    assert printed_plan["plan"]["flavor"] == "sklearn"
    report = json.dumps(_examine(printed_plan["plan"]))
    stdin = f"{json.dumps(ENVIRONMENT)}\n{report}".encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
    assert outcome.main([str(folder), str(place), "--positive", "0"]) == 0
    prepared = read_prepared(place)
    probabilities = logit(3, NAMES).predict_proba(CASES)[:, 0]
    assert np.abs(prepared.scores - probabilities).max() < 1e-12
    for spoilt in (b"", b"{}\n[]", b"{}\n{}"):
        shutil.rmtree(place)
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(spoilt)))
        assert outcome.main([str(folder), str(place)]) == 0
        assert "without a result that can be read" in str(read_facts(place).reason)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"serialization_format": "pickle"}, "can run any code when loaded"),
        ({"pickled_model": "../gone.skops"}, "outside"),
        ({"pickled_model": "gone.skops"}, "gone.skops"),
    ],
)
def test_a_plan_is_refused(tmp_path: Path, change: dict[str, str], reason: str) -> None:
    from tests.support.mlflow_models import change_described

    folder, place = tmp_path / "m", tmp_path / "out"
    save_sklearn(logit(3, NAMES), folder, signature=columns(NAMES))
    change_described(folder, **change)
    assert plan.main([str(folder), str(place)]) == 0
    assert reason in str(read_facts(place).reason)


def test_the_program_is_started_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[Any] = []
    monkeypatch.setattr("os.execv", lambda *words: calls.append(words))
    start: Any = entry.main
    start(["/env/bin/python"])
    ((program, words),) = calls
    assert (program, words[:3]) == ("/env/bin/python", ["/env/bin/python", "-I", "-S"])
    bytes.fromhex(words[-1])
