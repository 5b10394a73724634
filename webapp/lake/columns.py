"""A table's columns as flags, labels, versions and times, whatever their types.

Values mean what they mean in files (``webapp.files.readings``): the words are those of
``webapp.bundle.yes_no``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add, and_, or_
from typing import Any

import ibis

from webapp.bundle.yes_no import (
    BLANKS,
    MINUS_ONE_PATTERN,
    NO_PATTERN,
    YES_PATTERN,
    NameIndex,
)
from webapp.cases import Features
from webapp.lake.errors import LakeError
from webapp.lake.parquet_stats import NO_PROOF, Proof
from webapp.lake.times import Time, TimestampSupport, Unit, read_time

MISSING = -1  # the case of a row that has none, and an unknown label
MINUS_ONE = -1  # as a value: a label that is 0 where the column holds -1 and 1 only
EMPTY, OTHER = 1, 2  # what is wrong with a value; 0: nothing
_NAMED = 30  # columns listed in a message


@dataclass(frozen=True)
class ColumnNames:
    """Names of columns. The columns of label and version may be missing."""

    timestamp: str = "timestamp"
    label: str = "label"
    version: str = "version"
    unit: Unit = "ms"  # of times that are numbers


@dataclass(frozen=True)
class Flags:
    """The yes/no columns. The expressions are kept short, as engines compile each of them."""

    is_valid: Any  # true if all are 0 or 1, else false or NULL
    case: Any  # a case number, or MISSING
    checks: dict[str, Any]  # what is wrong with each column: 0, EMPTY or OTHER


@dataclass(frozen=True)
class Columns:
    """The columns that counting needs."""

    table: Any
    flags: Flags
    time: Time
    label: Any  # 0, 1 or NULL
    version: Any  # a column, or the name where all rows have the same


def read_flags(table: Any, features: Features, proof: Proof = NO_PROOF) -> Flags:
    """The features of every row; those proven to be valid aren't checked. Raises LakeError."""
    columns = match_columns(table.columns, features.names)
    require(table, columns, features.names)
    return _flags({name: _flag(table, columns[name]) for name in features.names}, [], {}, proof)


def read_columns(
    table: Any,
    features: Features,
    names: ColumnNames,
    version: str | None,
    support: TimestampSupport,
    proof: Proof = NO_PROOF,
    *,
    has_negatives: bool = False,
) -> Columns:
    """The columns that counting needs. ``version`` is for rows without one. Raises LakeError.

    With ``has_negatives`` a label of -1 is a negative one.
    """
    others = (names.timestamp, names.label, names.version)
    columns = match_columns(table.columns, (*features.names, *others))
    require(table, columns, (*features.names, names.timestamp))
    time = read_time(table, columns[names.timestamp], names.unit, support)
    versions = _version(table, columns.get(names.version), names.version, version)
    more_conditions, checks = [], {}
    label = ibis.null("int32")
    if names.label in columns:
        label = _flag(table, columns[names.label])
        if has_negatives:
            label = ibis.cases((label == MINUS_ONE, 0), else_=label)
        if columns[names.label] not in proof.binary:
            is_odd = label.notnull() & ~label.between(0, 1)
            more_conditions.append(label.isnull() | label.between(0, 1))
            checks[names.label] = ibis.cases((is_odd, OTHER), else_=0)
            # Other values become NULL, or each would form a group.
            label = ibis.cases((label.between(0, 1), label), else_=ibis.null(label.type()))
    if names.version in columns and version is None:
        more_conditions.append(versions.notnull())
        checks[names.version] = ibis.cases((versions.isnull(), EMPTY), else_=0)
    flags = _flags(
        {name: _flag(table, columns[name]) for name in features.names},
        more_conditions,
        checks,
        proof,
    )
    return Columns(table, flags, time, label, versions)


def label_signs(table: Any, name: str, proof: Proof = NO_PROOF) -> Any | None:
    """A query: does the label column hold -1, and does it hold 0? None if it can't hold -1."""
    column = match_columns(table.columns, [name]).get(name)
    if column is None or column in proof.binary:
        return None
    kind = table[column].type()
    if kind.is_boolean() or kind.is_unsigned_integer():
        return None
    label = _flag(table, column)
    return table.aggregate(minus=(label == MINUS_ONE).any(), zero=(label == 0).any())


