"""Read a plain CSV with Arrow: the same rows as ``csv_reader`` gives, five times as fast.

Anything that isn't plain (quotes, blank lines, other encodings) is left to ``csv_reader``.
"""

from __future__ import annotations

import threading
import weakref
from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
from numpy.typing import NDArray

from webapp.files.arrow import ARROW_ERRORS, read_columns
from webapp.files.csv_reader import find_layout, find_separator
from webapp.files.findings import Findings, describe_names, describe_separator
from webapp.files.readings import Schema
from webapp.files.row_cases import Layout, describe_width
from webapp.files.types import BAD, BadRow, Limits, OnProgress, check_rows, find_columns

_HEAD = 1 << 16  # bytes in which the header ends
_BLOCK = 1 << 20
_RELEASE_SECONDS = 2.0


@dataclass(frozen=True)
class CsvCases:
    """The case of every row, or BAD, and the first bad rows by line."""

    cases: NDArray[np.int32]
    bad: list[BadRow]
    is_ordered: bool  # False if rows of another width are behind all others
    findings: Findings


@dataclass
class _UnevenRows:
    """Collects the rows that have more or fewer values than the header has names."""

    layout: Layout
    most: int
    lines: array[int] = field(default_factory=lambda: array("i"))
    rows: list[BadRow] = field(default_factory=list)  # the first of them
    blank: bool = False
    released: threading.Event = field(default_factory=threading.Event)  # Arrow is done with us

    def handler(self) -> Callable[[Any], str]:
        """The handler for one reader; ``released`` is set once nothing of that is left."""

        def handle(row: Any) -> str:
            return self._skip(row)

        weakref.finalize(handle, self.released.set)
        return handle

    def _skip(self, row: Any) -> str:
        self.blank = self.blank or not row.text.strip()
        self.lines.append(row.number)
        if len(self.rows) < self.most:
            self.rows.append(BadRow(row.number, *describe_width(row.actual_columns, self.layout)))
        return "skip"


def parse_plain_csv(
    content: bytes, schema: Schema, limits: Limits, on_progress: OnProgress
) -> CsvCases | None:
    """Every row of a plain CSV; None if it isn't plain. Raises FileError."""
    content = content.rstrip(b"\r\n")
    layout = _find_plain_layout(content, schema)
    if layout is None:
        return None
    columns = find_columns(layout.header, schema, "Line 1 reads")
    findings = Findings()
    uneven_rows = _UnevenRows(layout, limits.bad_kept)
    total = content.count(b"\n")
    check_rows(total, limits)
    try:
        cases, bad = _read_even_rows(
            content, layout, columns, schema, uneven_rows, lambda n: on_progress(n, total), findings
        )
    except ARROW_ERRORS:
        return None
    finally:
        # A thread of Arrow lets go of the reader, and of our handler in it. Where the process ended
        # before that, Python would stop the thread in the middle, which aborts the process.
        uneven_rows.released.wait(_RELEASE_SECONDS)
    if uneven_rows.blank or len(cases) + len(uneven_rows.lines) != total:
        return None
    findings.notes += describe_separator(layout.delimiter)
    findings.notes += describe_names(layout.header, columns, schema.names)
    return _merge_rows(cases, bad, uneven_rows, findings)


def _find_plain_layout(content: bytes, schema: Schema) -> Layout | None:
    """The layout of a text whose rows are its lines; None if they may not be."""
    if b'"' in content or b"\0" in content:
        return None
    if b"\r" in content and content.count(b"\r") != content.count(b"\r\n"):
        return None
    head = content[:_HEAD]
    try:
        if not content.isascii():
            content.decode()
        text = head[: head.rfind(b"\n") + 1].decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    if not text or text[0].isspace() or find_separator(text):
        return None
    layout = find_layout(text, schema)
    return layout if len(layout.header) > 1 else None


def _read_even_rows(
    content: bytes,
    layout: Layout,
    columns: list[int],
    schema: Schema,
    uneven_rows: _UnevenRows,
    on_progress: Any,
    findings: Findings,
) -> tuple[NDArray[np.int32], list[BadRow]]:
    """Cases of the even rows, and the bad rows among them, numbered from 1."""
    names = [str(i) for i in range(len(layout.header))]
    own = [names[column] for column in columns]
    reader = pacsv.open_csv(
        pa.BufferReader(content),
        read_options=pacsv.ReadOptions(
            use_threads=False, block_size=_BLOCK, column_names=names, skip_rows=1
        ),
        parse_options=pacsv.ParseOptions(
            delimiter=layout.delimiter,
            quote_char=False,
            ignore_empty_lines=True,  # then rows are missing, and csv_reader takes over
            invalid_row_handler=uneven_rows.handler(),
        ),
        convert_options=pacsv.ConvertOptions(
            include_columns=own,
            column_types=dict.fromkeys(own, pa.string()),
            strings_can_be_null=False,
        ),
    )
    cases, read = [], 0
    bad: list[BadRow] = []
    for batch in reader:
        most = uneven_rows.most - len(bad)
        values = [batch.column(name) for name in own]
        batch_cases, wrong = read_columns(values, schema, most, findings, read)
        cases.append(batch_cases)
        bad += [BadRow(read + row.line, row.field, row.message) for row in wrong]
        read += batch.num_rows
        on_progress(read + len(uneven_rows.lines))
    return np.concatenate([*cases, np.empty(0, np.int32)]), bad


def _merge_rows(
    cases: NDArray[np.int32], bad: list[BadRow], uneven_rows: _UnevenRows, findings: Findings
) -> CsvCases:
    """Merge both: even rows are numbered among the even ones, uneven rows by their lines."""
    lines = np.ones(len(cases) + len(uneven_rows.lines) + 2, bool)
    lines[[0, 1]] = False  # the header is line 1
    lines[np.frombuffer(uneven_rows.lines, np.int32)] = False
    even = np.flatnonzero(lines)  # the line of each even row
    findings.renumber(lambda row: int(even[row - 1]))
    if uneven_rows.rows:
        lines_there = sorted(row.line for row in uneven_rows.rows)
        findings.note_fault("", uneven_rows.rows[0].message, lines_there, len(uneven_rows.lines))
    even_bad = [BadRow(int(even[row.line - 1]), row.field, row.message) for row in bad]
    all_cases = np.concatenate([cases, np.full(len(uneven_rows.lines), BAD, np.int32)])
    first = sorted([*even_bad, *uneven_rows.rows], key=lambda row: row.line)
    return CsvCases(all_cases, first[: uneven_rows.most], not uneven_rows.lines, findings)
