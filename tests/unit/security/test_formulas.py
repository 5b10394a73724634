"""No text of ours in a CSV is a formula to a spreadsheet, and nobody's own data are changed."""

from __future__ import annotations

import csv
import io

import pytest

from tests.support.versions import ready
from webapp.api.v1.versions import _csv
from webapp.cases import Features
from webapp.grammar import as_cell
from webapp.services.predict.score_file import scored_csv

EVIL = '=HYPERLINK("http://evil.com")'
STARTS = ("=1", "+1", "-1", "@x", "\tx", "\rx")


@pytest.mark.parametrize("text", STARTS)
def test_a_text_that_begins_like_a_formula(text: str) -> None:
    assert as_cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "x=1", "a", "1"])
def test_any_other(text: str) -> None:
    assert as_cell(text) == text


def test_names_of_inputs_in_a_score_table() -> None:
    prepared = ready("a_v1", Features((EVIL, "b"))).prepared
    assert prepared is not None
    rows = list(csv.reader(io.StringIO(_csv(prepared).get_data(as_text=True))))
    assert rows[0] == ["case", f"'{EVIL}", "b", "score"]
    assert float(rows[1][-1]) == prepared.scores[0]


def test_a_scored_file_keeps_its_own_cells_and_our_message_is_a_text() -> None:
    version = ready("a_v1", Features(("=a", "b")))
    text = scored_csv(b"=a,b,note\n1,0,=2+2\nx,0,-3\n", version).decode()
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[0][:3] == ["=a", "b", "note"]
    assert [row[2] for row in rows[1:]] == ["=2+2", "-3"]
    assert rows[2][-1].startswith("'=a is")
