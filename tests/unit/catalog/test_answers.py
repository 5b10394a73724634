"""Probabilities from whatever a model answers: taken by name, checked, or refused with a mend."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from webapp.cases import Features
from webapp.catalog.answers import (
    Answers,
    ChoiceNeededError,
    check_repeated,
    pick_scores,
    read_answers,
)
from webapp.catalog.description import Description
from webapp.catalog.prepared import PreparedError, check_table

THREE = Features(("a", "b", "c"))
ROWS = THREE.matrix().astype(np.float64)
P = ROWS @ [0.1, 0.2, 0.5] + 0.05
CODE = "python_function"


def frame(**columns: NDArray[np.float64]) -> Any:
    import pandas as pd

    return pd.DataFrame(columns)


def numbered(*names: object) -> Any:
    import pandas as pd

    return pd.DataFrame(np.column_stack([P, 1 - P]), columns=list(names))


def scores(raw: Any, positive: str | None = None) -> tuple[NDArray[np.float64], str | None]:
    wish = Description(positive, "everycase/inputs.yaml")
    got = pick_scores(read_answers(raw, 8, CODE), wish, is_proba=False, flavor=CODE)
    return got.table, got.positive


NAMED: dict[str, Callable[[], Any]] = {
    "yes, no": lambda: frame(yes=P, no=1 - P),
    "no, yes": lambda: frame(no=1 - P, yes=P),
    "1, 0": lambda: numbered(1, 0),
    "1.0, 0.0": lambda: numbered(1.0, 0.0),
    "True, False": lambda: numbered(True, False),
    "texts": lambda: numbered("1", "0"),
    "Ja, Nein": lambda: numbered("Ja", "Nein"),
    "a dict": lambda: {"yes": P, "no": 1 - P},
    "a dict a row": lambda: [{"yes": p, "no": 1 - p} for p in P.tolist()],
}


@pytest.mark.parametrize("name", NAMED)
def test_columns_are_taken_by_name(name: str) -> None:
    table, _ = scores(NAMED[name]())
    assert np.array_equal(table, P)


@pytest.mark.parametrize("positive", ["churn", "stay", "Churn"])
def test_columns_of_other_names_need_a_choice(positive: str) -> None:
    with pytest.raises(ChoiceNeededError) as error:
        scores(frame(churn=P, stay=1 - P))
    assert error.value.classes == ("churn", "stay")
    table, name = scores(frame(churn=P, stay=1 - P), positive)
    assert np.array_equal(table, P if name == "churn" else 1 - P)
    with pytest.raises(PreparedError, match=r"inputs\.yaml is chrun, which is none of its classes"):
        scores(frame(churn=P, stay=1 - P), "chrun")


def test_columns_without_names_and_what_their_owner_calls_them() -> None:
    assert np.array_equal(scores(np.column_stack([1 - P, P]))[0], P)
    assert scores(P)[1] == "1"
    assert scores(P, "churn")[1] == "churn"


@pytest.mark.parametrize("raw", [P, P[:, None], np.column_stack([1 - P, P])], ids=np.shape)
@pytest.mark.parametrize(
    ("own", "classes"),
    [(None, ("0", "1")), ("churn", ("not churn", "churn")), ("nein", ("ja", "nein"))],
)
def test_of_answers_without_names_the_other_class_can_be_chosen(
    raw: Any, own: str | None, classes: tuple[str, str]
) -> None:
    answers = read_answers(raw, 8, CODE)
    for choice, table in zip(classes, (1 - P, P), strict=True):
        got = pick_scores(answers, Description(own), is_proba=False, flavor=CODE, choice=choice)
        assert (got.classes, got.positive) == (classes, choice)
        assert np.abs(got.table - table).max() < 1e-15
    with pytest.raises(PreparedError, match="the choice is chrun, which is none of its classes"):
        pick_scores(answers, Description(own), is_proba=False, flavor=CODE, choice="chrun")


def test_a_single_column_that_says_no() -> None:
    assert np.array_equal(scores(frame(p=P))[0], P)
    with pytest.raises(PreparedError, match="Its only column is named no, so it seems"):
        scores(frame(no=1 - P))
    with pytest.raises(PreparedError, match="Its only column is named Nein"):
        scores(frame(no=1 - P)["no"].rename("Nein"))


@pytest.mark.parametrize("ends", [np.array([0.0, 1.0]), np.zeros(1), np.ones(1)], ids=str)
def test_classes_as_floats_are_no_probabilities(ends: NDArray[np.float64]) -> None:
    answers = Answers(np.resize(ends, 8)[:, None])
    for flavor, mend in (
        (CODE, "predict_proba.*; if these are its probabilities, return two columns named no"),
        ("keras", "Dense.1, activation='sigmoid'"),
        ("xgboost", r"as a model from code whose predict returns probabilities: mlflow\.pyfunc"),
    ):
        with pytest.raises(PreparedError, match=f"All its answers are 0 or 1: .*{mend}"):
            pick_scores(answers, Description(), is_proba=False, flavor=flavor)


def test_rules_whose_probabilities_are_0_and_1() -> None:
    rule = ROWS[:, 0]
    answers = Answers(np.column_stack([1 - rule, rule]), ("0", "1"))
    got = pick_scores(answers, Description(), is_proba=True, flavor="sklearn")
    assert np.array_equal(got.table, rule)
    assert np.array_equal(scores(frame(no=1 - rule, yes=rule))[0], rule)


def ask_with(answer: Callable[[NDArray[np.float64]], Any], rows: Any = ROWS) -> Answers:
    answers = read_answers(answer(rows), 8, CODE)
    check_repeated(answer, rows, answers, 8, CODE)
    return answers


def test_answers_at_random_are_refused() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(PreparedError, match=r"at random: asked twice, case 0 got 0\.\d+ and then"):
        ask_with(lambda rows: rng.random(len(rows)))


def test_answers_that_depend_on_the_other_rows_are_refused() -> None:
    with pytest.raises(
        PreparedError, match=r"depends on the other rows: .* case 0 got 0\.1 and th"
    ):
        ask_with(lambda rows: np.linspace(0.1, 0.9, len(rows)))
    with pytest.raises(PreparedError, match="depends on the other rows: among others, case"):
        ask_with(lambda rows: (rows @ [1, 2, 4]).argsort().argsort() / len(rows))


@pytest.mark.parametrize("form", ["array", "frame", "tensors"])
def test_the_last_bits_may_differ(form: str) -> None:
    rng = np.random.default_rng(0)
    import pandas as pd

    rows: Any = {
        "array": ROWS,
        "frame": pd.DataFrame(ROWS, columns=list("abc")),
        "tensors": {name: ROWS[:, i] for i, name in enumerate("abc")},
    }[form]

    def answer(batch: Any) -> NDArray[np.float64]:
        matrix = np.column_stack([batch[name] for name in "abc"]) if form != "array" else batch
        return matrix @ np.array([0.1, 0.2, 0.5]) + 0.05 + rng.normal(0, 1e-8, len(matrix))

    assert np.abs(ask_with(answer, rows).columns[:, 0] - P).max() < 1e-6


@pytest.mark.parametrize("value", [1 + 2e-16, 1 + 1e-7, np.float64(np.float32(1.0000001))])
def test_rounding_is_clipped(value: float) -> None:
    table = check_table(np.array([value, 1 - value, -1e-17, *P[3:]]), THREE)
    assert table[:3].tolist() == [1, 0, 0]


@pytest.mark.parametrize(("value", "text"), [(1 + 2e-6, "1.000002"), (-2e-6, "-2e-06")])
def test_more_than_rounding_is_refused(value: float, text: str) -> None:
    with pytest.raises(PreparedError, match=rf"first: case 2, {text}\)"):
        check_table(np.array([0.5, 0.5, value, *P[3:]]), THREE)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (np.array([0, 1] * 4), "returns classes, not probabilities. Have its predict return"),
        (np.array(["yes", "no"] * 4), "It returns texts, not probabilities. Have its predict"),
        (
            [[0.1] * 3] * 8,
            "It returns 3 columns, as a model of 3 classes does; only models with two can be ser",
        ),
        ([[[0.1]]] * 8, "It returns a table in 3 dimensions; one"),
        (0.1, "It returns a single value; one"),
        ([[0.1]] * 4 + [[0.1, 0.2]] * 4, "^Its answers differ in length from row to row$"),
        (None, "^It returns nothing: end its predict with return$"),
        ({"a": [0.1] * 8, "b": [0.1] * 8, "c": [0.1] * 8}, r"It returns 3 columns \(a, b and c\)"),
        ({"a": [0.1] * 8, "b": [0.1] * 7}, "columns differ in length"),
        ({"a": P, "b": P}, "don't add up to 1"),
    ],
    ids=str,
)
def test_what_is_no_probability(raw: Any, message: str) -> None:
    with pytest.raises(PreparedError, match=message):
        read_answers(raw, 8, CODE)
