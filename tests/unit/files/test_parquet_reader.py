"""Parquet files: the types that may hold a yes or no, nulls, damaged files."""

import io
import subprocess
import sys
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from webapp.cases import Features
from webapp.files.parquet_reader import parse_parquet
from webapp.files.types import BAD, BadRow, FileError, Limits, ParsedFile
from webapp.settings import ROOT

TWO = Features(("G1", "G2"))


def packed(columns: dict[str, Any] | pa.Table, **options: Any) -> bytes:
    table = columns if isinstance(columns, pa.Table) else pa.table(columns)
    file = io.BytesIO()
    pq.write_table(table, file, **options)
    return file.getvalue()


def parse(columns: dict[str, Any] | pa.Table, limits: Limits | None = None) -> ParsedFile:
    return parse_parquet(packed(columns), TWO, limits or Limits())


@pytest.mark.parametrize(
    "kind",
    [pa.int8(), pa.uint8(), pa.int64(), pa.uint64(), pa.float32(), pa.float64(), pa.bool_()],
    ids=str,
)
def test_numbers_and_bools(kind: pa.DataType) -> None:
    values = [1, 0, 1, 0]
    column = pa.array([bool(v) for v in values] if kind == pa.bool_() else values, kind)
    parsed_file = parse({"G2": column, "id": ["a", "b", "c", "d"], "G1": [0, 0, 1, 1]})
    assert parsed_file.cases.tolist() == [2, 0, 3, 1]
    assert parsed_file.line.tolist() == [1, 2, 3, 4]
    assert parsed_file.unit == "row"
    assert not parsed_file.bad


@pytest.mark.parametrize(
    "column",
    [
        pa.array(["1", "0", " TRUE "]),
        pa.array(["1", "0", "true"], pa.large_string()),
        pa.array(["1", "0", "true"]).dictionary_encode(),
        pa.array([1, 0, 1]).dictionary_encode(),
        pa.array([Decimal("1.00"), Decimal(0), Decimal(1)]),
    ],
    ids=lambda column: str(column.type)[:20],
)
def test_texts_dictionaries_and_decimals(column: pa.Array) -> None:
    assert parse({"G1": column, "G2": [0, 0, 1]}).cases.tolist() == [1, 0, 3]


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (pa.array([0, None]), "G1 is empty; use 0 or 1"),
        (pa.array(["0", None]).dictionary_encode(), "G1 is empty; use 0 or 1"),
        (pa.array([0, 2]), 'G1 is "2"; use 0 or 1'),
        (pa.array([0, -1]), 'G1 is "-1"; use 0 or 1'),
        (pa.array([0.0, 0.5]), 'G1 is "0.5"; use 0 or 1'),
        (pa.array([0.0, float("nan")]), "G1 is empty; use 0 or 1"),
        (pa.array([0.0, float("inf")]), 'G1 is "inf"; use 0 or 1'),
        (pa.array(["0", "maybe"]), 'G1 is "maybe"; use 0 or 1'),
        (pa.array(["0", ""]), "G1 is empty; use 0 or 1"),
        (pa.array([Decimal("0.0"), Decimal("0.1")]), 'G1 is "0.1"; use 0 or 1'),
    ],
)
def test_bad_rows(column: pa.Array, message: str) -> None:
    parsed_file = parse({"G1": column, "G2": [1, 1]})
    assert parsed_file.cases.tolist() == [2, BAD]
    assert list(parsed_file.bad) == [BadRow(2, "G1", message)]


def test_several_bad_fields_and_a_column_of_nulls() -> None:
    parsed_file = parse({"G1": pa.nulls(2), "G2": ["x", "1"]})
    assert [row.message for row in parsed_file.bad] == [
        "G1 is empty; use 0 or 1 (also in this row: G2)",
        "G1 is empty; use 0 or 1",
    ]


def test_names_with_dots_and_spaces() -> None:
    features = Features(("owns.G1", "G2"))
    content = packed({"owns": [0], "owns.G1": [1], " G2 ": [1], "owns.G1.x": [0]})
    assert parse_parquet(content, features, Limits()).cases.tolist() == [3]


