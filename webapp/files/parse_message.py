"""Messages between a web process and the parsing process, without pickle and pandas.

Every message is one line of JSON followed by raw bytes: a file's content, numbers, or a CSV.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from webapp.files.findings import Fault, pack_faults, unpack_faults
from webapp.files.scored_copy import AddedColumns
from webapp.files.sniff import Kind
from webapp.files.types import BadRow, FileError, Limits, ParsedFile, Unit


@dataclass(frozen=True)
class ParseRequest:
    """A request for a file's cases or, with ``copy_columns``, for its scored copy."""

    content: bytes
    kind: Kind
    features: tuple[str, ...]
    limits: Limits
    copy_columns: AddedColumns | None = None


@dataclass(frozen=True)
class FileCases:
    """The good rows of a file: ``line`` int32[n], where each starts, and ``cases`` uint16[n].

    ``bad`` are the first of the ``bad_total`` rows that have no case. ``notes`` say what was read
    how, ``faults`` what is wrong.
    """

    unit: Unit
    line: NDArray[np.int32]
    cases: NDArray[np.uint16]
    bad_total: int
    bad: tuple[BadRow, ...]
    notes: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()


def pack_request(request: ParseRequest) -> bytes:
    """A request as bytes."""
    columns = request.copy_columns  # up to 65,536 rows: asdict would copy them one by one
    head = {
        "kind": request.kind,
        "features": request.features,
        "limits": asdict(request.limits),
        "added": columns and {"names": columns.names, "by_case": columns.by_case},
    }
    return _join(head, request.content)


def read_request(message: bytes) -> ParseRequest:
    """The request that ``pack_request`` packed."""
    head, content = _split(message)
    columns = head["added"]
    return ParseRequest(
        content=content,
        kind=head["kind"],
        features=tuple(head["features"]),
        limits=Limits(**head["limits"]),
        copy_columns=None
        if columns is None
        else AddedColumns(tuple(columns["names"]), columns["by_case"]),
    )


def pack_error(message: str) -> bytes:
    """The answer when the file can't be used."""
    return _join({"error": message}, b"")


def pack_copy(content: bytes) -> bytes:
    """The answer to a request for a scored copy."""
    return _join({}, content)


def pack_cases(file: ParsedFile, bad_rows: Sequence[BadRow]) -> bytes:
    """The answer to a request for a file's cases."""
    good = file.cases >= 0
    line = file.line[good].astype("<i4")
    cases = file.cases[good].astype("<u2")  # at most 16 features
    head = {
        "unit": file.unit,
        "rows": len(line),
        "bad_total": len(file.bad),
        "bad": [(row.line, row.field, row.message) for row in bad_rows],
        "notes": file.notes,
        "faults": pack_faults(file.faults),
    }
    return _join(head, line.tobytes() + cases.tobytes())


def read_copy(message: bytes) -> bytes:
    """The CSV in an answer. Raises FileError if the answer is a problem with the file."""
    head, content = _split(message)
    _raise_error(head)
    return content


def read_cases(message: bytes) -> FileCases:
    """The rows in an answer. Raises FileError if the answer is a problem with the file."""
    head, content = _split(message)
    _raise_error(head)
    rows = head["rows"]
    return FileCases(
        unit=head["unit"],
        line=np.frombuffer(content, "<i4", rows).astype(np.int32),
        cases=np.frombuffer(content, "<u2", rows, offset=4 * rows).astype(np.uint16),
        bad_total=head["bad_total"],
        bad=tuple(BadRow(*row) for row in head["bad"]),
        notes=tuple(head["notes"]),
        faults=unpack_faults(head["faults"]),
    )


def _join(head: dict[str, Any], content: bytes) -> bytes:
    return json.dumps(head).encode("ascii") + b"\n" + content


def _split(message: bytes) -> tuple[dict[str, Any], bytes]:
    head, _, content = message.partition(b"\n")
    values: dict[str, Any] = json.loads(head)
    return values, content


def _raise_error(head: dict[str, Any]) -> None:
    if "error" in head:
        raise FileError(head["error"])
