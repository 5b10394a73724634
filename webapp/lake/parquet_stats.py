"""Proofs about columns by the statistics in Parquet files, so that rows needn't be checked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from webapp.timing import DAY_MS


@dataclass(frozen=True)
class Extent:
    """The first and last day (ms since 1970), the number of rows, and of rows with a time."""

    rows: int
    timed: int
    first: int | None  # None if no row has a time
    last: int | None


@dataclass(frozen=True)
class Proof:
    """Columns proven to be valid, and the extents of time columns."""

    binary: frozenset[str] = frozenset()  # all values are 0, 1 or NULL
    whole: frozenset[str] = frozenset()  # no NULL
    times: Mapping[str, Extent] = field(default_factory=dict)  # timestamps


NO_PROOF = Proof()


def read_proof(files: Iterable[str], table: Any) -> Proof:
    """The proofs about integers, booleans and timestamps that hold in all row groups of all files.

    Nothing is proven where statistics are missing, or for a column that some file lacks.
    """
    kinds = table.schema()
    exact = {name for name, kind in kinds.items() if _is_exact(kind)}
    times = {name for name, kind in kinds.items() if kind.is_timestamp()}
    groups, column_groups = _read(files, exact | times)
    whole = {
        name: parts for name, parts in column_groups.items() if groups and len(parts) == groups
    }
    extents = {name: _extent(whole[name]) for name in times & whole.keys()}
    return Proof(
        frozenset(name for name in exact & whole.keys() if all(map(_is_binary, whole[name]))),
        frozenset(n for n in exact & whole.keys() if all(_nulls(part) == 0 for part in whole[n])),
        {name: extent for name, extent in extents.items() if extent is not None},
    )


def _read(files: Iterable[str], names: Container[str]) -> tuple[int, dict[str, list[Any]]]:
    """The number of row groups, and the metadata of each column in them."""
    from pyarrow import parquet

    groups, column_groups = 0, defaultdict[str, list[Any]](list)
    for file in files:
        footer = parquet.read_metadata(file)
        for number in range(footer.num_row_groups):
            group, groups = footer.row_group(number), groups + 1
            for place in range(group.num_columns):
                column = group.column(place)
                if column.path_in_schema in names:
                    column_groups[column.path_in_schema].append(column)
    return groups, column_groups


def _is_binary(column: Any) -> bool:
    """True if all values of a row group are 0, 1 or NULL."""
    if column.physical_type == "BOOLEAN" or _nulls(column) == column.num_values:
        return True
    facts = column.statistics
    if facts is None or not facts.has_min_max or not isinstance(facts.min, int):
        return False
    return bool(facts.min >= 0 and facts.max <= 1)


def _nulls(column: Any) -> int | None:
    facts = column.statistics
    return facts.null_count if facts is not None and facts.has_null_count else None


def _extent(columns: Iterable[Any]) -> Extent | None:
    """The extent over all row groups, or None if one lacks the statistics."""
    rows, gaps, ends = 0, 0, []
    for column in columns:
        nulls = _nulls(column)
        if nulls is None:
            return None
        rows, gaps = rows + column.num_values, gaps + nulls
        if nulls < column.num_values:
            facts = column.statistics
            if not facts.has_min_max or not isinstance(facts.min, datetime):
                return None
            ends += [_day(facts.min), _day(facts.max)]
    return Extent(rows, rows - gaps, min(ends, default=None), max(ends, default=None))


def _day(moment: datetime) -> int:
    """The start of the day in ms since 1970. A time without a zone is UTC."""
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    return int(moment.timestamp() // (DAY_MS // 1000)) * DAY_MS


def _is_exact(kind: Any) -> bool:
    """True if minimum and maximum can be trusted; decimals are stored as other numbers."""
    return bool(kind.is_boolean() or (kind.is_integer() and not kind.is_uint64()))
