"""Read the first sheet of an Excel workbook. Only for the parsing processes and commands.

The reader keeps a sheet as one block of cells, and a file of a few KiB can claim billions: so what
is packed in the file is measured before.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO, Any

import numpy as np

from webapp.cases import shorten
from webapp.files.findings import Findings, describe_names
from webapp.files.readings import Schema
from webapp.files.row_cases import Layout, TableRules, read_cases
from webapp.files.types import FileError, Limits, OnProgress, ParsedFile, find_columns

_MOST_CELLS = 20_000_000  # of 32 bytes each: a million rows of 16 inputs and more
_MOST_PARTS = 2_000  # files in a workbook
_BLOCK = 1 << 20
_OVERLAP = 32  # bytes that a cell's place may have
_PLACE = re.compile(rb"\br\s*=\s*[\"']([A-Z]{1,3})([0-9]{1,10})[\"']")
_ROW = re.compile(rb"<(?:\w+:)?row[ />]")
_CELLS = (b"<c ", b"<c>", b"<c/", b":c ", b":c>", b":c/")
_CELL = re.compile(rb"<(?:\w+:)?c[ />]")
_SAVE = "save it as “CSV UTF-8” and take that."


def parse_workbook(
    content: bytes,
    schema: Schema,
    limits: Limits,
    on_progress: OnProgress = lambda _read, _all: None,
) -> ParsedFile:
    """Every row of the first sheet. Lines are the sheet's own row numbers. Raises FileError."""
    name, others, table = _read_sheet(content, limits)
    rows = _rows(table)
    line, header = next(rows, (0, []))
    if not line:
        raise FileError(f"The first sheet, {shorten(name)}, is empty.")
    header = _trim(_texts(header))
    columns = find_columns(header, schema, f"Row {line} of the first sheet reads")
    rules = TableRules(Layout(",", line, header, "row"), columns, schema, limits)
    findings = Findings()
    table_rows = ((number, _fit(row, len(header))) for number, row in rows)
    row_cases = read_cases(table_rows, rules, findings, lambda read: on_progress(read, len(table)))
    findings.notes += describe_names(header, columns, schema.names)
    more = f", the first of {others + 1}" if others else ""
    findings.notes.append(f"sheet {shorten(name)}{more}")
    return ParsedFile(
        unit="row",
        header=header,
        line=np.frombuffer(row_cases.line, np.int32),
        cases=np.frombuffer(row_cases.cases, np.int32),
        bad=row_cases.bad,
        records=lambda: _records(table, len(header)),
        notes=findings.describe(),
        faults=findings.faults,
    )


def read_names(content: bytes, limits: Limits) -> list[str]:
    """The names of the columns of the first sheet. Raises FileError."""
    _, _, table = _read_sheet(content, limits)
    _, header = next(_rows(table), (0, []))
    return [name.strip() for name in _trim(_texts(header))]


def _read_sheet(content: bytes, limits: Limits) -> tuple[str, int, list[list[Any]]]:
    """The first sheet's name, the number of others, and its rows from row 1. Raises FileError."""
    import python_calamine as calamine

    _check_size(content, limits)
    try:
        book = calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        sheets = [
            sheet.name
            for sheet in book.sheets_metadata
            if sheet.typ == calamine.SheetTypeEnum.WorkSheet
        ]
        if not sheets:
            raise FileError("The workbook has no sheet with cells.")
        table = book.get_sheet_by_name(sheets[0]).to_python(skip_empty_area=False)
    except (calamine.CalamineError, OSError, ValueError) as error:
        if isinstance(error, FileError):
            raise
        reason = shorten((str(error).splitlines() or [""])[0])
        raise FileError(f"The workbook can't be read ({reason}): {_SAVE}") from error
    return sheets[0], len(sheets) - 1, table


def _check_size(content: bytes, limits: Limits) -> None:
    """Raise FileError for a workbook that unpacks to too much, or has too many cells."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _check_parts(archive, limits)
            for part in archive.infolist():
                with archive.open(part) as file:
                    rows, columns = _measure(file)
                if rows * columns > _MOST_CELLS:
                    raise FileError(
                        f"A sheet has {rows:,} rows and {columns:,} columns, more than "
                        f"{_MOST_CELLS:,} cells (empty ones count): {_SAVE}"
                    )
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, RuntimeError) as error:
        reason = shorten(str(error))
        raise FileError(
            f"The workbook can't be unpacked ({reason}): is it complete? CSV can be read as well."
        ) from error


def _check_parts(archive: zipfile.ZipFile, limits: Limits) -> None:
    parts = archive.infolist()
    size = sum(part.file_size for part in parts)
    if size > limits.unpacked or len(parts) > _MOST_PARTS:
        raise FileError(
            f"The workbook unpacks to {size >> 20:,} MiB in {len(parts):,} parts, more than the "
            f"limit of {limits.unpacked >> 20:,} MiB in {_MOST_PARTS:,}: {_SAVE}"
        )


def _measure(file: IO[bytes]) -> tuple[int, int]:
    """The last row and column of a part's cells; reading it all checks its claimed size, too."""
    last_row = rows = cells = loose_cells = 0
    tail = b""
    letters: set[bytes] = set()
    while block := file.read(_BLOCK):
        text = tail + block
        places = _PLACE.findall(text)
        letters.update(column for column, _ in places)
        last_row = max(last_row, max((int(row) for _, row in places), default=0))
        rows += text.count(b"<row") + text.count(b":row")
        if sum(map(text.count, _CELLS)) > len(places):  # cells may come without their places
            first, *others = _ROW.split(text)
            counts = [cells + len(_CELL.findall(first)), *(len(_CELL.findall(o)) for o in others)]
            loose_cells, cells = max(loose_cells, *counts), counts[-1]
        tail = text[-_OVERLAP:]
    return max(rows, last_row), max(map(_column_number, letters), default=0) + loose_cells


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _rows(table: list[list[Any]]) -> Iterator[tuple[int, list[Any]]]:
    """(row, values) of every row that isn't blank."""
    for number, row in enumerate(table, 1):
        if any(value != "" for value in row):
            yield number, row


def _records(table: list[list[Any]], width: int) -> Iterator[list[str]]:
    rows = _rows(table)
    next(rows, None)
    return (_texts(_fit(row, width)) for _, row in rows)


def _fit(row: list[Any], width: int) -> list[Any]:
    """A row without the empty cells beyond the header, which sheets have at will."""
    end = len(row)
    while end > width and row[end - 1] == "":
        end -= 1
    return [*map(_plain, row[:end]), *[""] * (width - end)]


def _trim(header: list[str]) -> list[str]:
    return _fit(header, max((i + 1 for i, name in enumerate(header) if name.strip()), default=0))


def _texts(row: list[Any]) -> list[str]:
    return [str(_plain(value)) for value in row]


def _plain(value: Any) -> Any:
    """A cell's value; all numbers of a workbook are floats."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
