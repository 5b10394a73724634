"""Cases: numbering, and what counts as a yes or a no."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.writings import NO, YES
from webapp.cases import Features, InputError, parse_flag, shorten
from webapp.files.readings import read_flag

TEN = Features.numbered(10)


def row(**changes: object) -> list[tuple[str, object]]:
    return [(name, changes.get(name, 0)) for name in TEN.names]


def test_bit_i_is_the_ith_feature() -> None:
    assert TEN.parse(row(G1=1)) == 1
    assert TEN.parse(row(G10=1)) == 512
    assert TEN.parse(row(G9=1, G10=1)) == 768


@given(st.integers(1, 16).flatmap(lambda d: st.tuples(st.just(d), st.integers(0, 2**d - 1))))
def test_a_case_survives_the_round_trip(size_and_case: tuple[int, int]) -> None:
    features, case = Features.numbered(size_and_case[0]), size_and_case[1]
    assert features.parse(features.row(case).items()) == case
    assert sum(features.bits[name] for name in features.owned(case)) == case


@pytest.mark.parametrize("count", [1, 3, 8, 10, 16])
def test_matrix_and_number_are_inverse(count: int) -> None:
    features = Features.numbered(count)
    matrix = features.matrix()
    assert matrix.shape == (2**count, count)
    assert np.array_equal(features.number(matrix), np.arange(2**count))


@pytest.mark.parametrize("value", [0, "0", False, "false", "False", " 0 "])
def test_no(value: object) -> None:
    assert parse_flag("G1", value) is False


@pytest.mark.parametrize("value", [1, "1", True, "true", "True"])
def test_yes(value: object) -> None:
    assert parse_flag("G1", value) is True


def test_requests_are_read_as_files_are() -> None:
    texts = [value for value in (*YES, *NO) if not isinstance(value, Decimal)]
    assert [int(parse_flag("G1", value)) for value in texts] == [read_flag(v) for v in texts]


def test_names_may_differ_in_case_and_spaces() -> None:
    case = TEN.parse([(f" g {i}\ufeff", "yes" if i in (1, 3) else 0) for i in range(1, 11)])
    assert case == 5
    assert TEN.parse_rows([{f"g{i}": 1.0 if i == 2 else "n" for i in range(1, 11)}] * 2) == [2, 2]
    with pytest.raises(InputError, match="G1 is repeated"):
        TEN.parse([*row(), ("g1", 0)])
    with pytest.raises(InputError, match="A is not a feature"):
        Features(("a", "a ")).parse([("a", 1), ("A", 1)])


@pytest.mark.parametrize(
    "value", [2, -1, 0.5, "2", "0.5", "maybe", "on", "1 1", [], {}, [0], "¹", float("nan")]
)
def test_anything_else_names_the_feature_and_the_fix(value: object) -> None:
    with pytest.raises(InputError, match=r"^G7 is .*: send 0 or 1$"):
        parse_flag("G7", value)


@pytest.mark.parametrize("value", ["", "  ", None, "NaN", "null"])
def test_empty(value: object) -> None:
    with pytest.raises(InputError, match=r"^G7 is empty: send 0 or 1$"):
        parse_flag("G7", value)


@pytest.mark.parametrize(
    ("items", "message"),
    [
        (row()[:-1], "G10 is missing: send 0 or 1"),
        ([*row(), ("G11", 1)], "G11 is not a feature of this version: send G1 to G10"),
        ([*row(), ("G1", 0)], "G1 is repeated: send it once"),
        ([("x\ny" * 99, 1)], "x�yx�y"),
    ],
)
def test_incomplete_rows(items: list[tuple[str, object]], message: str) -> None:
    with pytest.raises(InputError) as caught:
        TEN.parse(items)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_a_link_keeps_what_is_good_and_tells_the_rest() -> None:
    long = "colour" * 20  # which the message shortens
    case, problems = TEN.parse_partial({"G1": "1", "G2": "7", "colour": "red", long: "blue"})
    assert case == 1
    assert list(problems) == ["G2", "colour", long]
    assert problems[long].field.endswith("…")


def test_names_in_a_link_may_differ_in_case_and_spaces() -> None:
    case, problems = TEN.parse_partial({"g1": "1", " G2": "yes", "g 1": "1", "G1": "0"})
    assert case == 3
    assert {name: str(problem) for name, problem in problems.items()} == {
        "G1": "G1 contradicts another value of G1"
    }
    twins = Features(("a", "A", "b"))
    assert twins.parse_partial({"a": "1", "B": "1"}) == (5, {})
    assert twins.parse([(" a", 1), ("A", 0), ("b", 0)]) == 1


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ((), "0 features"),
        (tuple(f"G{i}" for i in range(17)), "17 features: 1 to 16"),
        (("a", "a"), "same name"),
        (("version", "a"), "'version'"),
    ],
)
def test_features_that_cannot_be_served(names: tuple[str, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Features(names)


def test_one_feature_is_asked_for_by_its_name() -> None:
    with pytest.raises(InputError, match=r"send smoker$"):
        Features(("smoker",)).parse([("age", 1)])


def test_shown_values_are_short_and_on_one_line() -> None:
    assert len(shorten("x" * 1000)) == 40
    assert shorten("a\x00b") == "a�b"
