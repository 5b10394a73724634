"""Read the rows of a Parquet file. Only for the parsing processes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from webapp.cases import shorten
from webapp.files.arrow import ARROW_ERRORS, read_columns
from webapp.files.findings import Findings, describe_names
from webapp.files.readings import Schema
from webapp.files.types import BadRow, FileError, Limits, ParsedFile, check_rows, find_columns

_BATCH = 5_000  # rows written to a copy at a time
_COUNTED = 1 << 16  # rows whose cases are read at a time


def parse_parquet(content: bytes, schema: Schema, limits: Limits) -> ParsedFile:
    """Every row of a Parquet file. Raises FileError if it can't be read as one."""
    try:
        file = pq.ParquetFile(pa.BufferReader(content), pre_buffer=False)
        names = file.schema_arrow.names
        columns = find_columns(names, schema, "Its columns are")
        _check_size(file.metadata, limits)
        own = [names[column] for column in columns]
        findings = Findings()
        findings.notes += describe_names(names, columns, schema.names)
        cases, bad = _read_cases(file, own, schema, limits, findings)
    except (FileError, MemoryError):
        raise
    except ARROW_ERRORS as error:
        raise damaged_file(error) from error
    line = np.arange(1, len(cases) + 1, dtype=np.int32)
    return ParsedFile(
        "row",
        names,
        line,
        cases,
        bad,
        lambda: _records(file),
        notes=findings.describe(),
        faults=findings.faults,
    )


def read_names(content: bytes) -> list[str]:
    """The names of the columns. Raises FileError."""
    try:
        return [name.strip() for name in pq.read_schema(pa.BufferReader(content)).names]
    except ARROW_ERRORS as error:
        raise damaged_file(error) from error


def _read_cases(
    file: Any, own: list[str], schema: Schema, limits: Limits, findings: Findings
) -> tuple[NDArray[np.int32], list[BadRow]]:
    """The case of every row and the bad rows, some rows at a time."""
    parts, read = [np.empty(0, np.int32)], 0
    bad: list[BadRow] = []
    for batch in file.iter_batches(_COUNTED, columns=own, use_threads=False):
        most = limits.bad_kept - len(bad)
        values = [batch.column(name) for name in own]
        cases, wrong = read_columns(values, schema, most, findings, read)
        bad += [BadRow(read + row.line, row.field, row.message) for row in wrong]
        read += len(cases)
        parts.append(cases)
    return np.concatenate(parts), bad


def damaged_file(error: BaseException) -> FileError:
    """The error to show for an exception of pyarrow."""
    reason = (str(error).splitlines() or [""])[0]
    return FileError(
        f"The file can't be read as Parquet ({shorten(reason)}): is it complete? "
        "CSV can be read as well."
    )


def _check_size(metadata: Any, limits: Limits) -> None:
    check_rows(metadata.num_rows, limits)
    groups = (metadata.row_group(i) for i in range(metadata.num_row_groups))
    size = sum(group.total_byte_size for group in groups)
    if size > limits.unpacked:
        raise FileError(
            f"The file unpacks to {size >> 20:,} MiB, more than the limit of "
            f"{limits.unpacked >> 20:,} MiB: leave out columns that aren't needed."
        )


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
