"""Which class a real model's probability stands for, and in which order it takes its inputs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tests.integration.catalog.test_prepare import _own_modules, agree, refused, served
from tests.support import mlflow_models as foreign
from tests.support.mlflow_models import all_cases, columns, frame, rows_of, save_sklearn
from webapp.catalog.prepare import main, prepare
from webapp.catalog.prepared import read_facts, read_prepared

__all__ = ["_own_modules"]  # a fixture that every test here takes

pytestmark = pytest.mark.filterwarnings("ignore")
NAMES = ("a", "b", "c")


def classifier(labels: Sequence[Any], names: Sequence[Any] | None = NAMES) -> Any:
    """A logistic regression of three inputs, with these labels for 0 and 1."""
    rows, label = rows_of(3)
    return LogisticRegression().fit(frame(rows, names) if names else rows, np.array(labels)[label])


def probability_of(model: Any, name: object) -> Any:
    column = list(model.classes_).index(name)
    return model.predict_proba(frame(all_cases(3), NAMES))[:, column]


@pytest.mark.parametrize("labels", [("stay", "churn"), ("legit", "fraud"), (1, 2)], ids=str)
def test_a_pair_without_a_plain_meaning_waits_for_a_choice(
    tmp_path: Path, labels: tuple[Any, Any]
) -> None:
    model = classifier(labels)
    save_sklearn(model, tmp_path / "m")
    refused(tmp_path / "m", tmp_path / "out")
    facts = read_facts(tmp_path / "out")
    assert facts.needs_choice
    assert facts.classes == tuple(str(each) for each in model.classes_)
    for label in labels:
        facts = prepare(tmp_path / "m", tmp_path / "out", positive=str(label))
        assert (facts.reason, facts.positive, facts.outcome) == (None, str(label), facts.outcome)
        agree(read_prepared(tmp_path / "out"), probability_of(model, label))


MADE_OF = {
    "pipeline": (lambda one: make_pipeline(StandardScaler(), one), (False, True)),
    "calibrated": (lambda one: CalibratedClassifierCV(one, cv=2), ("stay", "churn")),
    "voting": (lambda one: VotingClassifier([("a", one), ("b", one)], voting="soft"), (1, 2)),
    "all of them": (
        lambda one: make_pipeline(
            VotingClassifier([("a", CalibratedClassifierCV(one, cv=2))], voting="soft")
        ),
        (-1, 1),
    ),
}


@pytest.mark.parametrize("kind", MADE_OF)
def test_models_made_of_models_name_their_classes(tmp_path: Path, kind: str) -> None:
    import skops.io

    make, labels = MADE_OF[kind]

    rows, label = rows_of(3)
    model = make(LogisticRegression()).fit(frame(rows, NAMES), np.array(labels)[label])
    types = skops.io.get_untrusted_types(data=skops.io.dumps(model))
    save_sklearn(model, tmp_path / "m", skops_trusted_types=types)
    classes = tuple(str(each) for each in model.classes_)
    plain = labels in [(False, True), (-1, 1)]
    facts = prepare(tmp_path / "m", tmp_path / "out")
    assert (facts.classes, facts.needs_choice) == (classes, not plain)
    assert facts.positive == (classes[1] if plain else None)
    for each in model.classes_:
        prepare(tmp_path / "m", tmp_path / "out", positive=str(each))
        agree(read_prepared(tmp_path / "out"), probability_of(model, each))


def test_a_choice_of_the_other_class_turns_the_training_counts(tmp_path: Path) -> None:
    save_sklearn(classifier((0, 1)), tmp_path / "m")
    (tmp_path / "m" / "everycase").mkdir()
    (tmp_path / "m" / "everycase" / "baseline.csv").write_text("case,n,positives\n2,10,3\n")
    for choice, positives in ((None, 3), ("1", 3), ("0", 7)):
        prepare(tmp_path / "m", tmp_path / "out", positive=choice)
        baseline = read_prepared(tmp_path / "out").baseline
        assert baseline is not None
        assert (baseline.n[2], baseline.positives[2]) == (10, positives)
    save_sklearn(classifier(("stay", "churn")), tmp_path / "n")
    (tmp_path / "m" / "everycase").rename(tmp_path / "n" / "everycase")
    for choice in ("stay", "churn"):  # nobody but the chooser said which class was counted
        prepare(tmp_path / "n", tmp_path / "out", positive=choice)
        baseline = read_prepared(tmp_path / "out").baseline
        assert baseline is not None
        assert baseline.positives[2] == 3


def test_the_child_takes_the_choice(tmp_path: Path) -> None:
    save_sklearn(classifier(("stay", "churn")), tmp_path / "m")
    assert main([str(tmp_path / "m"), str(tmp_path / "out"), "--positive", "churn"]) == 0
    assert read_facts(tmp_path / "out").outcome == "churn"


def test_the_owner_names_the_class_when_saving_or_in_a_file(tmp_path: Path) -> None:
    model = classifier(("churn", "stay"))
    metadata = {"everycase": {"outcome": {"positive": "churn"}, "n": 400}}
    save_sklearn(model, tmp_path / "m", metadata=metadata)
    prepared = served(tmp_path / "m", tmp_path / "out")
    agree(prepared, probability_of(model, "churn"))
    assert prepared.facts.training == {"n": 400}
    own = tmp_path / "m" / "everycase"
    own.mkdir()
    (own / "inputs.yaml").write_text("outcome:\n  positive: stay\n")
    agree(served(tmp_path / "m", tmp_path / "out"), probability_of(model, "stay"))
    agree_chosen = prepare(tmp_path / "m", tmp_path / "out", positive="churn")
    assert agree_chosen.positive == "churn", "a person's choice is the last word"
    (own / "inputs.yaml").write_text("outcome:\n  positive: loss\n")
    problem = refused(tmp_path / "m", tmp_path / "out")
    assert problem == (
        "outcome.positive in everycase/inputs.yaml is loss, which is none of its classes: "
        "write churn or stay"
    )


def test_a_model_from_code_with_columns_of_its_own_names(tmp_path: Path) -> None:
    answer = "__import__('pandas').DataFrame({'churn': p, 'stay': 1 - p})"
    foreign.save_code(tmp_path / "m", answer, columns(NAMES))
    refused(tmp_path / "m", tmp_path / "out")
    assert read_facts(tmp_path / "out").classes == ("churn", "stay")
    prepare(tmp_path / "m", tmp_path / "out", positive="churn")
    agree(read_prepared(tmp_path / "out"), foreign.answer_of_code(all_cases(3)))


def test_one_class(tmp_path: Path) -> None:
    from sklearn.dummy import DummyClassifier

    rows, _ = rows_of(3)
    save_sklearn(DummyClassifier().fit(rows, ["churn"] * len(rows)), tmp_path / "m")
    problem = refused(tmp_path / "m", tmp_path / "out")
    assert problem == "It has 1 class, churn; only models with two can be served"


def test_a_rule_whose_probabilities_are_0_and_1(tmp_path: Path) -> None:
    from sklearn.tree import DecisionTreeClassifier

    rows, _ = rows_of(3)
    model = DecisionTreeClassifier().fit(rows, rows[:, 1])
    save_sklearn(model, tmp_path / "m", skops_trusted_types=["sklearn.tree._tree.Tree"])
    agree(served(tmp_path / "m", tmp_path / "out"), all_cases(3)[:, 1])


@pytest.mark.parametrize("first", [0, 1, 7])
@pytest.mark.parametrize("flavor", ["sklearn", "code"])
def test_inputs_that_are_numbers_keep_them(tmp_path: Path, first: int, flavor: str) -> None:
    import mlflow.models
    import pandas as pd

    numbers = [first, first + 1, first + 2]
    cases = pd.DataFrame(all_cases(3).astype(int), columns=numbers)
    signature = mlflow.models.infer_signature(cases)
    if flavor == "sklearn":
        model = classifier((0, 1), numbers)
        save_sklearn(model, tmp_path / "m", signature=signature)
        answers = model.predict_proba(cases)[:, 1]
    else:
        foreign.save_code(tmp_path / "m", "p", signature)
        answers = foreign.answer_of_code(all_cases(3))
    prepared = served(tmp_path / "m", tmp_path / "out")
    assert prepared.features.names == tuple(str(number) for number in numbers)
    agree(prepared, answers)


def test_a_signature_in_another_order_than_the_fit(tmp_path: Path) -> None:
    model = classifier((0, 1))
    save_sklearn(model, tmp_path / "m", signature=columns(("c", "a", "b")))
    prepared = served(tmp_path / "m", tmp_path / "out")
    assert prepared.features.names == ("c", "a", "b")
    cases = frame(all_cases(3), ("c", "a", "b"))
    agree(prepared, model.predict_proba(cases[list(NAMES)])[:, 1])


@pytest.mark.parametrize(
    ("names", "problem"),
    [
        (("a", "b", "z"), "its signature has the input z, it was fitted without it"),
        (("a", "b"), "it was fitted with the input c, its signature lacks it"),
    ],
)
def test_a_signature_of_other_inputs_and_its_mend(
    tmp_path: Path, names: Sequence[str], problem: str
) -> None:
    import mlflow.models

    model = classifier((0, 1))
    save_sklearn(model, tmp_path / "m", signature=columns(names))
    reason = refused(tmp_path / "m", tmp_path / "out")
    assert reason == (
        f"Its signature isn't that of its fit: {problem}. Save it with "
        "signature=mlflow.models.infer_signature(X), X as it was fitted on"
    )
    fitted_rows = frame(rows_of(3)[0], NAMES)
    save_sklearn(model, tmp_path / "n", signature=mlflow.models.infer_signature(fitted_rows))
    agree(served(tmp_path / "n", tmp_path / "out"), probability_of(model, 1))


def test_a_runs_folder_says_where_the_model_is(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    save_sklearn(classifier((0, 1)), tmp_path / "run" / "model")
    problem = refused(tmp_path / "run", tmp_path / "out")
    assert problem.startswith("Not an MLflow model itself: the model is inside it, in model/. Put")
    served((tmp_path / "run" / "model").rename(tmp_path / "churn_v1"), tmp_path / "out")
