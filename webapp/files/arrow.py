"""The meaning of values in Arrow's columns. Only for the parsing processes."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from webapp.cases import shorten
from webapp.files.types import BAD, BadRow, FileError, Schema, describe_problems, flag_or_problem

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
_UNKNOWN = 2  # beside 0 and 1: a value that is neither


def read_columns(
    columns: Sequence[Any], schema: Schema, most: int
) -> tuple[NDArray[np.int32], list[BadRow]]:
    """Case numbers int32[n], BAD where a row has none, and up to ``most`` bad rows from row 1."""
    cases = np.zeros(len(columns[0]), np.int32)
    wrong = np.zeros(len(cases), bool)
    fields = []
    for bit, (name, column) in enumerate(zip(schema.names, columns, strict=True)):
        codes, meaning, problems = _read_flags(name, column)
        flags = meaning[codes]
        cases |= (flags == 1).astype(np.int32) << bit
        wrong |= flags == _UNKNOWN
        fields.append((name, codes, problems))
    cases[wrong] = BAD
    bad = []
    for row in np.flatnonzero(wrong)[:most].tolist():
        problems_here = [(name, problems.get(int(codes[row]))) for name, codes, problems in fields]
        bad.append(
            BadRow(row + 1, *describe_problems([(n, p) for n, p in problems_here if p is not None]))
        )
    return cases, bad


def _read_flags(
    name: str, column: Any
) -> tuple[NDArray[np.int32], NDArray[np.uint8], dict[int, str]]:
    """One column as codes int32[n], each code's meaning uint8[codes], and problems by code.

    A meaning is 0, 1 or _UNKNOWN.
    """
    values = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    codes = _single_characters(values)
    if codes is not None:
        there = np.flatnonzero(np.bincount(codes, minlength=1))
        return codes, *_classify_values({int(code): chr(code) for code in there})
    dictionary = _encode_dictionary(name, values)
    # Not Arrow's to_numpy, which imports pandas: half a second.
    codes = np.from_dlpack(dictionary.indices).astype(np.int32, copy=False)
    return codes, *_classify_values(dict(enumerate(dictionary.dictionary.to_pylist())))


def _classify_values(values: dict[int, object]) -> tuple[NDArray[np.uint8], dict[int, str]]:
    """Meanings of values by their codes, and the problems of the unknown ones."""
    meaning = np.zeros(max(values, default=0) + 1, np.uint8)
    problems = {}
    for code, value in values.items():
        flag = flag_or_problem(_normalize(value))
        if isinstance(flag, str):
            meaning[code], problems[code] = _UNKNOWN, flag
        else:
            meaning[code] = flag
    return meaning, problems


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


def _normalize(value: object) -> object:
    """1.0 as 1: other tools store whole numbers as floats if a column has a gap."""
    if isinstance(value, (float, Decimal)):
        return int(value) if value in (0, 1) else str(value)
    return value
