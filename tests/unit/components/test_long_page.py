"""Which sections of a long page are open, and the lines that they have when they are text."""

from __future__ import annotations

import pytest

from webapp.components.long_page import fold, next_step, read_open
from webapp.components.markup import markup

KEYS = ("harm", "why", "inputs")


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        (None, {"harm"}),
        ("", {"harm"}),
        ("why,inputs", {"why", "inputs"}),
        ("all", set(KEYS)),
        ("none", set()),
        ("why,<b>,later", {"why"}),
    ],
)
def test_a_link_says_what_is_open(text: str | None, keys: set[str]) -> None:
    assert read_open(text, KEYS, ("harm",)) == keys


def test_a_closed_section_has_its_conclusion() -> None:
    text = markup(fold("why", "Why?", "Log loss fell", "the chart"))
    summary, body = text.split("</summary>")
    assert "Log loss fell" in summary
    assert "the chart" in body
    assert " open=" not in text
    assert " open=" in markup(fold("why", "Why?", "Log loss fell", is_open=True))


def test_a_step_within_the_page_stays_in_it() -> None:
    assert "data-part" in markup(next_step("See the cases", "#why"))
    assert "data-inside" in markup(next_step("Compare versions", "/compare"))
