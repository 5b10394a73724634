"""A table's columns as flags, labels, versions and times, whatever types they have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add, and_, or_
from typing import Any

import ibis

from webapp.cases import Features
from webapp.lake.errors import LakeError
from webapp.lake.parquet_stats import NOTHING, Proof
from webapp.lake.times import Clock, Time, Unit, read_time

NOWHERE = -1  # the case of a row that has none, and the label of one that isn't known
EMPTY, OTHER = 1, 2  # what may be wrong with a value; 0 is nothing
_SHOWN = 30  # columns that a message names


@dataclass(frozen=True)
class Names:
    """What the columns are called. A label or version that isn't there is not looked for."""

    timestamp: str = "timestamp"
    label: str = "label"
    version: str = "version"
    unit: Unit = "ms"  # of times that are numbers


@dataclass(frozen=True)
class Flags:
    """The yes/no columns. Short expressions: what an engine compiles grows with each of them."""

    fine: Any  # are all of them 0 or 1? false or NULL where they aren't
    case: Any  # a case number, or NOWHERE
    checks: dict[str, Any]  # what is wrong with each: 0, EMPTY or OTHER


@dataclass(frozen=True)
class Columns:
    """What counting asks of a table."""

    table: Any
    flags: Flags
    time: Time
    label: Any  # 0, 1 or NULL
    version: Any  # a column, or the name where all rows have the same


def read_flags(table: Any, features: Features, proof: Proof = NOTHING) -> Flags:
    """The features of every row; those that are proven are not checked. Raises LakeError."""
    require(table, features.names)
    return _flags({name: _flag(table, name) for name in features.names}, [], {}, proof)


def read_columns(
    table: Any,
    features: Features,
    names: Names,
    version: str | None,
    clock: Clock,
    proof: Proof = NOTHING,
) -> Columns:
    """All that counting needs. ``version`` is that of rows that name none. Raises LakeError."""
    require(table, [*features.names, names.timestamp])
    time = read_time(table, names.timestamp, names.unit, clock)
    answered = _version(table, names.version, version)
    more, checks = [], {}
    label = ibis.null("int32")
    if names.label in table.columns:
        label = _flag(table, names.label)
        if names.label not in proof.binary:
            is_odd = label.notnull() & ~label.between(0, 1)
            more.append(label.isnull() | label.between(0, 1))
            checks[names.label] = ibis.cases((is_odd, OTHER), else_=0)
            # No other values than these, or each would be a group of its own.
            label = ibis.cases((label.between(0, 1), label), else_=ibis.null(label.type()))
    if names.version in table.columns and version is None:
        more.append(answered.notnull())
        checks[names.version] = ibis.cases((answered.isnull(), EMPTY), else_=0)
    flags = _flags({name: _flag(table, name) for name in features.names}, more, checks, proof)
    return Columns(table, flags, time, label, answered)


def require(table: Any, wanted: Sequence[str]) -> None:
    """Raises LakeError for columns that aren't there, naming those that are."""
    missing = [name for name in wanted if name not in table.columns]
    if missing:
        found = ", ".join(table.columns[:_SHOWN]) + ("…" if len(table.columns) > _SHOWN else "")
        raise LakeError(f"there is no column {', '.join(missing)}; the columns are {found}")


def _flags(
    flags: dict[str, Any], more: Sequence[Any], checks: dict[str, Any], proof: Proof
) -> Flags:
    doubtful = [flag for name, flag in flags.items() if name not in proof.binary & proof.whole]
    # Are all of them 0 or 1? Then, and only then, their bits together are 0 or 1 as well.
    fine = [reduce(or_, doubtful).between(0, 1), *more] if doubtful else list(more)
    bits = [flag.cast("int32") * (1 << i) if i else flag.cast("int32")
            for i, flag in enumerate(flags.values())]  # fmt: skip
    case = reduce(add, bits)
    if fine:
        case = ibis.cases((reduce(and_, fine), case), else_=ibis.literal(NOWHERE))
    wrong = {
        name: ibis.cases((flag.isnull(), EMPTY), (flag.between(0, 1), 0), else_=OTHER)
        for name, flag in flags.items()
    }
    is_fine = reduce(and_, fine) if fine else ibis.literal(True)
    return Flags(is_fine, case.cast("int32"), wrong | checks)


def _flag(table: Any, name: str) -> Any:
    """0 or 1, NULL where nothing stands, and another number where something else does."""
    column = table[name]
    kind = column.type()
    if kind.is_boolean():
        return column.cast("int32")
    if kind.is_string():
        return _from_text(column)
    if kind.is_integer() and not kind.is_uint64():  # which no wider type could hold
        return column  # as it is: what an engine can compare in bytes it compares fast
    if kind.is_numeric():  # 1.0: other tools store whole numbers so once a column has a gap
        there = column.notnull()
        if kind.is_floating():  # not a number: pandas and Spark mean a gap by it
            there = there & ~column.isnan()
        odd = (there, OTHER)
        return ibis.cases((column == 1, 1), (column == 0, 0), odd, else_=ibis.null("int32"))
    raise LakeError(f"column {name} holds {kind}: yes and no are 1 and 0, or true and false")


def _from_text(column: Any) -> Any:
    """Most of it is 0 and 1, so that is looked for first."""
    text = column.strip().lower()
    return ibis.cases(
        (column == "1", 1),
        (column == "0", 0),
        (text.isin(["1", "true"]), 1),
        (text.isin(["0", "false"]), 0),
        (text != "", OTHER),
        else_=ibis.null("int32"),
    )


def _version(table: Any, name: str, default: str | None) -> Any:
    if name not in table.columns:
        if default is None:
            raise LakeError(f"there is no column {name}: say which version answered with --version")
        return default
    text = table[name].cast("string").strip().nullif("")
    return text if default is None else text.fill_null(default)
