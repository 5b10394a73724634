"""Rows of a Parquet file. The only module that imports pyarrow, in the parsing process alone."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from webapp.cases import Features, shorten
from webapp.files.common import (
    BAD,
    BadRow,
    FileError,
    Limits,
    Parsed,
    check_rows,
    describe,
    flag_or_problem,
    positions,
)

# Arrow's own allocator reserves a gigabyte of addresses at once, which the memory limit forbids.
os.environ["ARROW_DEFAULT_MEMORY_POOL"] = "system"

import pyarrow as pa
import pyarrow.parquet as pq

# What pyarrow raises on files that are damaged or that lie about themselves.
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
_BATCH = 5_000
_UNKNOWN = 2  # beside 0 and 1: a value that is neither


def parse_parquet(content: bytes, features: Features, limits: Limits) -> Parsed:
    """Every row of a Parquet file. Raises FileError when it can't be read as one."""
    try:
        file = pq.ParquetFile(pa.BufferReader(content), pre_buffer=False)
        names = file.schema_arrow.names
        columns = positions(names, features, "Its columns are")
        _check_size(file.metadata, limits)
        wanted = [names[column] for column in columns]
        table = file.read(columns=wanted, use_threads=False)
        cases, bad = _outcomes([table.column(name) for name in wanted], features)
    except (FileError, MemoryError):
        raise
    except ARROW_ERRORS as error:
        raise damaged(error) from error
    line = np.arange(1, len(cases) + 1, dtype=np.int32)
    return Parsed("row", names, line, cases, bad, lambda: _records(file))


def damaged(error: BaseException) -> FileError:
    """What to tell a person about an error of pyarrow's."""
    reason = (str(error).splitlines() or [""])[0]
    return FileError(
        f"The file can't be read as Parquet ({shorten(reason)}): is it complete? "
        "CSV can be uploaded too."
    )


def _check_size(metadata: Any, limits: Limits) -> None:
    check_rows(metadata.num_rows, limits)
    groups = (metadata.row_group(i) for i in range(metadata.num_row_groups))
    size = sum(group.total_byte_size for group in groups)
    if size > limits.unpacked:
        raise FileError(
            f"The file unpacks to {size >> 20:,} MiB, and at most {limits.unpacked >> 20:,} MiB "
            "can be read: leave out columns that are not needed."
        )


def _outcomes(columns: Sequence[Any], features: Features) -> tuple[NDArray[np.int32], list[BadRow]]:
    """Case numbers int32[n] with BAD in them, and the bad rows."""
    cases = np.zeros(len(columns[0]), np.int32)
    wrong = np.zeros(len(cases), bool)
    fields = []
    for bit, (name, column) in enumerate(zip(features.names, columns, strict=True)):
        codes, meaning, problems = _flags(name, column)
        flags = meaning[codes]
        cases |= (flags == 1).astype(np.int32) << bit
        wrong |= flags == _UNKNOWN
        fields.append((name, codes, problems))
    cases[wrong] = BAD
    bad = []
    for row in np.flatnonzero(wrong).tolist():
        found = [(name, problems.get(int(codes[row]))) for name, codes, problems in fields]
        bad.append(BadRow(row + 1, *describe([(n, p) for n, p in found if p is not None])))
    return cases, bad


def _flags(name: str, column: Any) -> tuple[NDArray[np.int32], NDArray[np.uint8], dict[int, str]]:
    """One column: each row's code; a code's meaning (0, 1, unknown) and what is wrong with it."""
    values = column.combine_chunks()
    try:
        if pa.types.is_dictionary(values.type):
            values = values.dictionary_decode()
        encoded = values.dictionary_encode(null_encoding="encode")
    except pa.ArrowNotImplementedError as error:
        raise FileError(
            f"Column {name} holds {shorten(str(column.type))}: store it as whole numbers 0 and 1."
        ) from error
    meaning = np.zeros(len(encoded.dictionary), np.uint8)
    problems = {}
    for code, value in enumerate(encoded.dictionary.to_pylist()):
        flag = flag_or_problem(_plain(value))
        if isinstance(flag, str):
            meaning[code], problems[code] = _UNKNOWN, flag
        else:
            meaning[code] = flag
    # Not Arrow's to_numpy, which imports pandas: half a second.
    codes = np.from_dlpack(encoded.indices).astype(np.int32, copy=False)
    return codes, meaning, problems


def _plain(value: object) -> object:
    """1.0 as 1: other tools store whole numbers so as soon as a column had a gap."""
    if isinstance(value, (float, Decimal)):
        return int(value) if value in (0, 1) else str(value)
    return value


def _records(file: Any) -> Iterator[list[str]]:
    """Every row as texts, a batch at a time."""
    table = file.read(use_threads=False)
    for batch in table.to_batches(max_chunksize=_BATCH):
        yield from map(list, zip(*map(_texts, batch.columns), strict=True))


def _texts(column: Any) -> list[str]:
    try:
        values = column.cast(pa.string()).to_pylist()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        values = column.to_pylist()  # lists, structs, bytes: as Python writes them
    return ["" if value is None else str(value) for value in values]
