"""CSV texts: what is read, which line it stood on, and what is said of the rest."""

import numpy as np
import pytest

from webapp.cases import Features
from webapp.files.csv_reader import find_layout, parse_csv
from webapp.files.encoding import decode
from webapp.files.types import BAD, MAX_COLUMNS, BadRow, FileError, Limits, ParsedFile

THREE = Features(("G1", "G2", "G3"))
ONE = Features(("G1",))


def parse(
    text: str | bytes, features: Features = THREE, limits: Limits | None = None
) -> ParsedFile:
    content = text.encode() if isinstance(text, str) else text
    return parse_csv(content, features, limits or Limits())


def rows(parsed_file: ParsedFile) -> list[tuple[int, int]]:
    return list(zip(parsed_file.line.tolist(), parsed_file.cases.tolist(), strict=True))


def refused(text: str | bytes, features: Features = THREE, limits: Limits | None = None) -> str:
    with pytest.raises(FileError) as caught:
        parse(text, features, limits)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "cases"),
    [
        pytest.param("G1,G2,G3\n1,0,1\n", [(2, 5)], id="plain"),
        pytest.param("G1,G2,G3\n1,0,1", [(2, 5)], id="no end of line at the end"),
        pytest.param("G1,G2,G3\r\n1,0,1\r\n0,1,0\r\n", [(2, 5), (3, 2)], id="CRLF"),
        pytest.param("G1,G2,G3\r1,0,1\r0,1,0", [(2, 5), (3, 2)], id="CR"),
        pytest.param("G1;G2;G3\n1;0;1\n", [(2, 5)], id="semicolons"),
        pytest.param("G1\tG2\tG3\n1\t0\t1\n", [(2, 5)], id="tabs"),
        pytest.param("G3,G1,G2\n1,0,0\n", [(2, 4)], id="other order"),
        pytest.param(" G1 ,G2\t, G3\n1,1,0\n", [(2, 3)], id="padded names"),
        pytest.param("G1,G2,G3\n 1 ,\t0,1 \n", [(2, 5)], id="padded values"),
        pytest.param("G1,G2,G3\ntrue,False,TRUE\n", [(2, 5)], id="words"),
        pytest.param('"G1","G2","G3"\n"1","0","1"\n', [(2, 5)], id="quoted"),
        pytest.param("id,G1,x,G2,G3\na,1,b,0,1\n", [(2, 5)], id="more columns"),
        pytest.param("id;G1;G2;G3\na,b,c;1;0;1\n", [(2, 5)], id="commas among semicolons"),
        pytest.param("G1,G2,G3\n\n1,0,1\n   \n\n0,0,1\n\n", [(3, 5), (6, 4)], id="blank lines"),
        pytest.param("\n\nG1,G2,G3\n1,0,1\n", [(4, 5)], id="blank lines before the header"),
        pytest.param(
            'n,G1,G2,G3\n"a\nb\n\nc",1,0,1\nd,0,1,0\n', [(2, 5), (6, 2)], id="lines in quotes"
        ),
        pytest.param('"n\n1",G1,G2,G3\nd,0,1,0\n', [(3, 2)], id="lines in the header"),
        pytest.param('n,G1,G2,G3\n"a ""b"", c",0,1,0\n', [(2, 2)], id="doubled quotes"),
        pytest.param("G1,G2,G3,note\n0,1,0,\x0b\u2028x\n1,0,0,\n", [(2, 2), (3, 1)], id="odd ends"),
    ],
)
def test_cases_and_lines(text: str, cases: list[tuple[int, int]]) -> None:
    parsed_file = parse(text)
    assert rows(parsed_file) == cases
    assert list(parsed_file.bad) == []
    assert parsed_file.line.dtype == parsed_file.cases.dtype == np.int32
    assert parsed_file.unit == "line"


