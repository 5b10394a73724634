"""The cases of rows of texts or values, one row at a time; for CSV and for workbooks."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, NamedTuple

from webapp.files.encoding import check_ascii
from webapp.files.findings import Findings
from webapp.files.readings import LABEL, LabelledColumns, Schema
from webapp.files.types import (
    BAD,
    BAD_LABEL,
    PROGRESS_ROWS,
    BadRow,
    Limits,
    RowParser,
    RowResult,
    Unit,
    check_rows,
)


@dataclass(frozen=True)
class Layout:
    """A table's header with the line where it starts, and a text's delimiter."""

    delimiter: str
    line: int
    header: list[str]
    unit: Unit = "line"


@dataclass(frozen=True)
class TableRules:
    """What the rows of one table are read by. ``is_guess``: values must be ASCII."""

    layout: Layout
    columns: Sequence[int]
    schema: Schema
    limits: Limits
    is_guess: bool = False


class RowCases(NamedTuple):
    """The line and the case (or BAD) of every row, and the first bad rows."""

    line: array[int]
    cases: array[int]
    bad: list[BadRow]


def read_cases(
    rows: Iterator[tuple[int, list[Any]]],
    rules: TableRules,
    findings: Findings,
    on_progress: Callable[[int], None],
) -> RowCases:
    """The cases of (line, record) pairs. Raises FileError."""
    limits, layout = rules.limits, rules.layout
    # The first column twice: with a single column itemgetter would not return a tuple.
    pick = itemgetter(*rules.columns, rules.columns[0])
    parser, width = RowParser(rules.schema, findings.note_value), len(layout.header)
    result_rows = RowCases(array("i"), array("i"), [])
    for line, record in rows:
        if len(result_rows.line) % PROGRESS_ROWS == 0:
            on_progress(len(result_rows.line))
        if len(result_rows.line) == limits.rows:
            check_rows(limits.rows + 1 + sum(1 for _ in rows), limits)
        result: RowResult
        if len(record) == width:
            values = pick(record)[:-1]
            if rules.is_guess:
                _check_values(values, line, rules.schema.names)
            result = parser.parse(values)
        else:
            result = describe_width(len(record), layout)
        _append(result_rows, line, result, rules, findings)
    check_rows(len(result_rows.line), limits)
    return result_rows


def describe_width(width: int, layout: Layout) -> tuple[str, str]:
    """(field, message) of a row with more or fewer values than the header has names."""
    values = "1 value" if width == 1 else f"{width:,} values"
    columns = "1 column" if len(layout.header) == 1 else f"{len(layout.header):,} columns"
    return "", f"{values}, but the header in {layout.unit} {layout.line} has {columns}"


def _append(
    result_rows: RowCases, line: int, result: RowResult, rules: TableRules, findings: Findings
) -> None:
    result_rows.line.append(line)
    if isinstance(result, int):
        result_rows.cases.append(result)
        return
    name, message = result
    is_label = isinstance(rules.schema, LabelledColumns) and name == LABEL
    result_rows.cases.append(BAD_LABEL if is_label else BAD)
    findings.note_fault(name, message, [line])
    if len(result_rows.bad) < rules.limits.bad_kept:
        result_rows.bad.append(BadRow(line, name, message))


def _check_values(values: Sequence[str], line: int, names: Sequence[str]) -> None:
    for name, value in zip(names, values, strict=True):
        check_ascii(value, line, name)
