"""The counts of a scan as arrays, to be filtered and split into days."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from webapp.cases import Features
from webapp.events.lake.counts import LakeRows
from webapp.timing import DAY_MS

_COLUMNS = ("period", "case", "label", "n")


@dataclass(frozen=True)
class Aggregates:
    """Parallel arrays in order of periods; ``version`` is an index into ``names``."""

    names: tuple[str, ...]
    version: NDArray[np.int64]
    period: NDArray[np.int64]
    case: NDArray[np.int64]
    label: NDArray[np.int64]
    n: NDArray[np.int64]

    @classmethod
    def empty(cls) -> Aggregates:
        """Aggregates without rows."""
        return cls((), *(np.empty(0, np.int64) for _ in range(5)))

    @classmethod
    def from_arrow(cls, table: Any, days: Sequence[int]) -> Aggregates:
        """The rows of these days in an Arrow table that ``expression.counts`` gave."""
        if not table.num_rows:
            return cls.empty()
        values = {name: _numbers(table[name]) for name in _COLUMNS}
        versions = table["version"].combine_chunks().dictionary_encode()
        version_names = versions.dictionary.to_pylist()
        names = tuple(sorted(version_names))
        places = np.array([*map(names.index, version_names), -1])  # the last: rows without a name
        values["version"] = places[_numbers(versions.indices.fill_null(-1))]
        # A full order, so that recounting a day gives the same rows, however the engine sorts them.
        order = np.lexsort([values[name] for name in ("label", "case", "version", "period")])
        rows_of_days = order[np.isin(values["period"][order] // DAY_MS * DAY_MS, np.asarray(days))]
        rows = {name: column[rows_of_days] for name, column in values.items()}
        return cls(names, **rows)

    def split_countable(
        self, features: Features, features_by_version: Mapping[str, Features]
    ) -> tuple[Aggregates, Counter[str]]:
        """The rows that can be counted, and the number of other events by reason."""
        wrong: Counter[str] = Counter()
        is_countable = self.case >= 0
        for place, name in enumerate(self.names):
            if features_by_version.get(name) == features:
                continue
            is_of_version = is_countable & (self.version == place)
            if is_of_version.any():
                is_known = name in features_by_version
                why = f"version {name} has other inputs" if is_known else f"unknown version {name}"
                wrong[why] += int(self.n[is_of_version].sum())
            is_countable = is_countable & ~is_of_version
        return self._select(is_countable), wrong

    @property
    def without_case(self) -> int:
        """The number of events that have no case."""
        return int(self.n[self.case < 0].sum())

    def days(self, version: str) -> list[int]:
        """The days that have events of a version."""
        periods = self.period[self.version == self.names.index(version)]
        return [int(day) for day in np.unique(periods // DAY_MS * DAY_MS)]

    def versions(self) -> list[str]:
        """The versions that have events."""
        return sorted(self.names[place] for place in np.unique(self.version))

    def of_day(self, day: int) -> LakeRows:
        """The counts of one day, as the log takes them."""
        part = slice(*np.searchsorted(self.period, [day, day + DAY_MS]))
        version = [self.names[place] for place in self.version[part].tolist()]
        columns = (self.period, self.case, self.label, self.n)
        return LakeRows(version, *(column[part].tolist() for column in columns))

    def _select(self, rows: NDArray[np.bool_]) -> Aggregates:
        columns = (self.version, self.period, self.case, self.label, self.n)
        return Aggregates(self.names, *(column[rows] for column in columns))


def _numbers(column: Any) -> NDArray[np.int64]:
    return np.asarray(column).astype(np.int64)
