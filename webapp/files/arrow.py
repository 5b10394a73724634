"""The meaning of values in Arrow's columns. Only for the parsing processes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from webapp.cases import shorten
from webapp.files.findings import Findings, find_kind
from webapp.files.readings import LabelledColumns, Reading, Schema, column_readings
from webapp.files.types import BAD, BAD_LABEL, BadRow, FileError, describe_problems

# What pyarrow raises on damaged files and on files with false metadata.
ARROW_ERRORS = (
    pa.ArrowException,
    OSError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    OverflowError,
    NotImplementedError,
)
_LISTED = 3  # rows of a fault
_WRONG = 255  # in place of a meaning: the value has none


def read_columns(
    columns: Sequence[Any], schema: Schema, most: int, findings: Findings, start: int = 0
) -> tuple[NDArray[np.int32], list[BadRow]]:
    """Case numbers int32[n], BAD where a row has none, and up to ``most`` bad rows from row 1.

    ``findings`` hears of all, with ``start`` as the number of rows before.

    A row of which only the label is bad is BAD_LABEL.
    """
    cases = np.zeros(len(columns[0]), np.int32)
    wrong, wrong_label = np.zeros((2, len(cases)), bool)
    fields = []
    readings = column_readings(schema)
    for bit, (name, column, reading) in enumerate(
        zip(schema.names, columns, readings, strict=True)
    ):
        codes, meaning, problems = _read_column(name, column, reading, findings)
        values = meaning[codes]
        here = values == _WRONG
        if problems:
            first_wrong = np.where(here & ~wrong, codes, -1)
            _note_faults(findings, name, first_wrong, problems, start)
        cases |= np.where(here, 0, values).astype(np.int32) << bit
        if isinstance(schema, LabelledColumns) and bit == len(readings) - 1:
            wrong_label = here
        else:
            wrong |= here
        fields.append((name, codes, problems))
    cases[wrong_label], cases[wrong] = BAD_LABEL, BAD
    bad = []
    for row in np.flatnonzero(cases < 0)[:most].tolist():
        problems_here = [(name, problems.get(int(codes[row]))) for name, codes, problems in fields]
        bad.append(
            BadRow(row + 1, *describe_problems([(n, p) for n, p in problems_here if p is not None]))
        )
    return cases, bad


def _note_faults(
    findings: Findings, name: str, codes: NDArray[np.int32], problems: dict[int, str], start: int
) -> None:
    """Note the rows of which this column is the first that is wrong; others have code -1."""
    by_kind: dict[str, list[int]] = {}
    for code, problem in problems.items():
        by_kind.setdefault(find_kind(name, f"{name} {problem}"), []).append(code)
    for of_kind in by_kind.values():
        rows = np.flatnonzero(np.isin(codes, of_kind))
        if len(rows):
            first = rows[:_LISTED]
            message = f"{name} {problems[int(codes[first[0]])]}"
            findings.note_fault(name, message, (first + start + 1).tolist(), len(rows))


def _read_column(
    name: str, column: Any, reading: Reading, findings: Findings
) -> tuple[NDArray[np.int32], NDArray[np.uint8], dict[int, str]]:
    """One column as codes int32[n], each code's meaning uint8[codes], and problems by code.

    A meaning is what ``reading`` makes of a value, or _WRONG.
    """
    values = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    codes = _single_characters(values)
    if codes is not None:
        there = np.flatnonzero(np.bincount(codes, minlength=1))
        return codes, *_classify_values({int(code): chr(code) for code in there}, reading, findings)
    dictionary = _encode_dictionary(name, values)
    # Not Arrow's to_numpy, which imports pandas: half a second.
    codes = np.from_dlpack(dictionary.indices).astype(np.int32, copy=False)
    values_by_code = dict(enumerate(dictionary.dictionary.to_pylist()))
    return codes, *_classify_values(values_by_code, reading, findings)


def _classify_values(
    values: dict[int, object], reading: Reading, findings: Findings
) -> tuple[NDArray[np.uint8], dict[int, str]]:
    """Meanings of values by their codes, and the problems of those without one."""
    meanings = np.zeros(max(values, default=0) + 1, np.uint8)
    problems = {}
    for code, value in values.items():
        meaning = reading(value)
        if isinstance(meaning, str):
            meanings[code], problems[code] = _WRONG, meaning
        else:
            meanings[code] = meaning
            findings.note_value(value, meaning)
    return meanings, problems


def _single_characters(values: Any) -> NDArray[np.int32] | None:
    """The codes of a column of single ASCII characters, the usual form; None for any other."""
    if not pa.types.is_string(values.type) or values.null_count or not len(values):
        return None
    _, places, text = values.buffers()
    ends = np.frombuffer(places, np.int32)[values.offset : values.offset + len(values) + 1]
    if ends[-1] - ends[0] != len(values) or (np.diff(ends) != 1).any():
        return None
    return np.frombuffer(text, np.uint8)[ends[0] : ends[-1]].astype(np.int32)


def _encode_dictionary(name: str, values: Any) -> Any:
    try:
        if pa.types.is_dictionary(values.type):
            if not values.null_count:
                return values
            values = values.dictionary_decode()
        return values.dictionary_encode(null_encoding="encode")
    except pa.ArrowNotImplementedError as error:
        raise FileError(
            f"Column {name} holds {shorten(str(values.type))}: store it as whole numbers 0 and 1."
        ) from error
