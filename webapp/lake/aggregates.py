"""What the expression found, as arrays: sifted, and a day at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from webapp.cases import Features
from webapp.timing import DAY_MS

if TYPE_CHECKING:
    from webapp.events.lake.counts import LakeRows

_COLUMNS = ("period", "case", "label", "n")


@dataclass(frozen=True)
class Tally:
    """Parallel arrays in the order of periods; ``version`` is a place in ``names``."""

    names: tuple[str, ...]
    version: NDArray[np.int64]
    period: NDArray[np.int64]
    case: NDArray[np.int64]
    label: NDArray[np.int64]
    n: NDArray[np.int64]

    @classmethod
    def nothing(cls) -> Tally:
        """No rows at all."""
        return cls((), *(np.empty(0, np.int64) for _ in range(5)))

    @classmethod
    def of(cls, found: Any, days: Sequence[int]) -> Tally:
        """An Arrow table of the expression's, as far as it is of these days."""
        if not found.num_rows:
            return cls.nothing()
        values = {name: _numbers(found[name]) for name in _COLUMNS}
        versions = found["version"].combine_chunks().dictionary_encode()
        listed = versions.dictionary.to_pylist()
        names = tuple(sorted(listed))
        places = np.array([*map(names.index, listed), -1])  # the last is of rows that name none
        values["version"] = places[_numbers(versions.indices.fill_null(-1))]
        # Whole: a day that is counted again is the same rows again, whatever order they came in.
        order = np.lexsort([values[name] for name in ("label", "case", "version", "period")])
        wanted = order[np.isin(values["period"][order] // DAY_MS * DAY_MS, np.asarray(days))]
        rows = {name: column[wanted] for name, column in values.items()}
        return cls(names, **rows)

    def sifted(
        self, features: Features, known: Mapping[str, Features]
    ) -> tuple[Tally, Counter[str]]:
        """The rows that can be counted, and how many events are of versions that can't."""
        wrong: Counter[str] = Counter()
        fine = self.case >= 0
        for place, name in enumerate(self.names):
            if known.get(name) == features:
                continue
            of_it = fine & (self.version == place)
            if of_it.any():
                why = "has other inputs" if name in known else "is not known here"
                wrong[f"the version {name} {why}"] += int(self.n[of_it].sum())
            fine = fine & ~of_it
        return self._only(fine), wrong

    @property
    def without_case(self) -> int:
        """How many events have no case."""
        return int(self.n[self.case < 0].sum())

    def days(self, version: str) -> list[int]:
        """The days that have events of a version."""
        of_it = self.period[self.version == self.names.index(version)]
        return [int(day) for day in np.unique(of_it // DAY_MS * DAY_MS)]

    def versions(self) -> list[str]:
        """The versions that have events."""
        return sorted(self.names[place] for place in np.unique(self.version))

    def of_day(self, day: int) -> LakeRows:
        """The counts of one day, as they are landed."""
        from webapp.events.lake.counts import LakeRows

        part = slice(*np.searchsorted(self.period, [day, day + DAY_MS]))
        version = [self.names[place] for place in self.version[part].tolist()]
        columns = (self.period, self.case, self.label, self.n)
        return LakeRows(version, *(column[part].tolist() for column in columns))

    def _only(self, rows: NDArray[np.bool_]) -> Tally:
        columns = (self.version, self.period, self.case, self.label, self.n)
        return Tally(self.names, *(column[rows] for column in columns))


def _numbers(column: Any) -> NDArray[np.int64]:
    return np.asarray(column).astype(np.int64)
