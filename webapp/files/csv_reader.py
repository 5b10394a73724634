"""Read the rows of a CSV text. Line numbers are physical lines, as an editor shows them."""

from __future__ import annotations

import codecs
import csv
import io
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter

import numpy as np

from webapp.files.readings import LABEL, LabelledColumns, Schema
from webapp.files.types import (
    BAD,
    BAD_LABEL,
    PROGRESS_ROWS,
    BadRow,
    FileError,
    Limits,
    OnProgress,
    ParsedFile,
    RowParser,
    RowResult,
    check_rows,
    check_width,
    find_columns,
)

_DELIMITERS = ",;\t|"
# UTF-32 before UTF-16, whose little-endian mark begins UTF-32's.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_WIDE_HEAD = 64  # bytes that tell whether a text is UTF-16
_WIDE_SHARE = 0.7  # of its characters that are Latin


@dataclass(frozen=True)
class CsvLayout:
    """A text's delimiter, and its header with the line where it starts."""

    delimiter: str
    line: int
    header: list[str]


def parse_csv(
    content: bytes,
    schema: Schema,
    limits: Limits,
    on_progress: OnProgress = lambda _read, _all: None,
) -> ParsedFile:
    """Every row of a CSV file. Raises FileError if it can't be read as one."""
    text, has_bom = decode(content)
    layout = find_layout(text, schema)
    columns = find_columns(layout.header, schema, f"Line {layout.line} reads")
    line, cases, bad = _read_cases(text, layout, columns, schema, limits, on_progress)
    return ParsedFile(
        unit="line",
        header=layout.header,
        line=np.frombuffer(line, np.int32),
        cases=np.frombuffer(cases, np.int32),
        bad=bad,
        records=lambda: (record for _, record in _rows(text, layout.delimiter)),
        delimiter=layout.delimiter,
        newline="\r\n" if text[: text.find("\n") + 1].endswith("\r\n") else "\n",
        bom=has_bom,
    )


def decode(content: bytes) -> tuple[str, bool]:
    """The text, and True if it began with a byte order mark. Without a mark it must be UTF-8.

    UTF-16 is recognised without a mark, too, where the text begins with Latin letters. Any other
    encoding is refused: a wrong guess would garble the other columns, which a scored copy
    carries along.
    """
    encoding = _find_mark(content)
    try:
        text = content.decode(find_encoding(content))
    except UnicodeDecodeError as error:
        if encoding is None:
            _check_nul(content.decode("latin-1"))
        line = content[: error.start].count(b"\n") + 1
        encoding_name = "UTF-8" if encoding in (None, "utf-8-sig") else str(encoding).upper()
        raise FileError(
            f"The file isn't {encoding_name} text (line {line}, "
            f"byte 0x{content[error.start]:02X}): save it as “CSV UTF-8”."
        ) from error
    _check_nul(text)
    return text, encoding is not None


def find_encoding(content: bytes) -> str:
    """The encoding of a text by its mark or, for UTF-16, its zeros; else UTF-8."""
    return _find_mark(content) or _guess_wide(content) or "utf-8"


def _find_mark(content: bytes) -> str | None:
    return next((name for mark, name in _MARKS if content.startswith(mark)), None)


def _guess_wide(content: bytes) -> str | None:
    """UTF-16 without a mark: every other byte of its Latin characters is 0, and no other."""
    head = content[:_WIDE_HEAD]
    if len(content) % 2 == 0 and len(head) >= 2:
        for name, zeros, others in (
            ("utf-16-le", head[1::2], head[::2]),
            ("utf-16-be", head[::2], head[1::2]),
        ):
            if zeros.count(0) > _WIDE_SHARE * len(zeros) and b"\0" not in others:
                return name
    return None


def find_layout(text: str, schema: Schema) -> CsvLayout:
    """The layout with the delimiter, one of ``_DELIMITERS``, that finds most required columns."""
    names = {name.strip() for name in schema.names}
    best, most = None, (0, 0)
    problem = None
    for delimiter in _DELIMITERS:
        try:
            line, header = next(_records(text, delimiter), (0, []))
        except FileError as error:
            problem = error
            continue
        check_width(header)
        matches = len(names.intersection(name.strip() for name in header))
        if (matches, len(header)) > most:
            best, most = CsvLayout(delimiter, line, header), (matches, len(header))
    # A quote that is open with one delimiter may be plain text with another one, so the problem
    # counts only if no delimiter finds a column.
    if problem is not None and most[0] == 0:
        raise problem
    if best is None:
        raise FileError("The file is empty.")
    return best