def test_several_row_groups() -> None:
    content = packed({"G1": [0, 1, 1, 0, 1], "G2": [0, 0, 1, 1, 1]}, row_group_size=2)
    parsed_file = parse_parquet(content, TWO, Limits())
    assert parsed_file.cases.tolist() == [0, 1, 3, 2, 3]
    assert parsed_file.line.tolist() == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"G1": [1]}, "no column G2. Its columns are “G1”"),
        ({"G1": [1], "G2": [[1]]}, "Column G2 holds list<"),
        ({"G1": pa.array([], pa.int8()), "G2": pa.array([], pa.int8())}, "no rows"),
        ({"G1": [1], "G2": [1], " G2": [1]}, "2 columns named G2"),
    ],
)
def test_refused(columns: dict[str, Any], words: str) -> None:
    with pytest.raises(FileError) as caught:
        parse(columns)
    assert words in str(caught.value)


def test_a_repeated_column() -> None:
    table = pa.table([[1], [1], [1]], names=["G1", "G2", "G2"])
    with pytest.raises(FileError, match="2 columns named G2"):
        parse(table)


def test_too_many_rows_are_counted() -> None:
    with pytest.raises(FileError, match="has 5 rows, over the limit of 4"):
        parse({"G1": [1] * 5, "G2": [0] * 5}, Limits(rows=4))


def test_a_small_file_that_unpacks_to_much() -> None:
    content = packed({"G1": [1] * 3, "G2": [0] * 3, "text": ["a" * 2**20] * 3})
    assert len(content) < 2**20
    with pytest.raises(FileError, match="unpacks to"):
        parse_parquet(content, TWO, Limits(unpacked=2**20))


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[: len(content) // 2],
        lambda content: content[:4],
        lambda content: content[:-1],
        lambda content: content[:4] + b"\0" * 100 + content[:4],
        lambda content: content[:4] + b"\xff" * 100 + content[:4],
        lambda content: content[:4] + bytes(len(content) - 208) + content[-204:],
        lambda content: content[:-60] + b"\xff" * 40 + content[-20:],
    ],
)
def test_damaged_files(damage: Any) -> None:
    content = damage(packed({"G1": [0, 1] * 500, "G2": [0, 1] * 500}))
    with pytest.raises(FileError, match="can't be read as Parquet"):
        parse_parquet(content, TWO, Limits())


def test_records_are_texts_of_every_column() -> None:
    parsed_file = parse(
        {
            "id": pa.array([7, None]),
            "G1": [True, False],
            "x": [0.1, 1e-300],
            "G2": [1, 0],
            "day": [date(2024, 2, 29), None],
            "tags": [["a", "b"], []],
            "level": pa.array(["é", None]).dictionary_encode(),
        }
    )
    assert list(parsed_file.records()) == [
        ["7", "true", "0.1", "1", "2024-02-29", "['a', 'b']", "é"],
        ["", "false", "1e-300", "0", "", "[]", ""],
    ]


READ_ALL = """
import os, sys
from webapp.cases import Features
from webapp.files.parquet_reader import parse_parquet, read_names
from webapp.files.types import Limits
content = sys.stdin.buffer.read()
before = len(os.listdir("/proc/self/task"))
read_names(content)
rows = sum(1 for _ in parse_parquet(content, Features(("G1", "G2")), Limits()).records())
print(rows, len(os.listdir("/proc/self/task")) - before)
"""


def test_no_thread_of_arrow_is_left_that_could_abort_the_process() -> None:
    """As one of the CSV reader's did: it let go of our objects while Python ended."""
    content = packed({"G1": [0, 1] * 30_000, "G2": [1, 0] * 30_000}, row_group_size=5_000)
    output = subprocess.run(
        [sys.executable, "-c", READ_ALL], input=content, cwd=ROOT, capture_output=True, check=True
    ).stdout
    assert output.split() == [b"60000", b"0"]
