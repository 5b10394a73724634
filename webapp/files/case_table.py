"""Read a table of cases: a row for each, its inputs as columns, and numbers beside them.

Such a table is made elsewhere: by R, SAS, SQL, a spreadsheet or a notebook. Only for commands.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from webapp.bundle.yes_no import MINUS_SIGNS, fold_name, is_blank
from webapp.cases import Features, shorten
from webapp.files import labelled
from webapp.files.csv_reader import parse_csv
from webapp.files.findings import describe_fault
from webapp.files.sniff import describe_packing, sniff_kind, unpack
from webapp.files.types import FileError, Limits, ParsedFile
from webapp.grammar import quantity

PROBABILITY, EVENTS, POSITIVES = "probability", "n", "positives"
_COUNTS = (EVENTS, POSITIVES)
_NUMBER = re.compile(r"([+-]?)(\d+(?:[.,]\d*)?|[.,]\d+)(e[+-]?\d+)?( ?%)?", re.IGNORECASE)
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:[.,]\d{3})+")  # 1.000 may be a thousand, or one
_NAMELESS = re.compile(r"|unnamed:\d+")  # what pandas calls a column without a name, folded
_INPUTS = f"every column but {PROBABILITY}, {EVENTS} and {POSITIVES} is one"
_COLUMN_SHARE = 10  # a column isn't yes/no if one row in so many says so
_LISTED = 3  # rows, values and columns in a message
_SIGNS = str.maketrans(dict.fromkeys(MINUS_SIGNS, "-"))


@dataclass(frozen=True)
class CaseRows:
    """The rows of a table in its order.

    ``case`` int32[n] is each row's case, ``line`` int32[n] where the row starts, and ``numbers``
    are float64[n] by the name of their column.
    """

    features: Features
    case: NDArray[np.int32]
    line: NDArray[np.int32]
    numbers: dict[str, NDArray[np.float64]]
    unit: str
    notes: tuple[str, ...] = ()  # what was read how


def read_names(content: bytes, limits: Limits) -> list[str]:
    """The names of a table's columns. Raises FileError."""
    return labelled.read_header(unpack(content, limits), limits)


def read_case_rows(
    content: bytes, limits: Limits, needed_columns: Sequence[str], features: Features | None = None
) -> CaseRows:
    """The rows of a table that has ``needed_columns`` of numbers, perhaps ``n`` and ``positives``.

    All other columns are its inputs; with ``features`` these are, and others are ignored. Raises
    FileError.
    """
    plain = unpack(content, limits)
    header = labelled.read_header(plain, limits)
    places = _find_numbers(header, needed_columns)
    nameless = [i for i, name in enumerate(header) if _NAMELESS.fullmatch(fold_name(name))]
    if features is None:
        others = [i for i in range(len(header)) if i not in (*places.values(), *nameless)]
        features = _make_features([header[i] for i in others])
    file = _parse(plain, features, limits)
    columns = list(zip(*file.records(), strict=True)) if not file.bad else []
    if file.bad:
        raise FileError(_describe_bad(file))
    notes = _leave_out([columns[i] for i in nameless])
    numbers = {name: _read_numbers(name, columns[place], file) for name, place in places.items()}
    notes += [
        f"{name} in percent"
        for name, place in places.items()
        if any(text.rstrip().endswith("%") for text in columns[place])
    ]
    return CaseRows(
        features,
        file.cases,
        file.line,
        numbers,
        file.unit,
        (*describe_packing(content), *file.notes, *notes),
    )


def _find_numbers(header: Sequence[str], needed_columns: Sequence[str]) -> dict[str, int]:
    """The places of the columns that hold numbers. Raises FileError."""
    folded_names = [fold_name(name) for name in header]
    for name in {*needed_columns, *_COUNTS}:
        if folded_names.count(name) > 1:
            raise FileError(
                f"The table has {folded_names.count(name)} columns {name}: keep one of them."
            )
    for name in needed_columns:
        if name not in folded_names:
            names = ", ".join(shorten(each) or "(no name)" for each in header[:20])
            raise FileError(
                f"The table has no column {name}, only {names}: give the one that it is this name."
            )
    there = [name for name in _COUNTS if name in folded_names]
    if len(there) == 1:
        other = EVENTS if there[0] == POSITIVES else POSITIVES
        raise FileError(
            f"The table has a column {there[0]} without {other}: they are the events of each case "
            "and those of them with a positive outcome. Give both or neither."
        )
    return {name: folded_names.index(name) for name in dict.fromkeys((*needed_columns, *there))}


