"""JSON: a name that occurs twice in an object is refused, however the body is laid out."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.services import strict_json


@pytest.mark.parametrize(
    "body",
    [
        '{"G1": 0, "G1": 1}',
        '[{"G1": 0}, {"G2": 1, "G2": 1}]',
        '{"rows": [{"a": 0, "a": 0}]}',
        '{"a": 1, "a" :2}',  # as many colons after quotes as names
        '{"a": 1, "a": ":"}',
        '{"a": {"b": [{"c": 1, "c": 2}]}}',
        '{"a": "\\":", "b": 1, "b": 2}',
        '{"a": "{", "b": 1, "b": 2}',
        "[" + '{"a": 1},' * 3 + '{"x": {"b": 1, "b": 1}}]',
    ],
)
def test_no_repeated_name_is_overlooked(body: str) -> None:
    with pytest.raises(strict_json.RepeatedError):
        strict_json.decode(body.encode())


@given(st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20,
))  # fmt: skip
def test_what_has_no_repeated_name_is_read(value: object) -> None:
    for layout in ({}, {"indent": 1}, {"separators": (",", ":")}):
        text = json.dumps(value, **layout)
        assert strict_json.decode(text.encode()) == value