def require(table: Any, columns: Mapping[str, str], names: Sequence[str]) -> None:
    """Raise LakeError if a name isn't in ``match_columns``, listing the columns that there are."""
    missing = [name for name in names if name not in columns]
    if missing:
        there = ", ".join(table.columns[:_NAMED]) + ("…" if len(table.columns) > _NAMED else "")
        raise LakeError(f"there is no column {', '.join(missing)}; the columns are {there}")


def match_columns(columns: Sequence[str], names: Sequence[str]) -> dict[str, str]:
    """The column of each name that has one. Columns may differ in case and spaces, as in files.

    Raises LakeError if a name has two.
    """
    index = NameIndex(names)
    matches: dict[str, str] = {}
    for column in columns:
        name = index.find(column)
        if name is None:
            continue
        if name in matches:
            raise _repeat(name, matches[name], column)
        matches[name] = column
    return matches


def has_columns(columns: Sequence[str], names: Sequence[str]) -> bool:
    """True if there are columns of all these names."""
    index = NameIndex(names)
    return {index.find(column) for column in columns} >= set(names)


def refuse_renamed(new_names: Mapping[str, str], names: Sequence[str]) -> None:
    """Raise LakeError if an engine gave a second column of one of these names another name."""
    index = NameIndex(names)
    for column in new_names.values():
        name = index.find(column)
        if name is not None:
            raise _repeat(name, name, column)


def _repeat(name: str, first: str, second: str) -> LakeError:
    both = f"{first!r} and {second!r}"
    return LakeError(f"two columns are named {name} ({both}): leave out one of them")


def _flags(
    flags: dict[str, Any], more_conditions: Sequence[Any], checks: dict[str, Any], proof: Proof
) -> Flags:
    doubtful = [flag for name, flag in flags.items() if name not in proof.binary & proof.whole]
    # All of them are 0 or 1 exactly if their bitwise OR is 0 or 1.
    conditions = (
        [reduce(or_, doubtful).between(0, 1), *more_conditions]
        if doubtful
        else list(more_conditions)
    )
    bits = [flag.cast("int32") * (1 << i) if i else flag.cast("int32")
            for i, flag in enumerate(flags.values())]  # fmt: skip
    case = reduce(add, bits)
    if conditions:
        case = ibis.cases((reduce(and_, conditions), case), else_=ibis.literal(MISSING))
    wrong = {
        name: ibis.cases((flag.isnull(), EMPTY), (flag.between(0, 1), 0), else_=OTHER)
        for name, flag in flags.items()
    }
    is_valid = reduce(and_, conditions) if conditions else ibis.literal(True)
    return Flags(is_valid, case.cast("int32"), wrong | checks)


def _flag(table: Any, name: str) -> Any:
    """A column as 0 or 1, NULL if empty, MINUS_ONE, and another number for any other value."""
    column = table[name]
    kind = column.type()
    if kind.is_boolean():
        return column.cast("int32")
    if kind.is_string():
        return _from_text(column)
    if kind.is_integer() and not kind.is_uint64():  # no wider type could hold uint64
        return column  # not cast: engines compare narrow integers faster
    if kind.is_numeric():  # such as 1.0: some tools store integers as floats if values are missing
        there = column.notnull()
        if kind.is_floating():  # NaN means a missing value in pandas and Spark
            there = there & ~column.isnan()
        odd = (there, OTHER)
        exact = ((column == 1, 1), (column == 0, 0), (column == MINUS_ONE, MINUS_ONE))
        return ibis.cases(*exact, odd, else_=ibis.null("int32"))
    raise LakeError(f"column {name} holds {kind}: expected 0 and 1, or true and false")


def _from_text(column: Any) -> Any:
    """Parse text. Most values are 0 and 1, so these are tested first."""
    text = column.strip().lower()
    return ibis.cases(
        (column == "1", 1),
        (column == "0", 0),
        (text.re_search(YES_PATTERN), 1),
        (text.re_search(NO_PATTERN), 0),
        (text.re_search(MINUS_ONE_PATTERN), MINUS_ONE),
        (text.notin(BLANKS), OTHER),
        else_=ibis.null("int32"),
    )


def _version(table: Any, column: str | None, name: str, default: str | None) -> Any:
    if column is None:
        if default is None:
            raise LakeError(f"there is no column {name}: name the version with --version")
        return default
    text = table[column].cast("string").strip().nullif("")
    return text if default is None else text.fill_null(default)
