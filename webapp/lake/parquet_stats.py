"""What the files' own statistics prove of their columns, so that no row has to be looked at."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from webapp.timing import DAY_MS


@dataclass(frozen=True)
class Extent:
    """The first and the last day (ms since 1970), how many rows there are and have a time."""

    rows: int
    timed: int
    first: int | None  # None: no row has a time
    last: int | None


@dataclass(frozen=True)
class Proof:
    """Columns that hold nothing but 0 and 1 (or nothing), those without a gap, and timestamps."""

    binary: frozenset[str] = frozenset()
    whole: frozenset[str] = frozenset()
    times: Mapping[str, Extent] = field(default_factory=dict)


NOTHING = Proof()


def of_parquet(files: Iterable[str], table: Any) -> Proof:
    """What all row groups of all files say of whole numbers, booleans and timestamps.

    What has no statistics proves nothing, nor does a column that some file lacks.
    """
    kinds = table.schema()
    told = {name for name, kind in kinds.items() if _is_exact(kind)}
    timed = {name for name, kind in kinds.items() if kind.is_timestamp()}
    groups, seen = _read(files, told | timed)
    whole = {name: parts for name, parts in seen.items() if groups and len(parts) == groups}
    found = {name: _extent(whole[name]) for name in timed & whole.keys()}
    return Proof(
        frozenset(name for name in told & whole.keys() if all(map(_is_binary, whole[name]))),
        frozenset(n for n in told & whole.keys() if all(_nulls(part) == 0 for part in whole[n])),
        {name: extent for name, extent in found.items() if extent is not None},
    )


def _read(files: Iterable[str], wanted: Container[str]) -> tuple[int, dict[str, list[Any]]]:
    """How many row groups there are, and the facts of each column in them."""
    from pyarrow import parquet

    groups, seen = 0, defaultdict[str, list[Any]](list)
    for file in files:
        footer = parquet.read_metadata(file)
        for number in range(footer.num_row_groups):
            group, groups = footer.row_group(number), groups + 1
            for place in range(group.num_columns):
                column = group.column(place)
                if column.path_in_schema in wanted:
                    seen[column.path_in_schema].append(column)
    return groups, seen


def _is_binary(column: Any) -> bool:
    """Is all of a group of rows 0 or 1, or empty?"""
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
    """Of all groups of rows; None where one of them doesn't say it."""
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
    """The day's start. Without a zone it is UTC."""
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    return int(moment.timestamp() // (DAY_MS // 1000)) * DAY_MS


def _is_exact(kind: Any) -> bool:
    """Are its smallest and largest value what they seem? Decimals are stored as other numbers."""
    return bool(kind.is_boolean() or (kind.is_integer() and not kind.is_uint64()))
