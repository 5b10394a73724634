"""Events as they are found in the wild, and what is to come of them by numpy alone."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import csv, parquet

from webapp.cases import Features
from webapp.lake import reasons
from webapp.timing import DAY_MS, HOUR_MS

FEATURES = Features.numbered(10)
FIRST, DAYS = 20_700 * DAY_MS, 20
HOURS = FIRST + 12 * DAY_MS  # from which on they are counted by the hour
VERSIONS = ("one_v1", "two_v1", "ghost_v1")  # the last is not known
KNOWN = dict.fromkeys(VERSIONS[:2], FEATURES)
EMPTY, OTHER = -1, 2  # beside 0 and 1
Key = tuple[str, int, int, int]


@dataclass(frozen=True)
class Wild:
    """Columns as codes: 0, 1, EMPTY or OTHER; times in ms; versions by place, -1 for none."""

    flags: NDArray[np.int64]  # [n, 10]
    label: NDArray[np.int64]
    at: NDArray[np.int64]  # 0: none
    version: NDArray[np.int64]

    @classmethod
    def draw(cls, n: int, seed: int = 0, odd: float = 0.002) -> Wild:
        """Random events; a few in a thousand values are odd."""
        rng = np.random.default_rng(seed)
        flags = (rng.random((n, 10)) < np.linspace(0.05, 0.6, 10)).astype(np.int64)
        strange = rng.random((n, 10)) < odd
        flags[strange] = rng.choice([EMPTY, OTHER], int(strange.sum()))
        flags[:, 3] = np.where(flags[:, 3] == OTHER, EMPTY, flags[:, 3])  # a column of booleans
        label = rng.choice([EMPTY, 0, 1, OTHER], n, p=[0.3, 0.6, 0.099, 0.001])
        at = FIRST + rng.integers(0, DAYS * DAY_MS, n)
        at[: n // 100] -= at[: n // 100] % HOUR_MS  # on the hour, and just before it
        at[: n // 200] = np.maximum(at[: n // 200] - 1, FIRST)
        at[rng.random(n) < odd] = 0
        version = rng.choice([-1, 0, 1, 2], n, p=[0.001, 0.6, 0.389, 0.01])
        return cls(flags, label, at, version)

    def table(self) -> pa.Table:
        """As Arrow: numbers, booleans and text side by side."""
        names = np.array([*VERSIONS, None], dtype=object)
        columns: dict[str, Any] = {
            "id": pa.array(np.arange(len(self.at))),
            "timestamp": pa.array(self.at, pa.timestamp("ms"), mask=self.at == 0),
            "version": pa.array(names[self.version].tolist(), pa.string()),
        }
        for place, name in enumerate(FEATURES.names):
            columns[name] = _column(place, self.flags[:, place])
        columns["label"] = pa.array(self.label, pa.int16(), mask=self.label == EMPTY)
        return pa.table(columns)

    def save(self, folder: Path) -> dict[str, Path]:
        """As Parquet and as CSV."""
        table = self.table()
        paths = {kind: folder / f"events.{kind}" for kind in ("parquet", "csv")}
        parquet.write_table(table, paths["parquet"], row_group_size=100_000)
        csv.write_csv(table, paths["csv"])
        return paths

    @cached_property
    def are_flags(self) -> NDArray[np.bool_]:
        """Which rows have a case."""
        return ((self.flags == 0) | (self.flags == 1)).all(axis=1)

    @cached_property
    def case(self) -> NDArray[np.int64]:
        """The case number of each row that has one."""
        return np.where(self.flags == 1, 1, 0) @ (1 << np.arange(10))

    def counts(self) -> Counter[Key]:
        """What is to be counted of the known versions."""
        fine = self.are_flags & (self.label != OTHER) & (self.at > 0)
        fine &= (self.version == 0) | (self.version == 1)
        at = self.at[fine]
        period = np.where(at >= HOURS, at - at % HOUR_MS, at - at % DAY_MS)
        versions = [VERSIONS[place] for place in self.version[fine]]
        rows = (period.tolist(), self.case[fine].tolist(), self.label[fine].tolist())
        return Counter(zip(versions, *rows, strict=True))

    def scores(self, table: NDArray[np.float64]) -> NDArray[np.float64]:
        """The score of each row; not a number where there is none."""
        return np.where(self.are_flags, table[self.case], np.nan)

    def without_case(self) -> Counter[str]:
        """How many rows can't be scored, by reason: the first feature that is odd."""
        odd = (self.flags == EMPTY) | (self.flags == OTHER)
        counts: Counter[str] = Counter()
        for row in np.flatnonzero(odd.any(axis=1)):
            place = int(np.argmax(odd[row]))
            is_empty = self.flags[row, place] == EMPTY
            counts[reasons.describe(FEATURES.names[place], 1 if is_empty else 2)] += 1
        return counts


def _column(place: int, codes: NDArray[np.int64]) -> pa.Array:
    """A feature's column: the fourth holds booleans, the seventh text, the ninth wide numbers."""
    if place == 3:
        return pa.array(codes == 1, mask=codes == EMPTY)
    if place == 6:
        zero = np.array(["0", "false", " 0", "no", "0.0", "Nein", "0,0"])
        one = np.array(["1", "TRUE", "1 ", "Yes", "1.0", "oui", "01"])
        turn = np.arange(len(codes)) % len(zero)
        text = np.where(codes == 1, one[turn], np.where(codes == 0, zero[turn], "maybe"))
        return pa.array(text, pa.string(), mask=codes == EMPTY)
    if place == 8:
        return pa.array(codes.astype(np.int64), mask=codes == EMPTY)
    return pa.array(codes, pa.int8(), mask=codes == EMPTY)