@pytest.mark.parametrize(
    "encode",
    [
        pytest.param(lambda text: text.encode("utf-8-sig"), id="utf-8-sig"),
        pytest.param(lambda text: text.encode("utf-16"), id="utf-16"),
        pytest.param(lambda text: b"\xfe\xff" + text.encode("utf-16-be"), id="utf-16-be"),
        pytest.param(lambda text: text.encode("utf-32"), id="utf-32"),
    ],
)
def test_a_byte_order_mark_tells_the_encoding(encode: object) -> None:
    content = encode("G1,G2,G3,näme\n1,0,1,Ōno\n")  # type: ignore[operator]
    parsed_file = parse(content)
    assert rows(parsed_file) == [(2, 5)]
    assert list(parsed_file.header) == ["G1", "G2", "G3", "näme"]
    assert list(parsed_file.records()) == [["1", "0", "1", "Ōno"]]
    assert parsed_file.bom


@pytest.mark.parametrize(
    ("text", "bad_row"),
    [
        ("G1,G2,G3\n1,maybe,0\n", BadRow(2, "G2", 'G2 is "maybe"; use 0 or 1')),
        ("G1,G2,G3\n1,,0\n", BadRow(2, "G2", "G2 is empty; use 0 or 1")),
        ("G1,G2,G3\n1,0,2\n", BadRow(2, "G3", 'G3 is "2"; use 0 or 1')),
        ("G1,G2,G3\n1,0,1.5\n", BadRow(2, "G3", 'G3 is "1.5"; use 0 or 1')),
        ("G1,G2,G3\n1,0\n", BadRow(2, "", "2 values, but the header in line 1 has 3 columns")),
        ("G1,G2,G3\n1,0,1,1\n", BadRow(2, "", "4 values, but the header in line 1 has 3 columns")),
        ("\nG1,G2,G3\n\n1\n", BadRow(4, "", "1 value, but the header in line 2 has 3 columns")),
        ("G1,G2,G3\n,,\n", BadRow(2, "G1", "G1 is empty; use 0 or 1 (also in this row: G2, G3)")),
        ("G1,G2,G3\n1,a\x07b,0\n", BadRow(2, "G2", 'G2 is "a�b"; use 0 or 1')),
    ],
)
def test_a_bad_row_is_named_with_its_fix(text: str, bad_row: BadRow) -> None:
    parsed_file = parse(text)
    assert list(parsed_file.bad) == [bad_row]
    assert parsed_file.cases.tolist() == [BAD]
    assert parsed_file.line.tolist() == [bad_row.line]


def test_bad_rows_leave_the_others_alone() -> None:
    parsed_file = parse('n,G1,G2,G3\n"a\nb",1,0,1\n"c\nd",1,-1,1\ne,1\nf,0,1,1\ng,1,x,1\n')
    assert rows(parsed_file) == [(2, 5), (4, BAD), (6, BAD), (7, 6), (8, BAD)]
    assert [row.line for row in parsed_file.bad] == [4, 6, 8]


def test_many_bad_fields_are_named_shortly() -> None:
    features = Features.numbered(16)
    text = ",".join(features.names) + "\n" + ",".join("x" * 16) + "\n"
    message = parse(text, features).bad[0].message
    assert message == 'G1 is "x"; use 0 or 1 (also in this row: G2, G3, G4 and 12 more)'


def test_a_single_column() -> None:
    parsed_file = parse('G1\n1\n\n0\n""\n  \nx\n', ONE)
    assert rows(parsed_file) == [(2, 1), (4, 0), (5, BAD), (7, BAD)]


def test_sixteen_features_reach_the_last_case() -> None:
    features = Features.numbered(16)
    text = ",".join(features.names) + "\n" + ",".join("1" * 16) + "\n"
    assert parse(text, features).cases.tolist() == [65_535]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["empty"]),
        ("\n\n  \n", ["empty"]),
        ("\ufeff", ["empty"]),
        ("G1,G2,G3", ["no rows"]),
        ("G1,G2,G3\n\n\n", ["no rows"]),
        ("G1,G3\n1,0\n", ["no column G2.", "Line 1 reads “G1, G3”", "G1 to G3"]),
        ("id\n1\n", ["no columns G1, G2, G3."]),
        ("\n0,1,0\n1,1,1\n", ["no columns G1, G2, G3.", "Line 2 reads “0, 1, 0”"]),
        ("G1,g2,G2,G3\n1,1,1,1\n", ["2 columns named G2"]),
        ("G1,G2,G2 ,G3\n1,1,1,1\n", ["2 columns named G2"]),
        ('G1,G2,G3,n\n1,1,1,a\n1,1,1,"b\n1,1,1,c\n', ["has an open quote", "line 3"]),
        ('G1,G2,"G3\n1,1,1\n', ["has an open quote", "line 1"]),
        ('G1,G2,G3\n1,1,1\n1,1,"', ["has an open quote", "line 3"]),
        ("G1,G2,G3,n\n1,1,1," + "a" * 131_073, ["line 2", "131,072 characters", "quote"]),
        ("G1,G2,G3\n1,1,1\n1,\x00,1\n", ["NUL", "line 3"]),
        ("," * MAX_COLUMNS + "\n", ["2,001 columns", "limit of 2,000"]),
    ],
)
def test_a_file_that_cannot_be_used(text: str, words: list[str]) -> None:
    message = refused(text)
    assert [word for word in words if word not in message] == [], message


