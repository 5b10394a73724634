"""Excel workbooks: the first sheet, and what a small file can claim."""

from __future__ import annotations

import io
import zipfile
from contextlib import suppress

import pytest

from tests.support.workbooks import packed, workbook
from webapp.cases import Features
from webapp.files.parse import respond
from webapp.files.parse_in_child import parse_in_child
from webapp.files.parse_message import ParseRequest, pack_request, read_cases, read_copy
from webapp.files.scored_copy import AddedColumns
from webapp.files.types import FileError, Limits
from webapp.files.workbook import parse_workbook

FEATURES = Features(("a", "b"))
HEAD = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'


def one(xml: str) -> bytes:
    return packed({"xl/worksheets/sheet1.xml": f"{HEAD}{xml}</sheetData></worksheet>"})


def refused(content: bytes, limits: Limits | None = None) -> str:
    with pytest.raises(FileError) as caught:
        parse_workbook(content, FEATURES, limits or Limits())
    return str(caught.value)


def test_rows_have_the_numbers_of_the_sheet() -> None:
    rows = [[], ["A", "b ", "name"], [1, 0, "x"], [], ["yes", "no", 7.5], [2, None], [1, 1, "", 5]]
    file = parse_workbook(workbook(rows, [["b"]]), FEATURES, Limits())
    assert (file.unit, file.line.tolist()) == ("row", [3, 5, 6, 7])
    assert file.cases.tolist() == [1, 1, -1, -1]
    assert [row.message for row in file.bad] == [
        'a is "2"; use 0 or 1 (also in this row: b)',
        "4 values, but the header in row 2 has 3 columns",
    ]
    assert file.notes == ("yes/no as 1/0", "column A as a", "sheet Data, the first of 2")
    assert list(file.records())[1] == ["yes", "no", "7.5"]


def test_a_scored_copy_is_a_csv() -> None:
    content = workbook([["a", "b", "n"], [1, 0, 3], [True, 1, "x;y"], ["maybe", 0, None]])
    columns = AddedColumns(("case",), [(str(case),) for case in range(4)])
    request = ParseRequest(content, "workbook", FEATURES.names, Limits(), columns)
    lines = read_copy(parse_in_child(pack_request(request), Limits())).decode().splitlines()
    assert lines[:3] == ["a,b,n,case,error", "1,0,3,1,", "True,1,x;y,3,"]
    assert lines[3].startswith("maybe,0,,,")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (workbook([]), "Data, is empty"),
        (workbook([["a", "c"], [1, 0]]), "no column b. Row 1 of the first sheet reads “a, c”"),
        (workbook([["a", "b"]]), "a header but no rows"),
        (one('<row r="1"><c r="A1"/></row><row r="9"><c r="XFD1048576"/></row>'), "1,048,576 rows"),
        (one("<row><c r='A1'/></row><row><c r='XFD1048576'/></row>"), "16,384 columns"),
        (one("<row>" + "<c/>" * 30_000 + "</row>" + "<row/>" * 1_000), "30,000 columns"),
        (one("<row><c r="), "can't be read"),
        (b"PK\x03\x04xl/workbook.xml", "can't be unpacked"),
    ],
    ids=["empty", "columns", "rows", "huge", "quotes", "placeless", "torn XML", "torn zip"],
)
def test_what_cannot_be_used_is_refused(content: bytes, words: str) -> None:
    assert words in refused(content)


def test_a_bomb_is_refused_by_what_it_unpacks_to() -> None:
    content = one("<row/>" * 2_000_000)
    assert len(content) < 100_000
    assert "unpacks to 11 MiB in 5 parts" in refused(content, Limits(unpacked=1 << 20))


def test_a_part_that_understates_its_size_is_refused() -> None:
    content = bytearray(one("<row/>" * 200_000))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        size = archive.getinfo("xl/worksheets/sheet1.xml").file_size
    place = content.rindex(size.to_bytes(4, "little"))  # in the central directory
    content[place : place + 4] = (100).to_bytes(4, "little")
    assert "can't be unpacked" in refused(bytes(content))


def test_damage_in_any_byte_is_a_file_error_or_read() -> None:
    content = workbook([["a", "b"], [1, 0], [0, 1]])
    for place in range(0, len(content), 7):
        torn = bytearray(content)
        torn[place] ^= 0x5A
        answer = respond(
            pack_request(ParseRequest(bytes(torn), "workbook", FEATURES.names, Limits()))
        )
        with suppress(FileError):
            read_cases(answer)
