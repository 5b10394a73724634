"""Any bytes at all: an answer or a FileError, and the answer is right."""

import csv
import io
from collections.abc import Sequence

from hypothesis import example, given, settings
from hypothesis import strategies as st

from webapp.cases import Features, InputError
from webapp.files.csv_reader import parse_csv
from webapp.files.parse import respond
from webapp.files.parse_message import ParseRequest, pack_request, read_cases, read_copy
from webapp.files.scored_copy import AddedColumns, write_copy
from webapp.files.sniff import sniff_kind
from webapp.files.types import BAD, FileError, Limits

FEATURES = Features(("G1", "G2", "G3"))
ADDED = AddedColumns(("case",), [(str(case),) for case in range(8)])
LIMITS = Limits(rows=50, bytes=5_000)

HEADERS = st.sampled_from(["G1,G2,G3\n", "\n", "G1;G2;G3\r\n", '"G1"\tG2\tG3\tx\n', ""])
PIECES = st.sampled_from(["0", "1", ",", ";", "\t", '"', '""', "\n", "\r", "\r\n", " ", "x", "\0"])
TEXTS = st.builds(lambda head, rest: head + "".join(rest), HEADERS, st.lists(PIECES, max_size=60))


def answer(content: bytes) -> None:
    """Ask for the cases and for the copy: both agree, or both raise FileError."""
    try:
        kind = sniff_kind(content, LIMITS)
        request = ParseRequest(content, kind, FEATURES.names, LIMITS)
        rows = read_cases(respond(pack_request(request)))
    except FileError:
        return
    with_copy = ParseRequest(content, kind, FEATURES.names, LIMITS, ADDED)
    text = read_copy(respond(pack_request(with_copy))).decode("utf-8-sig")
    delimiter = next(d for d in "\t;," if d in text.partition("\n")[0])
    copy = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    assert {len(row) for row in copy} == {len(copy[0])}
    cases = [row[-2] for row in copy[1:]]
    assert [int(case) for case in cases if case] == rows.cases.tolist()
    assert sum(bool(row[-1]) for row in copy[1:]) == rows.bad_total


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300))
@example(b"PAR1")
@example(b"PAR1\x00\x00\x00\x00PAR1")
def test_random_bytes(content: bytes) -> None:
    answer(content)


@settings(max_examples=600, deadline=None)
@given(TEXTS, st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le"]))
@example('G1,G2,G3\n1,1,"\r', "utf-8")
def test_random_csv_texts(text: str, encoding: str) -> None:
    answer(text.encode(encoding))


VALUES = st.sampled_from(["0", "1", " 1", "true", "FALSE", "", "2", "1.5", "maybe"])
CARRIED = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8)
ROWS = st.lists(st.tuples(CARRIED, VALUES, VALUES, VALUES, CARRIED), min_size=1, max_size=20)


def written(rows: Sequence[Sequence[str]], delimiter: str) -> tuple[str, list[int]]:
    """Rows as CSV under a header, and the physical line that each row starts on."""
    file = io.StringIO(newline="")
    writer = csv.writer(file, delimiter=delimiter)
    writer.writerow(["a", "G3", "G1", "G2", "b"])
    starts = []
    for row in rows:
        starts.append(len(list(io.StringIO(file.getvalue(), newline=""))) + 1)
        writer.writerow(row)
    return file.getvalue(), starts


def expected(row: Sequence[str]) -> int:
    """The case of one row by the code that judges a single request."""
    try:
        return FEATURES.parse(zip(("G3", "G1", "G2"), row[1:4], strict=True))
    except InputError:
        return BAD


@settings(max_examples=300, deadline=None)
@given(ROWS, st.sampled_from(",;\t"))
def test_agrees_with_a_row_at_a_time(rows: list[tuple[str, ...]], delimiter: str) -> None:
    text, starts = written(rows, delimiter)
    parsed_file = parse_csv(text.encode(), FEATURES, Limits())
    assert parsed_file.line.tolist() == starts
    assert parsed_file.cases.tolist() == [expected(row) for row in rows]
    assert [row.line for row in parsed_file.bad] == [
        line for line, row in zip(starts, rows, strict=True) if expected(row) == BAD
    ]
    copy = write_copy(parsed_file, ADDED, Limits()).decode()
    again = list(csv.reader(io.StringIO(copy, newline=""), delimiter=delimiter))
    assert [tuple(row[:5]) for row in again[1:]] == rows