def test_one_feature_is_asked_for_by_its_name() -> None:
    assert "must have G1, in any order" in refused("a,b\n1,2\n", ONE)


def test_a_quote_left_open_alone_in_the_last_line() -> None:
    assert "has an open quote" in refused('G1\n1\n"', ONE)


def test_a_closed_file_is_not_mistaken_for_an_open_one() -> None:
    assert rows(parse('G1\n1\n"0"', ONE)) == [(2, 1), (3, 0)]


def test_a_long_header_is_not_shown_whole() -> None:
    message = refused(",".join(f"column{i}" for i in range(1_000)) + "\n")
    assert len(message) < 250
    assert "…”" in message


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("G1,G2,G3\n1,1,1\n1,Sí,1\n".encode("latin-1"), ["UTF-8", "line 3, G2", "CSV UTF-8"]),
        (b"\xef\xbb\xbfG1,G2,G3\n1,1,1\n1,\xed,1\n", ["UTF-8", "line 3", "0xED"]),
        (b"G1,G2,G3\n1,\0,1\n", ["NUL", "line 2", "CSV UTF-8"]),
        (b"\xff\xfeG\x001", ["UTF-16"]),
        (bytes(range(256)) * 20, ["NUL"]),
        (b"\x89PNG\r\n\x1a\n" + b"\xff\x01" * 9, ["isn't UTF-8", "line 1"]),
    ],
)
def test_other_encodings_are_refused_with_the_fix(content: bytes, words: list[str]) -> None:
    message = refused(content)
    assert [word for word in words if word not in message] == [], message


def test_too_many_rows_are_counted() -> None:
    text = "G1,G2,G3\n" + "1,0,1\n\n" * 13
    assert len(parse(text, limits=Limits(rows=13)).cases) == 13
    assert refused(text, limits=Limits(rows=12)) == (
        "The file has 13 rows, over the limit of 12: split it."
    )


def test_records_are_the_rows_of_the_cases() -> None:
    parsed_file = parse('n,G1,G2,G3\n\n" a ",1,0,1\n  \nb,1\n"c, ""d""",x,0,0\n')
    assert list(parsed_file.records()) == [
        [" a ", "1", "0", "1"],
        ["b", "1"],
        ['c, "d"', "x", "0", "0"],
    ]
    assert len(parsed_file.cases) == 3


@pytest.mark.parametrize(
    ("header", "delimiter"),
    [("G1;a,b,c", ";"), ("a,b,c,G1", ","), ("G1", ","), ("x;y", ";"), ('"G1;,";G2', ";")],
)
def test_the_delimiter_is_the_one_that_finds_the_features(header: str, delimiter: str) -> None:
    assert find_layout(header + "\n", THREE).delimiter == delimiter


def test_the_ends_of_lines_are_noticed() -> None:
    assert parse("G1,G2,G3\r\n1,1,1\r\n").newline == "\r\n"
    assert parse("G1,G2,G3\n1,1,1\r\n").newline == "\n"


def test_decode_tells_of_a_mark() -> None:
    assert decode("ä".encode("utf-8-sig")) == ("ä", "utf-8-sig", True, False)
    assert decode("ä".encode()) == ("ä", "utf-8", False, False)
    assert decode("ä€".encode("cp1252")) == ("ä€", "cp1252", False, True)
