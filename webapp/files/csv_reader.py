"""Read the rows of a CSV text. Line numbers are physical lines, as an editor shows them."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

import numpy as np

from webapp.bundle.yes_no import fold_name
from webapp.files.encoding import check_ascii, decode
from webapp.files.findings import Findings, describe_names, describe_separator
from webapp.files.readings import Schema
from webapp.files.row_cases import Layout, TableRules, read_cases
from webapp.files.types import FileError, Limits, OnProgress, ParsedFile, check_width, find_columns

_DELIMITERS = ",;\t|"
# Excel's first line, which names the separator
_SEPARATOR = re.compile(r'[ \t\r\n]*"?sep=([^\w\s"]|\t)"?[ ]*(\r\n|\r|\n)', re.IGNORECASE)


def parse_csv(
    content: bytes,
    schema: Schema,
    limits: Limits,
    on_progress: OnProgress = lambda _read, _all: None,
) -> ParsedFile:
    """Every row of a CSV file. Raises FileError if it can't be read as one."""
    source = decode(content)
    text, findings = source.text, Findings()
    layout = find_layout(text, schema)
    columns = find_columns(layout.header, schema, f"Line {layout.line} reads")
    rules = TableRules(layout, columns, schema, limits, source.is_guess)
    if source.is_guess:
        for column, name in zip(columns, schema.names, strict=True):
            check_ascii(layout.header[column], layout.line, name)
    total = text.count("\n")
    rows = _rows(text, layout.delimiter)
    row_cases = read_cases(rows, rules, findings, lambda read: on_progress(read, max(read, total)))
    findings.notes += describe_separator(layout.delimiter) + source.describe()
    findings.notes += describe_names(layout.header, columns, schema.names)
    return ParsedFile(
        unit="line",
        header=layout.header,
        line=np.frombuffer(row_cases.line, np.int32),
        cases=np.frombuffer(row_cases.cases, np.int32),
        bad=row_cases.bad,
        records=lambda: (record for _, record in _rows(text, layout.delimiter)),
        delimiter=layout.delimiter,
        newline="\r\n" if text[: text.find("\n") + 1].endswith("\r\n") else "\n",
        bom=source.has_mark,
        encoding=source.encoding if source.is_guess else "utf-8",
        preface=f"sep={layout.delimiter}" if find_separator(text) else "",
        notes=findings.describe(),
        faults=findings.faults,
    )


def find_separator(text: str) -> str | None:
    """The separator that the first line names for Excel, as in ``sep=;``, if it does."""
    match = _SEPARATOR.match(text)
    return match[1] if match is not None else None


def find_layout(text: str, schema: Schema) -> Layout:
    """The layout with the delimiter that finds most required columns."""
    names = {fold_name(name) for name in schema.names}
    best, most = None, (0, 0)
    problem = None
    for delimiter in dict.fromkeys((find_separator(text) or "") + _DELIMITERS):
        try:
            line, header = next(_records(text, delimiter), (0, []))
        except FileError as error:
            problem = error
            continue
        check_width(header)
        matches = len(names.intersection(map(fold_name, header)))
        if (matches, len(header)) > most:
            best, most = Layout(delimiter, line, header), (matches, len(header))
    # A quote that is open with one delimiter may be plain text with another one, so the problem
    # counts only if no delimiter finds a column.
    if problem is not None and most[0] == 0:
        raise problem
    if best is None:
        raise FileError("The file is empty.")
    return best


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
    """The lines from the header on, and the number before it, blank or Excel's ``sep=;``."""
    match = _SEPARATOR.match(text)
    rest = text[match.end() :] if match is not None else text
    blank = len(text) - len(rest.lstrip(" \t\r\n"))
    end = max(text.rfind("\n", 0, blank), text.rfind("\r", 0, blank)) + 1
    blank_lines = text[:end].replace("\r\n", "\n").replace("\r", "\n").count("\n")
    return io.StringIO(text[end:], newline=""), blank_lines


def _check_closed(start: int, end: int) -> None:
    if end != start:
        raise FileError(
            f"The row that starts on line {start} has an open quote: close it, or double a quote "
            "that is part of a value."
        )
