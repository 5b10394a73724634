"""Labelled files become counts, or an error that names the line, the column and the fix."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray

from tests.support.synthetic_rows import header, labelled_rows, write_csv
from webapp.cases import Features
from webapp.stats.counts import Counts
from webapp.training.data import read_labelled
from webapp.training.errors import DataError
from webapp.training.rows import LabelledCounts, RowRange

ROWS = labelled_rows(1000)
G10 = Features.numbered(10)


def expected(rows: NDArray[np.int64]) -> Counts:
    return Counts.of(G10.number(rows[:, :-1]), rows[:, -1], G10.cases)


def check(data: LabelledCounts, rows: NDArray[np.int64]) -> None:
    counts = expected(rows)
    assert data.features == G10
    assert np.array_equal(data.counts.n, counts.n)
    assert np.array_equal(data.counts.positives, counts.positives)
    assert data.cases == np.count_nonzero(counts.n)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [(":", 0, 1000), ("1:1000", 0, 1000), ("401:", 400, 1000), (":7", 0, 7), ("5:5", 4, 5)],
)
def test_row_ranges_are_inclusive_and_count_from_one(
    tmp_path: Path, text: str, first: int, last: int
) -> None:
    data = read_labelled(write_csv(tmp_path / "rows.csv", ROWS), RowRange.parse(text))
    check(data, ROWS[first:last])
    assert str(data.rows) == f"{first + 1}:{last}"


@pytest.mark.parametrize(
    "text", ["", "5", "0:3", "4:3", "-1:3", "1-3", "a:b", "1:2:3", "²:", "1:1e9"]
)
def test_bad_row_ranges_name_the_option(text: str) -> None:
    with pytest.raises(DataError, match=r"--rows .*(FIRST:LAST|count from 1)"):
        RowRange.parse(text)


@pytest.mark.parametrize("text", ["1:1001", "1001:", "1001:1002", "5000:9000"])
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_range_beyond_the_file_says_how_long_it_is(tmp_path: Path, text: str, kind: str) -> None:
    path = write_csv(tmp_path / "rows.csv", ROWS) if kind == "csv" else write_parquet(tmp_path)
    with pytest.raises(DataError, match=f"--rows {text}: the file has only 1,000 rows"):
        read_labelled(path, RowRange.parse(text))


def test_quotes_spaces_bom_and_windows_line_ends_are_fine(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "rows.csv", ROWS)
    header_line = ",".join(f'"{name}"' for name in header().split(","))
    text = (
        path.read_text()
        .replace(header(), header_line)
        .replace(",1,", ', "1" ,')
        .replace("\n", "\r\n")
    )
    path.write_bytes(b"\xef\xbb\xbf" + text.replace(' "1" ', "1").encode())
    check(read_labelled(path, RowRange()), ROWS)


def test_the_label_may_stand_anywhere_and_features_keep_their_order(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("b,label,a\n1,0,0\n1,1,1\n0,1,1")
    data = read_labelled(path, RowRange())
    assert data.features.names == ("b", "a")
    assert data.counts.n.tolist() == [0, 1, 1, 1]
    assert data.counts.positives.tolist() == [0, 0, 1, 1]


def test_gzip_is_read(tmp_path: Path) -> None:
    plain = write_csv(tmp_path / "rows.csv", ROWS).read_bytes()
    path = tmp_path / "rows.csv.gz"
    path.write_bytes(gzip.compress(plain))
    check(read_labelled(path, RowRange()), ROWS)
    path.write_bytes(gzip.compress(plain)[:-500])
    with pytest.raises(DataError, match=r"rows\.csv\.gz: The file can't be unpacked"):
        read_labelled(path, RowRange())


def write_parquet(folder: Path, change: dict[str, object] | None = None) -> Path:
    columns = dict(zip(header().split(","), ROWS.T, strict=True))
    pq.write_table(pa.table({**columns, **(change or {})}), folder / "rows.parquet")
    return folder / "rows.parquet"


@pytest.mark.parametrize("kind", ["int64", "int8", "bool", "float64"])
def test_parquet_is_read(tmp_path: Path, kind: str) -> None:
    path = write_parquet(tmp_path, {"G3": ROWS[:, 2].astype(kind)})
    check(read_labelled(path, RowRange(2, 999)), ROWS[1:999])


@pytest.mark.parametrize(
    ("column", "problem"),
    [
        ([0] * 700 + [2] + [0] * 299, 'row 701: G3 is "2"; use 0 or 1'),
        ([0.0] * 700 + [0.5] + [0.0] * 299, r'row 701: G3 is "0\.5"; use 0 or 1'),
        ([0] * 700 + [None] + [0] * 299, "row 701: G3 is empty"),
        (["0"] * 900 + ["x"] * 100, 'row 901: G3 is "x"; use 0 or 1'),
        ([[0]] * 1000, r'row 2: G3 is "\[0\]"|Column G3 holds list'),
    ],
)
def test_bad_parquet_names_row_and_column(tmp_path: Path, column: list, problem: str) -> None:
    with pytest.raises(DataError, match=problem):
        read_labelled(write_parquet(tmp_path, {"G3": pa.array(column)}), RowRange(2))


def test_a_broken_parquet_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    path.write_bytes(b"PAR1 and nothing more")
    with pytest.raises(DataError, match="can't be read as Parquet"):
        read_labelled(path, RowRange())


GOOD = "0,1,0,1,0,1,0,1,0,1,0"


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (GOOD.replace("1", "2", 1), 'line 4: G2 is "2"; use 0 or 1'),
        (GOOD.replace("1", "", 1), "line 4: G2 is empty; use 0 or 1"),
        (GOOD[:-1] + "maybe", 'line 4: label is "maybe"; use 0 or 1'),
        (GOOD.replace("1", "1.5", 1), r'line 4: G2 is "1\.5"'),
        (GOOD.replace("1", "x" * 5000, 1), r'line 4: G2 is "x{39}…"'),
        (GOOD[2:], "line 4: 10 values, but the header in line 1 has 11 columns"),
        (GOOD + ",0", "line 4: 12 values, but the header in line 1 has 11 columns"),
        ('"' + GOOD, "starts on line 4 has an open quote"),
        ('"' + "x" * 200_000, "starts on line 4 is longer than 131,072 characters"),
    ],
)
def test_bad_lines_name_line_column_and_fix(tmp_path: Path, line: str, problem: str) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("\n".join([header(), GOOD, GOOD, line, GOOD]))
    with pytest.raises(DataError, match=problem):
        read_labelled(path, RowRange())


def test_a_column_that_is_no_input_is_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("id,G1,label\n0,1,1\n17,1,0\n")
    with pytest.raises(DataError, match=r'id is "17"; use 0 or 1 .every column but label is an in'):
        read_labelled(path, RowRange())
    assert read_labelled(path, RowRange(), Features(("G1",))).counts.total == 2


def test_a_bad_line_outside_the_range_is_not_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("\n".join([header(), "junk", GOOD, GOOD, "junk"]))
    assert read_labelled(path, RowRange(2, 3)).counts.total == 2
    with pytest.raises(DataError, match="line 5: 1 value, but"):
        read_labelled(path, RowRange(3, 4))


def test_blank_lines_are_no_rows(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("\n".join([header(), GOOD, "", GOOD, "", "  ", ""]))
    assert read_labelled(path, RowRange()).counts.total == 2
    for text in ("1:3", "3:", "4:"):
        with pytest.raises(DataError, match="only 2 rows"):
            read_labelled(path, RowRange.parse(text))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "rows.csv: The file is empty"),
        ("\n1,0", "no column 'label'"),
        ("G1,G2\n1,0", "no column 'label'.*G1, G2"),
        ("label\n1", "0 features"),
        ("G1,G1,label\n", "the column 'G1' twice"),
        ("G1,G2,g1 ,label\n", "the column 'G1' twice, once as 'g1'"),
        ("G1,,label\n", "column 2 of the header has no name"),
        (",".join(f"G{i}" for i in range(17)) + ",label\n", "17 features: 1 to 16"),
        ("version,label\n", "a feature is named 'version'"),
        (GOOD + "\n" + GOOD, "no column 'label'"),
    ],
)
def test_bad_headers_say_what_is_needed(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=problem):
        read_labelled(path, RowRange())


def test_bytes_that_are_no_text_are_a_bad_value(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(f"{header()}\n{GOOD}\n".encode() + b"\xff\x00" + GOOD[1:].encode())
    with pytest.raises(DataError, match="line 3"):
        read_labelled(path, RowRange())