def _check_nul(text: str) -> None:
    place = text.find("\0")
    if place >= 0:
        raise FileError(
            f"The file has a NUL character in line {text.count(chr(10), 0, place) + 1}, so it "
            "isn't text: save it as “CSV UTF-8”."
        )


def _read_cases(
    text: str,
    layout: CsvLayout,
    columns: Sequence[int],
    schema: Schema,
    limits: Limits,
    on_progress: OnProgress,
) -> tuple[array[int], array[int], list[BadRow]]:
    """The line and the case (or BAD) of every row, and the bad rows."""
    # The first column twice: with a single column itemgetter would not return a tuple.
    pick = itemgetter(*columns, columns[0])
    parser, width = RowParser(schema), len(layout.header)
    label = LABEL if isinstance(schema, LabelledColumns) else None
    lines, cases = array("i"), array("i")
    bad: list[BadRow] = []
    rows = _rows(text, layout.delimiter)
    for line, record in rows:
        if len(lines) % PROGRESS_ROWS == 0:
            on_progress(len(lines), max(len(lines), text.count("\n")))
        if len(lines) == limits.rows:
            check_rows(limits.rows + 1 + sum(1 for _ in rows), limits)
        result: RowResult
        if len(record) == width:
            result = parser.parse(pick(record)[:-1])
        else:
            result = describe_width(len(record), layout)
        lines.append(line)
        if isinstance(result, int):
            cases.append(result)
        else:
            cases.append(BAD_LABEL if result[0] == label else BAD)
            if len(bad) < limits.bad_kept:
                bad.append(BadRow(line, *result))
    check_rows(len(lines), limits)
    return lines, cases, bad


def describe_width(width: int, layout: CsvLayout) -> tuple[str, str]:
    """(field, message) of a row with more or fewer values than the header has names."""
    values = "1 value" if width == 1 else f"{width:,} values"
    columns = "1 column" if len(layout.header) == 1 else f"{len(layout.header):,} columns"
    return "", f"{values}, but the header in line {layout.line} has {columns}"


def _rows(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """(line, fields) of every row under the header."""
    records = _records(text, delimiter)
    next(records, None)
    return records


def _records(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """(line, fields) of every record that isn't blank. ``line`` is where the record starts."""
    at_end = False
    file, blank_lines = _skip_blank_lines(text)

    def lines() -> Iterator[str]:
        nonlocal at_end
        yield from file
        at_end = True
        yield "end"  # the reader doesn't report an open quote, but then this line is inside it

    reader = csv.reader(lines(), delimiter=delimiter)
    start = 1
    try:
        for record in reader:
            if at_end:
                _check_closed(start + blank_lines, reader.line_num + blank_lines)
                return
            if len(record) > 1 or (record and not record[0].isspace()):
                yield start + blank_lines, record
            start = reader.line_num + 1
    except csv.Error as error:
        limit = csv.field_size_limit()
        raise FileError(
            f"A value in the row that starts on line {start + blank_lines} is longer than "
            f"{limit:,} characters: is there an open quote?"
        ) from error


def _skip_blank_lines(text: str) -> tuple[Iterator[str], int]:
    """The lines from the first that isn't blank, and the number of lines before it."""
    blank = len(text) - len(text.lstrip(" \t\r\n"))
    end = max(text.rfind("\n", 0, blank), text.rfind("\r", 0, blank)) + 1
    blank_lines = text[:end].replace("\r\n", "\n").replace("\r", "\n").count("\n")
    return io.StringIO(text[end:], newline=""), blank_lines


def _check_closed(start: int, end: int) -> None:
    if end != start:
        raise FileError(
            f"The row that starts on line {start} has an open quote: close it, or double a quote "
            "that is part of a value."
        )
