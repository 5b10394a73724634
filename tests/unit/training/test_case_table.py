"""Tables of cases and probabilities from anywhere: read alike, or refused with row and mend."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.support.workbooks import workbook
from webapp.cases import Features
from webapp.training.case_table import ScoreTable, read_case_counts, read_score_table
from webapp.training.errors import DataError

TWO = Features(("a", "b"))
SCORES = [0.125, 0.25, 0.5, 1.0]  # of the cases 0 to 3
ROWS = [(0, 0, 0.125), (1, 0, 0.25), (0, 1, 0.5), (1, 1, 1.0)]


def read(folder: Path, content: str | bytes, name: str = "t.csv") -> ScoreTable:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_score_table(path)


def refused(folder: Path, content: str) -> str:
    with pytest.raises(DataError) as caught:
        read(folder, content)
    return str(caught.value).removeprefix("t.csv: ")


WRITINGS = {
    "plain": "a,b,probability\n0,0,0.125\n1,0,0.25\n0,1,0.5\n1,1,1\n",
    "another order": "probability,a,b\n1,1,1\n0.5,0,1\n.125,0,0\n2.5e-1,1,0\n",
    "a German spreadsheet": "\ufeffa;b;Probability\r\n0;0;0,125\r\n1;0;2,5E-01\r\n0;1;0,5\r\n"
    "1;1;1,000\r\n",
    "percent": "a;b;probability\n0;0;12,5 %\n1;0;25%\n0;1;50 %\n1;1;100%\n",
    "R": '"","a","b","probability"\n"1",FALSE,FALSE,0.125\n"2",TRUE,FALSE,0.25\n'
    '"3",FALSE,TRUE,0.5\n"4",TRUE,TRUE,1\n',
    "pandas": "Unnamed: 0,a,b,probability\n0,0.0,0.0,0.125\n1,1.0,0.0,0.25\n2,0.0,1.0,0.5\n"
    "3,1.0,1.0,1.0\n",
    "words": "a\tb\tprobability\nnein\tno\t0.125\nja\tno\t0.25\nnein\tyes\t0.5\nja\tyes\t1.0\n",
    "rounding": "a,b,probability\n0,0,0.125\n1,0,0.25\n0,1,0.5\n1,1,1.0000000001\n",
}


@pytest.mark.parametrize("writing", WRITINGS)
def test_one_table_in_many_writings(tmp_path: Path, writing: str) -> None:
    table = read(tmp_path, WRITINGS[writing])
    assert table.features == TWO
    assert table.scores.tolist() == SCORES
    assert table.baseline is None


def test_other_kinds_of_files(tmp_path: Path) -> None:
    columns = dict(zip(("a", "b", "probability"), zip(*ROWS, strict=True), strict=True))
    pq.write_table(pa.table(columns), tmp_path / "t.parquet")
    sheet = workbook([("a", "b", "probability"), *ROWS])
    assert read_score_table(tmp_path / "t.parquet").scores.tolist() == SCORES
    assert read(tmp_path, sheet, "t.xlsx").scores.tolist() == SCORES
    zipped_table = read(tmp_path, gzip.compress(WRITINGS["plain"].encode()), "t.csv.gz")
    assert (zipped_table.scores.tolist(), zipped_table.notes) == (SCORES, ("gzip",))


def test_probabilities_keep_their_last_bit(tmp_path: Path) -> None:
    scores = np.random.default_rng(0).random(4)
    lines = [f"{case & 1},{case >> 1},{float(scores[case])!r}" for case in (2, 0, 3, 1)]
    text = "\n".join(["a,b,probability", *lines])
    assert np.array_equal(read(tmp_path, text).scores, scores)


def test_counts_come_with_the_table(tmp_path: Path) -> None:
    text = "a,b,probability,n,positives\n0,1,.5,1e+05,10\n0,0,.125,7.0,7\n1,1,1,,\n1,0,.25,0,0\n"
    baseline = read(tmp_path, text).baseline
    assert baseline is not None
    assert baseline.n.tolist() == [7, 0, 100_000, 0]
    assert baseline.positives.tolist() == [7, 0, 10, 0]


COUNTS = {
    "case": "case,n,positives\n2,100000,10\n0,7,7\n",
    "inputs": "b,A,positives,n\n1,0,10,100000\n0,0,7,7\n",
    "labelled": "a,b,label\n" + "0,0,1\n" * 7 + "0,1,1\n" * 10 + "0,1,0\n" * 99_990,
}


@pytest.mark.parametrize("form", COUNTS)
def test_counts_from_a_file_of_their_own(tmp_path: Path, form: str) -> None:
    (tmp_path / "c.csv").write_text(COUNTS[form])
    counts = read_case_counts(tmp_path / "c.csv", TWO)
    assert counts.n.tolist() == [7, 0, 100_000, 0]
    assert counts.positives.tolist() == [7, 0, 10, 0]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a,b,n\n0,0,1\n", "c.csv: It needs the columns n and positives beside the inputs, or l"),
        ("a,n,positives\n0,1,1\n", "c.csv: The file has no column b"),
        ("a,b,n,positives\n0,0,1,1\n0,0,2,1\n", "c.csv: 1 case is there more than once:\n  a=0"),
        ("case,n,positives\n4,1,1\n", "c.csv: case 4 in line 2 is out of range: 0 to 3"),
        ("a,b,n,positives\n0,0,0,0\n", "c.csv: n counts no events"),
    ],
)
def test_counts_that_can_not_be_used(tmp_path: Path, text: str, problem: str) -> None:
    (tmp_path / "c.csv").write_text(text)
    with pytest.raises(DataError) as caught:
        read_case_counts(tmp_path / "c.csv", TWO)
    assert str(caught.value).startswith(problem)


def test_missing_cases_are_listed(tmp_path: Path) -> None:
    assert refused(tmp_path, "a,b,probability\n1,0,.1\n1,1,.2\n") == (
        "2 of 4 cases are missing:\n  a=0, b=0\n  a=0, b=1\n"
        "Add a row for each, with its probability. In every row a is 1: leave columns out that "
        "are no inputs."
    )
    names = [f"x{i}" for i in range(5)]
    some = [[case >> i & 1 for i in range(5)] for case in range(16)]
    lines = [",".join([*names, "probability"]), *(",".join(map(str, [*r, 0.5])) for r in some)]
    listing = refused(tmp_path, "\n".join(lines)).splitlines()
    assert listing[0] == "16 of 32 cases are missing:"
    assert listing[1] == "  x0=0, x1=0, x2=0, x3=0, x4=1"
    assert listing[11] == "  and 6 more"
    assert len(listing) == 13


def test_cases_that_are_there_twice_are_listed_with_their_rows(tmp_path: Path) -> None:
    text = "a,b,probability\n0,0,.1\n1,0,.2\n0,0,.3\n1,0,.2\n0,1,1\n1,0,.2\n"
    assert refused(tmp_path, text) == (
        "2 cases are there more than once:\n"
        "  a=0, b=0 in lines 2 and 4, where probability is 0.1 and 0.3\n"
        "  a=1, b=0 in lines 3, 5 and 7\n"
        "Keep one row of each.\n"
        "1 of 4 cases is missing:\n  a=1, b=1\nAdd a row for each, with its probability."
    )


REFUSED = {
    "a,b,p\n0,0,1\n": "The table has no column probability, only a, b, p: give the one that it is",
    "a,probability,n\n0,1,5\n": "The table has a column n without positives",
    "a,A,probability\n0,0,1\n": "The table has the column a twice, once as A.",
    "probability\n0.5\n": "The table has no inputs",
    "a,a ,probability,Probability\n0,0,1,1\n": "The table has 2 columns probability",
    "a,,probability\n0,x,1\n1,y,1\n": "A column of the table has no name: name it",
    "version,probability\n0,1\n1,1\n": "The table can't be used: a feature is named 'version'",
    "a,probability\n0,1.2\n1,0.5\n": "Line 2: probability is 1.2, which isn't between 0 and 1. Ar",
    "a,probability\n0,0.1\n1,-0.5\n": "Line 3: probability is -0.5, which isn't between 0 and 1.",
    "a,probability\n0,abc\n1,NA\n": "Line 2: probability is abc: write a number from 0 to 1 (1 mo",
    "a,probability\n0,.\n1,1\n": "Line 2: probability is empty: write a number from 0 to 1.",
    "a,probability\n0,0,5\n1,0,5\n": "2 rows (lines 2 and 3) have more or fewer values than the h",
    "a,probability,n,positives\n0,1,5,6\n1,1,1,1\n": "Line 2 has more positives (6) than n (5).",
    "a,probability,n,positives\n0,1,0,\n1,1,0,\n": "n counts no events: leave n and positives out",
    "a,probability,n,positives\n0,1,1.000,0\n1,1,1,1\n": "Line 2: n is 1.000: write a whole num",
    "a,probability,n,positives\n0,1,1.5,0\n1,1,1,1\n": "Line 2: n is 1.5: write a whole number.",
    "a,probability,n,positives\n0,1,-1,0\n1,1,1,1\n": "Line 2: n is -1: write a whole number w",
    "a,b,probability\nu,0,1\nv,1,1\n": "The column a isn't yes/no: it holds u, v. Only yes/no inp",
    "a,b,probability\n2,0,1\n0,1,1\n": 'Line 2: a is "2"; use 0 or 1.',
    "": "The file is empty.",
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_can_not_be_used_says_why(tmp_path: Path, text: str) -> None:
    assert refused(tmp_path, text).startswith(REFUSED[text])


def test_a_column_that_is_no_yes_or_no_names_the_mend(tmp_path: Path) -> None:
    text = "device,b,probability\ndesktop,0,.1\nmobile,1,.3\ntablet,0,.3\nwatch,0,.3\n"
    assert refused(tmp_path, text) == (
        "The column device isn't yes/no: it holds desktop, mobile, tablet and 1 more. Only yes/no "
        "inputs can be served: write 0 and 1, or leave the column out if it is no input (every "
        "column but probability, n and positives is one)."
    )
    assert refused(tmp_path, text.replace("tablet", "mobile").replace("watch", "mobile")).endswith(
        "it holds desktop, mobile. Only yes/no inputs can be served: write 0 for one of them and 1 "
        "for the other."
    )


@pytest.mark.parametrize(
    ("known_names", "names"),
    [([("b", "a")], ("b", "a")), ([("x",), ("B", "a")], ("B", "a")), ([("a",)], ("a", "b"))],
)
def test_its_inputs_take_the_order_of_versions_that_are_there(
    tmp_path: Path, known_names: Sequence[tuple[str, ...]], names: tuple[str, ...]
) -> None:
    path = tmp_path / "t.csv"
    path.write_text(WRITINGS["plain"])
    table = read_score_table(path, map(Features, known_names))
    assert table.features.names == names
    by_inputs = {(0, 0): 0.125, (1, 0): 0.25, (0, 1): 0.5, (1, 1): 1.0}  # of a and b
    for case, score in enumerate(table.scores.tolist()):
        row = {name.casefold(): value for name, value in table.features.row(case).items()}
        assert by_inputs[row["a"], row["b"]] == score
