"""Which of two classes is the positive one: told by their names, or left to a person."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from webapp.catalog.answers import check_classes
from webapp.catalog.classes import (
    class_text,
    describe_choice,
    match_class,
    means_no,
    outcome_name,
    plain_positive,
)
from webapp.catalog.prepared import PreparedError

PLAIN = [
    ((0, 1), "1"),
    ((-1, 1), "1"),
    ((-1.0, 1.0), "1"),
    ((0.0, 1.0), "1"),
    (("0", "1"), "1"),
    ((False, True), "True"),
    (("false", "true"), "true"),
    (("No", "Yes"), "Yes"),
    (("N", "Y"), "Y"),
    (("neg", "pos"), "pos"),
    (("Negative", "Positive"), "Positive"),
    (("nein", "ja"), "ja"),
    (("Ja", "Nein"), "Ja"),
    (("ja", "nee"), "ja"),
    (("ja", "nej"), "ja"),
    (("no", "sí"), "sí"),
    (("NO", "SI"), "SI"),
    (("non", "oui"), "oui"),
    (("não", "sim"), "sim"),
    (("FALSCH", "WAHR"), "WAHR"),
    (("−1", "1"), "1"),
    (("+", "-"), "+"),
]


@pytest.mark.parametrize(("values", "positive"), PLAIN, ids=str)
def test_a_pair_with_a_plain_meaning(values: tuple[Any, Any], positive: str) -> None:
    classes = check_classes(np.unique(np.array(values)))
    assert plain_positive(classes) == positive
    assert outcome_name(positive) is None, "it says no more than yes"


@pytest.mark.parametrize(
    "values",
    [
        *[("churn", "stay"), ("fraud", "legit"), ("buyer", "none"), (1, 2), (0, 2), ("1", "2")],
        *[("yes", "ja"), ("no", "none"), ("false", "yes"), ("true", "1"), ("a", "b"), (0.5, 1)],
    ],
    ids=str,
)
def test_a_pair_that_only_its_owner_knows(values: tuple[Any, Any]) -> None:
    assert plain_positive(check_classes(values)) is None


def test_the_names_of_classes() -> None:
    values = [1, 1.0, 1.5, True, "x", b"x", np.int64(3), np.float32(2), np.str_("y"), np.bool_(0)]
    texts = ["1", "1", "1.5", "True", "x", "x", "3", "2", "y", "False"]
    assert [class_text(value) for value in values] == texts
    assert outcome_name("churn") == "churn"
    assert outcome_name(None) is None
    assert [means_no(name) for name in ("no", "Nein", "0", "p", "yes")] == [
        True,
        True,
        *[False] * 3,
    ]


@pytest.mark.parametrize(
    ("choice", "name"),
    [("churn", "churn"), ("CHURN ", "churn"), ("stay", "stay"), ("sta", None), ("", None)],
)
def test_what_a_person_means(choice: str, name: str | None) -> None:
    assert match_class(("churn", "stay"), choice) == name


def test_what_a_person_means_by_numbers_and_by_letters_that_differ() -> None:
    assert match_class(("1", "2"), "2.0") == "2"
    assert match_class(("Yes", "yes"), "yes") == "yes"
    assert match_class(("Yes", "yes"), "YES") is None, "it may be either"


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (["churn"], "It has 1 class, churn; only models with two can be served"),
        (["a", "b", "c"], r"It has 3 classes \(a, b and c\); only models with two"),
        (list(range(9)), "It has 9 classes; only models with two"),
        ([np.array([0, 1]), np.array([0, 1])], "It predicts several outcomes"),
    ],
    ids=str,
)
def test_other_numbers_of_classes(values: list[Any], reason: str) -> None:
    with pytest.raises(PreparedError, match=reason):
        check_classes(values)


def test_the_reason_has_the_command() -> None:
    reason = describe_choice("churn_v1", ("churn", "stay"))
    assert reason.startswith("Its classes are churn and stay: choose the one")
    assert reason.endswith("everycase choose churn_v1 --positive churn")
    assert describe_choice("m_v1", ("won't", "x")).endswith("""--positive 'won'"'"'t'""")
