"""A table's columns as flags, labels, versions and times, whatever their types.

Values mean what they mean in files (``webapp.files.readings``): the words are those of
``webapp.bundle.yes_no``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add, and_, or_
from typing import Any

import ibis

from webapp.bundle.yes_no import BLANKS, MINUS_ONE_PATTERN, NO_PATTERN, YES_PATTERN, fold_name
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
    require(table, features.names)
    return _flags({name: _flag(table, name) for name in features.names}, [], {}, proof)


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
    require(table, features.names, exact=[names.timestamp])
    time = read_time(table, names.timestamp, names.unit, support)
    versions = _version(table, names.version, version)
    more_conditions, checks = [], {}
    label = ibis.null("int32")
    if find_column(table.columns, names.label) is not None:
        label = _flag(table, names.label)
        if has_negatives:
            label = ibis.cases((label == MINUS_ONE, 0), else_=label)
        if names.label not in proof.binary:
            is_odd = label.notnull() & ~label.between(0, 1)
            more_conditions.append(label.isnull() | label.between(0, 1))
            checks[names.label] = ibis.cases((is_odd, OTHER), else_=0)
            # Other values become NULL, or each would form a group.
            label = ibis.cases((label.between(0, 1), label), else_=ibis.null(label.type()))
    if names.version in table.columns and version is None:
        more_conditions.append(versions.notnull())
        checks[names.version] = ibis.cases((versions.isnull(), EMPTY), else_=0)
    flags = _flags(
        {name: _flag(table, name) for name in features.names}, more_conditions, checks, proof
    )
    return Columns(table, flags, time, label, versions)


def label_signs(table: Any, name: str, proof: Proof = NO_PROOF) -> Any | None:
    """A query: does the label column hold -1, and does it hold 0? None if it can't hold -1."""
    column = find_column(table.columns, name)
    if column is None or name in proof.binary:
        return None
    kind = table[column].type()
    if kind.is_boolean() or kind.is_unsigned_integer():
        return None
    label = _flag(table, name)
    return table.aggregate(minus=(label == MINUS_ONE).any(), zero=(label == 0).any())


def require(table: Any, names: Sequence[str], exact: Sequence[str] = ()) -> None:
    """Raise LakeError if a column is missing, listing the columns that there are.

    Those in ``exact`` must be there letter by letter.
    """
    missing = [name for name in names if find_column(table.columns, name) is None]
    missing += [name for name in exact if name not in table.columns]
    if missing:
        columns = ", ".join(table.columns[:_NAMED]) + ("…" if len(table.columns) > _NAMED else "")
        raise LakeError(f"there is no column {', '.join(missing)}; the columns are {columns}")


def find_column(columns: Sequence[str], name: str) -> str | None:
    """The column of this name, or the only one that differs from it in case and spaces."""
    if name in columns:
        return name
    matches = [column for column in columns if fold_name(column) == fold_name(name)]
    return matches[0] if len(matches) == 1 else None


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
    """0 or 1, NULL for an empty value, MINUS_ONE, and another number for any other value."""
    column = table[find_column(table.columns, name)]
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


def _version(table: Any, name: str, default: str | None) -> Any:
    if name not in table.columns:
        if default is None:
            raise LakeError(f"there is no column {name}: name the version with --version")
        return default
    text = table[name].cast("string").strip().nullif("")
    return text if default is None else text.fill_null(default)
