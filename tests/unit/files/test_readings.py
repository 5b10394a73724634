"""What values mean in a file: yes, no, unknown, or nothing."""

from __future__ import annotations

from decimal import Decimal

import pytest

from webapp.files.readings import MINUS, UNKNOWN, read_flag, read_label

YES = [1, True, 1.0, Decimal("1.00"), "1", " 1 ", "01", "1.", "1.0", "1,0", "１", "TRUE", "t",
       "Yes", "Y", "WAHR", "ja", "Sí", "VRAI", "oui", "sim", "ja "]  # fmt: skip
NO = [0, False, 0.0, Decimal(0), "0", "00", "0.", "0.000", "0,0", "０", "False", "F", "NO", "n",
      "FALSCH", "nein", "faux", "não"]  # fmt: skip
BLANK = [None, float("nan"), Decimal("NaN"), "", "  ", "NaN", "NA", "n/a", "#N/A", "null", "None"]
MINUS_ONE = [-1, -1.0, Decimal(-1), "-1", " -1.0", "−1", "-01"]
NOTHING = [
    2,
    0.5,
    "2",
    "0.5",
    "1.5",
    "x",
    "maybe",
    "on",
    "1 1",
    "¹",
    ".",
    ",",
    "1.0.0",
    "10",
    "--1",
    [],
    b"1",
]


@pytest.mark.parametrize("read", [read_flag, read_label])
def test_yes_and_no_in_every_writing(read) -> None:  # type: ignore[no-untyped-def]
    assert [read(value) for value in YES] == [1] * len(YES)
    assert [read(value) for value in NO] == [0] * len(NO)


@pytest.mark.parametrize("value", BLANK, ids=repr)
def test_a_blank_is_no_input_and_an_unknown_label(value: object) -> None:
    assert read_flag(value) == "is empty; use 0 or 1"
    assert read_label(value) == UNKNOWN


@pytest.mark.parametrize("value", MINUS_ONE, ids=repr)
def test_minus_one_is_for_labels_only(value: object) -> None:
    assert read_flag(value) == f'is "{value!s}"; use 0 or 1'
    assert read_label(value) == MINUS


@pytest.mark.parametrize("value", NOTHING, ids=repr)
def test_anything_else_is_named_with_the_fix(value: object) -> None:
    assert str(read_flag(value)).endswith("; use 0 or 1")
    assert read_label(value) == read_flag(value)
