"""What the parsing of every kind of file shares: limits, problems, the parsed rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from webapp.cases import InputError, parse_flag

MIB = 1 << 20
MAX_COLUMNS = 2_000
BAD = -1  # stands in ``Parsed.cases`` for a row that has no case
LABEL = "label"

# How a place in a file is called: physical lines in text, rows elsewhere.
Unit = Literal["line", "row"]


class FileError(ValueError):
    """A file that can't be used at all, and the mend, for a person to read."""


@dataclass(frozen=True)
class Limits:
    """What one file may cost. The page states ``rows`` and ``bytes``; the rest are guards."""

    rows: int = 100_000
    bytes: int = 8 * MIB
    bad_shown: int = 100  # bad rows that come back as objects; the scored CSV names them all
    bad_kept: int = 10**9  # bad rows that are described at all
    preview: int = 7
    unpacked: int = 256 * MIB  # a small Parquet file can unpack to anything
    result: int = 64 * MIB
    seconds: float = 20.0
    memory: int = 768 * MIB  # of address space: libraries reserve 4 times what they use


@dataclass(frozen=True)
class BadRow:
    """A row that can't be scored. ``field`` is empty when it is not about one field."""

    line: int
    field: str
    message: str


@dataclass(frozen=True)
class ParsedFile:
    """Every row of a file, good and bad, in the file's order.

    ``line`` int32[n] is where each row starts, ``cases`` int32[n] its case number or ``BAD``,
    ``bad`` one entry for each BAD in the same order, up to as many as are kept. ``records()`` walks
    the rows' own texts again, for a copy; each has as many fields as ``header``, or as the file
    gave it.
    """

    unit: Unit
    header: Sequence[str]
    line: NDArray[np.int32]
    cases: NDArray[np.int32]
    bad: Sequence[BadRow]
    records: Callable[[], Iterator[list[str]]]
    delimiter: str = ","
    newline: str = "\n"
    bom: bool = False  # Excel needs it to see UTF-8, so a copy keeps it


# Told how many rows have been read, and about how many there are.
OnProgress = Callable[[int, int], None]
PROGRESS_ROWS = 50_000  # between two times


class Columns(Protocol):
    """What is wanted of a file: columns of yes and no, of which a row's case is made."""

    @property
    def names(self) -> tuple[str, ...]:
        """In the order of the bits."""


# What a row of values comes to: its case, or (field, message) of a row that has none.
RowResult = int | tuple[str, str]


class RowParser:
    """Judges rows of texts. Files repeat a few of them over and over, so it remembers."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._cases: dict[tuple[str, ...], int] = {}
        self._flags: dict[str, bool | str] = {}

    def parse(self, values: tuple[str, ...]) -> RowResult:
        """What the features' values come to, given in the features' order."""
        case = self._cases.get(values)
        return self._parse_new(values) if case is None else case

    def _parse_new(self, values: tuple[str, ...]) -> RowResult:
        case, problems = 0, []
        for bit, (name, value) in enumerate(zip(self._columns.names, values, strict=True)):
            flag = self._flags.get(value)
            if flag is None:
                flag = self._flags[value] = flag_or_problem(value)
            if isinstance(flag, str):
                problems.append((name, flag))
            else:
                case |= flag << bit
        if problems:
            return describe_problems(problems)
        self._cases[values] = case
        return case


def flag_or_problem(value: object) -> bool | str:
    """The flag that a value stands for, or what is wrong with it."""
    try:
        return parse_flag("", value)
    except InputError as error:
        return error.problem


def describe_problems(problems: Sequence[tuple[str, str]]) -> tuple[str, str]:
    """(field, message) of a row: its first problem in full, the other fields by name."""
    (field, problem), *others = problems
    if not others:
        return field, f"{field} {problem}"
    names = ", ".join(name for name, _ in others[:3])
    more = f" and {len(others) - 3} more" if len(others) > 3 else ""
    return field, f"{field} {problem} (the same row: {names}{more})"


def find_columns(header: Sequence[str], required: Columns, where: str) -> list[int]:
    """The place of every column that is wanted. Raises FileError for missing and repeated ones.

    ``where`` opens the sentence that says what the file names, e.g. "Line 1 reads".
    """
    check_width(header)
    places: dict[str, list[int]] = {name.strip(): [] for name in required.names}
    for column, name in enumerate(header):
        if name.strip() in places:
            places[name.strip()].append(column)
    _check_columns(places, header, required, where)
    return [places[name.strip()][0] for name in required.names]


def check_width(header: Sequence[str]) -> None:
    """Raise FileError for a file with too many columns."""
    if len(header) > MAX_COLUMNS:
        raise FileError(
            f"The file has {len(header):,} columns, and at most {MAX_COLUMNS:,} can be carried: "
            "leave out those that are not needed."
        )


def check_rows(rows: int, limits: Limits) -> None:
    """Raise FileError for a file without rows or with too many."""
    if rows == 0:
        raise FileError("The file names its columns and has no rows: add a row for each player.")
    if rows > limits.rows:
        raise FileError(
            f"The file has {rows:,} rows, and at most {limits.rows:,} can be read at once: "
            "split it."
        )


def _check_columns(
    places: dict[str, list[int]], header: Sequence[str], required: Columns, where: str
) -> None:
    missing = [name for name, columns in places.items() if not columns]
    if missing:
        plural = "s" if len(missing) > 1 else ""
        need = _list_names(required.names)
        header_text = ", ".join(name.strip() for name in header[:40])
        header_text = header_text if len(header_text) <= 80 else header_text[:79] + "…"
        header_text = "".join(c if c.isprintable() else "�" for c in header_text)
        raise FileError(
            f"The file has no column{plural} {', '.join(missing)}. {where} “{header_text}”; "
            f"it must name {need}, in any order."
        )
    repeats = [name for name, columns in places.items() if len(columns) > 1]
    if repeats:
        raise FileError(
            f"The file has {len(places[repeats[0]])} columns {repeats[0]}: keep one of them."
        )


def _list_names(names: Sequence[str]) -> str:
    if names[-1] == LABEL and len(names) > 1:
        return f"{_list_names(names[:-1])} and {LABEL}"
    return names[0] if len(names) == 1 else f"{names[0]} to {names[-1]}"