def _make_features(names: list[str]) -> Features:
    first: dict[str, str] = {}
    for name in names:
        key = fold_name(name)
        if key in first:
            also = "" if first[key] == name else f", once as {shorten(name)}"
            raise FileError(f"The table has the column {shorten(first[key])} twice{also}.")
        first[key] = name
    if not names:
        raise FileError("The table has no inputs: each is a column of its own, of 0 and 1.")
    try:
        return Features(tuple(names))
    except ValueError as error:
        raise FileError(
            f"The table can't be used: {error}. Leave out columns that are no inputs ({_INPUTS})."
        ) from error


def _parse(content: bytes, features: Features, limits: Limits) -> ParsedFile:
    kind = sniff_kind(content, limits)
    if kind == "csv":
        return parse_csv(content, features, limits)
    return labelled.parse_table(content, kind, features, limits)


def _describe_bad(file: ParsedFile) -> str:
    """What is wrong first: with a few rows, or with a column that isn't yes/no at all."""
    fault = file.faults[0]
    is_column = fault.n > 1 and _COLUMN_SHARE * fault.n >= len(file.cases)
    if fault.kind != "value" or not is_column:
        comma = fault.kind == "width" and file.delimiter == ","
        hint = ", or write decimal points, not commas" if comma else ""
        return f"{describe_fault(fault, file.unit)}{hint}."
    place = [fold_name(name) for name in file.header].index(fold_name(fault.field))
    width = len(file.header)
    values = {record[place].strip() for record in file.records() if len(record) == width}
    examples = ", ".join(sorted(map(shorten, values))[:_LISTED])
    more = f" and {len(values) - _LISTED:,} more" if len(values) > _LISTED else ""
    mend = "write 0 for one of them and 1 for the other"
    if len(values) != 2:
        mend = f"write 0 and 1, or leave the column out if it is no input ({_INPUTS})"
    return (
        f"The column {shorten(fault.field)} isn't yes/no: it holds {examples}{more}. Only yes/no "
        f"inputs can be served: {mend}."
    )


def _leave_out(columns: Iterable[Sequence[str]]) -> list[str]:
    """The note on nameless columns, which may hold row numbers alone. Raises FileError."""
    notes = []
    for values in columns:
        start = 0 if values[0].strip() == "0" else 1
        if [text.strip() for text in values] != [str(i + start) for i in range(len(values))]:
            raise FileError("A column of the table has no name: name it, or leave it out.")
        notes.append("without its column of row numbers")
    return notes


def _read_numbers(name: str, texts: Sequence[str], file: ParsedFile) -> NDArray[np.float64]:
    """A column's numbers. Raises FileError, which names the first row that has none."""
    read: Callable[[str], float | str] = _read_count if name in _COUNTS else _read_share
    values = np.empty(len(texts))
    bad: list[tuple[int, str]] = []
    for row, text in enumerate(texts):
        value = read(text)
        if isinstance(value, str):
            bad.append((int(file.line[row]), f"{name} {value}"))
        else:
            values[row] = value
    if not bad:
        return values
    (line, problem), *others = bad
    more = ""
    if others:
        lines = ", ".join(f"{each:,}" for each, _ in others[:_LISTED])
        etc = ", …" if len(others) > _LISTED else ""
        more = f" ({quantity(len(others), 'more row')} can't be used: {lines}{etc})"
    raise FileError(f"{file.unit.capitalize()} {line:,}: {problem}{more}.")


def _read_share(text: str) -> float | str:
    """A probability, also with a decimal comma or in percent; or the problem with it."""
    plain = text.strip().translate(_SIGNS)
    match = _NUMBER.fullmatch(plain)
    if match is None:
        if is_blank(plain) or plain == ".":  # SAS' missing value
            return "is empty: write a number from 0 to 1"
        return f"is {shorten(text)}: write a number from 0 to 1"
    sign, digits, power, percent = match.groups()
    return float(f"{sign}{digits.replace(',', '.')}{power or ''}") / (100 if percent else 1)


def _read_count(text: str) -> float | str:
    """A whole number of events, of which a blank is none; or the problem with it."""
    plain = text.strip()
    if is_blank(plain) or plain == ".":
        return 0.0
    match = _NUMBER.fullmatch(plain)
    if match is None or match[4] or match[1] == "-" or _GROUPED.fullmatch(plain):
        return f"is {shorten(text)}: write a whole number without separators"
    value = float(f"{match[2].replace(',', '.')}{match[3] or ''}")
    if not value.is_integer() or value >= 2**53:
        return f"is {shorten(text)}: write a whole number"
    return value
