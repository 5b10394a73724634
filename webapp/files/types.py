"""Types and checks that the parsing of every kind of file shares."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from webapp.bundle.yes_no import NameIndex
from webapp.files.findings import Fault
from webapp.files.readings import LABEL, Reading, Schema, column_readings

MIB = 1 << 20
MAX_COLUMNS = 2_000
# In place of a case number, for a row that has no case; the second if only its label is bad.
BAD, BAD_LABEL = -1, -2

# What a position in a file counts: physical lines in text, rows elsewhere.
Unit = Literal["line", "row"]


class FileError(ValueError):
    """A file can't be used at all; the message says why and how to fix it."""


@dataclass(frozen=True)
class Limits:
    """Limits of one file. The page states ``rows`` and ``bytes``; the others are safeguards."""

    rows: int = 100_000
    bytes: int = 8 * MIB
    bad_shown: int = 100  # bad rows in an answer; the scored CSV names all
    bad_kept: int = 10**9  # bad rows that get a message at all
    preview: int = 7
    unpacked: int = 256 * MIB  # a small Parquet file can unpack to anything
    result: int = 64 * MIB
    seconds: float = 20.0
    memory: int = 768 * MIB  # of address space: libraries reserve 4 times what they use


@dataclass(frozen=True)
class BadRow:
    """A row that can't be scored. ``field`` is empty if the problem isn't with one field."""

    line: int
    field: str
    message: str


@dataclass(frozen=True)
class ParsedFile:
    """Every row of a file, good and bad, in the file's order.

    ``line`` int32[n] is where each row starts, ``cases`` int32[n] its case number or, below 0,
    ``BAD`` or ``BAD_LABEL``. ``bad`` has one entry per bad row in the same order, up to
    ``Limits.bad_kept``. ``records()``
    iterates over the rows' own texts, for a copy; a record may have more or fewer fields than
    ``header``.
    """

    unit: Unit
    header: Sequence[str]
    line: NDArray[np.int32]
    cases: NDArray[np.int32]
    bad: Sequence[BadRow]
    records: Callable[[], Iterator[list[str]]]
    delimiter: str = ","
    encoding: str = "utf-8"  # of a copy
    preface: str = ""  # Excel's line that names the separator
    notes: tuple[str, ...] = ()  # what was read how, such as "TRUE/FALSE as 1/0"
    faults: tuple[Fault, ...] = ()
    newline: str = "\n"
    bom: bool = False  # the byte order mark: Excel needs it to recognise UTF-8, so a copy keeps it


# Called with the rows read so far and about how many there are.
OnProgress = Callable[[int, int], None]
PROGRESS_ROWS = 50_000  # between two calls


# The case of a row, or (field, message) of a row that has none.
RowResult = int | tuple[str, str]


class RowParser:
    """Parses rows of texts or values, and tells ``on_value`` of each new value.

    Rows repeat within a file, so results are cached.
    """

    def __init__(
        self, schema: Schema, on_value: Callable[[object, int], None] = lambda *_: None
    ) -> None:
        self._on_value = on_value
        self._cases: dict[tuple[object, ...], int] = {}
        readings = column_readings(schema)
        memories: dict[Reading, dict[object, int | str]] = {reading: {} for reading in readings}
        self._columns = [
            (name, bit, reading, memories[reading])
            for bit, (name, reading) in enumerate(zip(schema.names, readings, strict=True))
        ]

    def parse(self, values: tuple[object, ...]) -> RowResult:
        """The case of a row's values, in the columns' order, or the problem with it."""
        case = self._cases.get(values)
        return self._parse_new(values) if case is None else case

    def _parse_new(self, values: tuple[object, ...]) -> RowResult:
        case, problems = 0, []
        for (name, bit, reading, memory), value in zip(self._columns, values, strict=True):
            meaning = memory.get(value)
            if meaning is None:
                meaning = memory[value] = reading(value)
                if isinstance(meaning, int):
                    self._on_value(value, meaning)
            if isinstance(meaning, str):
                problems.append((name, meaning))
            else:
                case |= meaning << bit
        if problems:
            return describe_problems(problems)
        self._cases[values] = case
        return case


def describe_problems(problems: Sequence[tuple[str, str]]) -> tuple[str, str]:
    """(field, message) of a row: the first problem in full, other fields by name."""
    (field, problem), *others = problems
    if not others:
        return field, f"{field} {problem}"
    names = ", ".join(name for name, _ in others[:3])
    more = f" and {len(others) - 3} more" if len(others) > 3 else ""
    return field, f"{field} {problem} (also in this row: {names}{more})"


def find_columns(header: Sequence[str], schema: Schema, where: str) -> list[int]:
    """The position of every required column. Raises FileError for missing and repeated ones.

    ``where`` begins the sentence that quotes the file's header, such as "Line 1 reads".
    """
    check_width(header)
    places: dict[str, list[int]] = {name.strip(): [] for name in schema.names}
    own_names = NameIndex(places)
    for column, text in enumerate(header):
        name = own_names.find(text)
        if name is not None:
            places[name].append(column)
    _check_columns(places, header, schema, where)
    return [places[name.strip()][0] for name in schema.names]


def check_width(header: Sequence[str]) -> None:
    """Raise FileError for a file with too many columns."""
    if len(header) > MAX_COLUMNS:
        raise FileError(
            f"The file has {len(header):,} columns, over the limit of {MAX_COLUMNS:,}: "
            "leave out those that aren't needed."
        )


def check_rows(rows: int, limits: Limits) -> None:
    """Raise FileError for a file without rows or with too many."""
    if rows == 0:
        raise FileError("The file has a header but no rows: add at least one.")
    if rows > limits.rows:
        raise FileError(f"The file has {rows:,} rows, over the limit of {limits.rows:,}: split it.")


def _check_columns(
    places: dict[str, list[int]], header: Sequence[str], schema: Schema, where: str
) -> None:
    missing = [name for name, columns in places.items() if not columns]
    if missing:
        plural = "s" if len(missing) > 1 else ""
        need = _list_names(schema.names)
        header_text = ", ".join(name.strip() for name in header[:40])
        header_text = header_text if len(header_text) <= 80 else header_text[:79] + "…"
        header_text = "".join(c if c.isprintable() else "�" for c in header_text)
        raise FileError(
            f"The file has no column{plural} {', '.join(missing)}. {where} “{header_text}”; "
            f"it must have {need}, in any order."
        )
    repeats = [name for name, columns in places.items() if len(columns) > 1]
    if repeats:
        raise FileError(
            f"The file has {len(places[repeats[0]])} columns named {repeats[0]}: keep one of them."
        )


def _list_names(names: Sequence[str]) -> str:
    if names[-1] == LABEL and len(names) > 1:
        return f"{_list_names(names[:-1])} and {LABEL}"
    return names[0] if len(names) == 1 else f"{names[0]} to {names[-1]}"
