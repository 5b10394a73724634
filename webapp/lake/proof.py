"""What the files' own statistics prove of their columns, so that no row has to be looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

# A group of rows is fine if all of it is 0 or 1, or empty. Booleans have statistics of their kind,
# and nothing but these two values. What has no statistics proves nothing.
_FACTS = """
SELECT path_in_schema AS name,
       count(*) AS groups,
       bool_and(coalesce(stats_null_count = num_values, false) OR type = 'BOOLEAN' OR coalesce(
           TRY_CAST(stats_min_value AS BIGINT) >= 0 AND TRY_CAST(stats_max_value AS BIGINT) <= 1,
           false)) AS binary,
       bool_and(coalesce(stats_null_count = 0, false)) AS whole
FROM parquet_metadata(?) GROUP BY name
"""


@dataclass(frozen=True)
class Proof:
    """Columns that hold nothing but 0 and 1 (or nothing), and those without a gap."""

    binary: frozenset[str] = frozenset()
    whole: frozenset[str] = frozenset()


NOTHING = Proof()


def of_parquet(link: Any, files: Sequence[str], table: Any) -> Proof:
    """What all row groups of all files say of the columns of whole numbers and of booleans."""
    rows = link.execute(_FACTS, [list(files)]).fetchall()
    most = max((row[1] for row in rows), default=0)
    kinds = table.schema()
    told = [row for row in rows if row[0] in kinds and _is_exact(kinds[row[0]]) and row[1] == most]
    return Proof(
        frozenset(name for name, _, is_binary, _ in told if is_binary),
        frozenset(name for name, _, _, is_whole in told if is_whole),
    )


def _is_exact(kind: Any) -> bool:
    """Are its smallest and largest value what they seem? Decimals are stored as other numbers."""
    return bool(kind.is_boolean() or (kind.is_integer() and not kind.is_uint64()))
