"""The file given back with columns added to it."""

import csv
import io

import pytest

from webapp.cases import Features
from webapp.files.csv_reader import parse_csv
from webapp.files.scored_copy import AddedColumns, write_copy
from webapp.files.types import FileError, Limits

ONE = Features(("G1",))
ADDED = AddedColumns(("probability", "case"), [("0.25", "0"), ("0.75", "1")])


def copied(content: bytes, limits: Limits | None = None) -> bytes:
    parsed_file = parse_csv(content, ONE, Limits())
    return write_copy(parsed_file, ADDED, limits or Limits())


def test_own_columns_and_order_then_the_added_ones() -> None:
    assert copied(b"id,G1,label\nb,1,0\na,0,1\n") == (
        b"id,G1,label,probability,case,error\nb,1,0,0.75,1,\na,0,1,0.25,0,\n"
    )


def test_bad_rows_have_their_message_and_no_probability() -> None:
    assert copied(b"id,G1\na,on\n\nb,1\n") == (
        b'id,G1,probability,case,error\na,on,,,"G1 is ""on""; use 0 or 1"\nb,1,0.75,1,\n'
    )


def test_rows_of_the_wrong_width_keep_all_their_values() -> None:
    rows = list(csv.reader(io.StringIO(copied(b"G1,id,note\n1\n0,b,x,y,z\n").decode())))
    assert rows[1] == ["1", "", "", "", "", "1 value, but the header in line 1 has 3 columns"]
    assert rows[2][:3] == ["0", "b", "x,y,z"]
    assert {len(row) for row in rows} == {6}


@pytest.mark.parametrize(
    ("header", "names"),
    [
        ("G1,probability", "probability_2,case,error"),
        ("G1,case, error ", "probability,case_2,error_2"),
        ("G1,case,case_2,error,probability", "probability_2,case_3,error_2"),
        ("G1,Case", "probability,case,error"),
    ],
)
def test_names_that_are_taken_get_a_number(header: str, names: str) -> None:
    row = ",".join(["1"] * len(header.split(",")))
    first = copied(f"{header}\n{row}\n".encode()).decode().splitlines()[0]
    assert first == f"{header},{names}"


def test_a_scored_file_can_be_scored_again() -> None:
    once = copied(b"G1\n1\nx\n")
    twice = copied(once)
    assert twice.decode().splitlines() == [
        "G1,probability,case,error,probability_2,case_2,error_2",
        "1,0.75,1,,0.75,1,",
        'x,,,"G1 is ""x""; use 0 or 1",,,"G1 is ""x""; use 0 or 1"',
    ]


def test_delimiter_line_ends_and_mark_stay() -> None:
    content = "G1;näme\r\n1;a,b\r\n0;c\r\n".encode("utf-8-sig")
    text = "G1;näme;probability;case;error\r\n1;a,b;0.75;1;\r\n0;c;0.25;0;\r\n"
    assert copied(content) == text.encode("utf-8-sig")


def test_carried_texts_survive_a_round_trip() -> None:
    values = ["", " x ", 'a "b"', "c,d", "e\nf", "g\rh", "i\r\nj", "=1+1", "Ōno 🎲", "'", "\ufeffk"]
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(["n", "G1"])
    writer.writerows([[value, "1"] for value in values])
    result = copied(file.getvalue().encode()).decode()
    rows = list(csv.reader(io.StringIO(result, newline="")))
    assert [row[0] for row in rows[1:]] == values
    assert all(row[2:] == ["0.75", "1", ""] for row in rows[1:])


def test_a_result_that_is_too_large_is_refused() -> None:
    content = b"G1,n\n" + b"1,x\n" * 100
    with pytest.raises(FileError, match="leave out columns"):
        copied(content, Limits(result=1_000))
