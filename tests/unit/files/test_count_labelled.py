"""Labelled files counted: quickly where they are plain, and always the same."""

from __future__ import annotations

import io
import weakref
from threading import Timer
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from webapp.cases import Features
from webapp.files import arrow_csv
from webapp.files.count_labelled import count_rows
from webapp.files.counted_message import CountedFile, pack_counts, unpack_counts
from webapp.files.csv_reader import parse_csv
from webapp.files.types import FileError, Limits

FEATURES = Features(("G1", "G2"))
WANTED = Features(("G1", "G2", "label"))  # as the quick and the careful reader see it


def read(
    content: bytes, limits: Limits | None = None, features: Features = FEATURES
) -> CountedFile:
    return count_rows(content, features, limits or Limits(), lambda _read, _all: None)


def test_counts_and_bad_rows() -> None:
    result = read(b"id,label,G2,G1\na,1,0,1\nb,0,0,1\nc,1,1,1\nd,x,0,0\ne,1\n")
    assert result.counts.n.tolist() == [0, 2, 0, 1]
    assert result.counts.positives.tolist() == [0, 1, 0, 1]
    assert [(row.line, row.message) for row in result.bad] == [
        (5, 'label is "x"; use 0 or 1'),
        (6, "2 values, but the header in line 1 has 4 columns"),
    ]
    assert (result.bad_total, result.rows, result.unit) == (2, 5, "line")
    again = unpack_counts(pack_counts(result), FEATURES.cases)
    assert pack_counts(again) == pack_counts(result)


def test_parquet() -> None:
    table = pa.table({"G1": [1, 0, 1, 2], "label": [True, False, True, True], "G2": [0, 0, 0, 1]})
    file = io.BytesIO()
    pq.write_table(table, file)
    result = read(file.getvalue())
    assert result.counts.n.tolist() == [1, 2, 0, 0]
    assert result.counts.positives.tolist() == [0, 2, 0, 0]
    assert (result.unit, result.bad[0].line) == ("row", 4)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"G1,G2\n1,0\n", "no column label. Line 1 reads “G1, G2”; it must have G1 to G2 and labe"),
        (b"G1,label\n1,0\n", "The file has no column G2"),
        (b"G1,G2,label\n", "a header but no rows"),
        (b"", "The file is empty"),
        (b"PK\x03\x04rest", "zip archive"),
        (b"G1,G2,label\n" + b"1,0,1\n" * 11, "The file has 11 rows, over the limit of 10"),
        (b"G1,G2,label,label\n1,0,1,1\n", "2 columns named label: keep one"),
    ],
)
def test_files_that_cannot_be_used(content: bytes, problem: str) -> None:
    with pytest.raises(FileError, match=problem):
        read(content, Limits(rows=10))


def test_an_input_can_not_be_named_as_the_outcome_is() -> None:
    with pytest.raises(FileError, match="named label"):
        read(b"G1,label\n1,0\n", features=Features(("G1", "label")))


def test_a_large_plain_file_is_read_in_blocks_and_says_how_far_it_is() -> None:
    rows = np.random.default_rng(1).integers(0, 2, (300_000, 3))
    text = "\n".join(",".join(map(str, row)) for row in rows.tolist())
    bad = "1,0,1,1\n" * 3 + "\n".join(["1,0,9"] * 2)
    content = f"G1,G2,label\n{text}\n{bad}\n".encode()
    steps: list[tuple[int, int]] = []
    result = arrow_csv.parse_plain_csv(
        content, WANTED, Limits(rows=10**6), lambda *n: steps.append(n)
    )
    assert result is not None
    totals = np.bincount(rows @ [1, 2, 4], minlength=8)
    assert np.bincount(result.cases[result.cases >= 0], minlength=8).tolist() == totals.tolist()
    assert [row.line for row in result.bad] == [300_002, 300_003, 300_004, 300_005, 300_006]
    assert len(steps) > 1
    assert steps[-1] == (300_005, 300_005)


HEADS = st.sampled_from(["G1,G2,label\n", "label;x;G2;G1\r\n", "\ufeffG1,G2,label\n", "G1,G2\n"])
PIECES = st.sampled_from(["0", "1", ",", ";", "\t", '"', "\n", "\r\n", "\r", " ", "x", "é", "\0"])
LINES = st.lists(
    st.sampled_from(["0,1,1", "1,1,0", "1,0", "2,0,1", ",,", "1,1,1,1", " 1,TRUE,0", "1;0;1;1"])
)
TEXTS = st.one_of(
    st.builds(lambda head, rest: head + "".join(rest), HEADS, st.lists(PIECES, max_size=40)),
    st.builds(lambda head, lines: head + "\n".join(lines), HEADS, LINES),
)


@settings(max_examples=500, deadline=None)
@given(TEXTS)
@example("G1,G2,label\n1,0\n1,0,1\n2,2,2\n1,0,1,1\n")
@example("G1,G2,label\n1,0,1\n\t\n1,0,1\n")
@example("G1,G2,label\n0,0,")
@example("G1\tG2\tlabel\n1\t0\t1\n\t\t\n")
def test_the_quick_reader_says_what_the_careful_one_says(text: str) -> None:
    content, limits = text.encode(), Limits(rows=20)
    quick: Any = attempt(
        lambda: arrow_csv.parse_plain_csv(content, WANTED, limits, lambda *_: None)
    )
    if quick is None:  # left to the careful one
        return
    careful: Any = attempt(lambda: parse_csv(content, WANTED, limits))
    if isinstance(quick, str):
        assert careful == quick
        return
    assert sorted(quick.cases.tolist()) == sorted(careful.cases.tolist())
    assert quick.bad == list(careful.bad)


def attempt(act: Any) -> Any:
    try:
        return act()
    except FileError as error:
        return str(error)


@pytest.mark.parametrize("content", [b"G1,G2,label\n1,0,1\n", b"G1,G2,label\n1,0\n"])
def test_it_waits_until_arrow_holds_our_handler_no_longer(
    content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread of Arrow that lets go of it while Python ends would abort the process."""
    handlers = []
    options = arrow_csv.pacsv.ParseOptions

    def note(**values: Any) -> Any:
        handler = values["invalid_row_handler"]
        handlers.append(weakref.ref(handler))
        Timer(0.1, bool, (handler,)).start()  # as a slow thread of Arrow
        return options(**values)

    monkeypatch.setattr(arrow_csv.pacsv, "ParseOptions", note)
    arrow_csv.parse_plain_csv(content, WANTED, Limits(), lambda *_: None)
    assert [handler() for handler in handlers] == [None]


def test_plain_files_are_read_quickly() -> None:
    for plain in (b"G1,G2,label\n1,0,1\n", b"\xef\xbb\xbfG1;label;G2\r\n1;0;1\r\n"):
        assert arrow_csv.parse_plain_csv(plain, WANTED, Limits(), lambda *_: None) is not None
