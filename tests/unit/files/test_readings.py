"""What values mean in a file: yes, no, unknown, or nothing."""

from __future__ import annotations

import pytest

from tests.support.writings import BLANK, MINUS_ONE, NEITHER, NO, YES
from webapp.bundle import yes_no
from webapp.catalog import classes
from webapp.files.readings import MINUS, UNKNOWN, read_flag, read_label


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


@pytest.mark.parametrize("value", NEITHER, ids=repr)
def test_anything_else_is_named_with_the_fix(value: object) -> None:
    assert str(read_flag(value)).endswith("; use 0 or 1")
    assert read_label(value) == read_flag(value)


def test_each_word_means_the_same_in_all_languages() -> None:
    assert not set(yes_no.YES) & set(yes_no.NO)
    assert not {*yes_no.YES, *yes_no.NO} & set(yes_no.BLANKS)
    words = {*yes_no.YES, *yes_no.NO}
    assert words == {yes_no.fold(word) for word in words}, "words are compared in this form"


@pytest.mark.parametrize(("no", "yes"), yes_no.WORDS)
def test_classes_and_files_know_the_same_words(no: str, yes: str) -> None:
    assert (read_flag(no.upper()), read_flag(yes.upper())) == (0, 1)
    assert classes.plain_positive([yes.title(), no]) == yes.title()
