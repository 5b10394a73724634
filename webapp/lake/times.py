"""The column of times: timestamps with or without a zone, dates, text, or numbers since 1970."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import ibis

from webapp.lake.errors import LakeError
from webapp.timing import DAY_MS, HOUR_MS

Unit = Literal["s", "ms"]
# How an engine cuts timestamps to hours: those with a zone, those without, or both
Clock = Literal["zoned", "plain", "both"]
_UNITS: dict[Unit, int] = {"s": 1000, "ms": 1}
_ZONED, _PLAIN = "timestamp('UTC')", "timestamp"


@dataclass(frozen=True)
class Time:
    """A column of times. Those without a zone are UTC."""

    at: Any  # a timestamp, or a whole number of ``step`` ms
    step: int = 0  # 0: a timestamp
    cut: str | None = None  # the type that it has to have to be cut to hours

    def since(self, ms: int) -> Any:
        """Is a time at or after this one? Asked of the bare column: an engine can skip files."""
        return self.at >= self._moment(ms)

    def before(self, ms: int) -> Any:
        """Is it before this one?"""
        return self.at < self._moment(ms)

    def hour(self) -> Any:
        """The start of its hour, in the column's own way."""
        return self._floor("h", HOUR_MS)

    def day(self) -> Any:
        """The start of its day."""
        return self._floor("D", DAY_MS)

    def in_ms(self, period: Any) -> Any:
        """A start of an hour or a day as ms since 1970."""
        if self.step:
            return period.cast("int64")
        return period.epoch_seconds().cast("int64") * 1000

    def of(self, at: Any) -> Time:
        """The same for another expression of such times."""
        return Time(at, self.step, self.cut)

    def _floor(self, unit: str, length: int) -> Any:
        if not self.step:
            at = self.at if self.cut is None else self.at.cast(self.cut)
            return at.truncate(unit)
        ms = self.at if self.step == 1 else self.at * self.step
        return ms - ms % length

    def _moment(self, ms: int) -> Any:
        if self.step:
            return ibis.literal(-(-ms // self.step), "int64")
        moment = datetime.fromtimestamp(ms / 1000, UTC)
        if self.at.type().timezone is None:
            return ibis.literal(moment.replace(tzinfo=None), _PLAIN)
        return ibis.literal(f"{moment:%Y-%m-%d %H:%M:%S}+00:00").cast(_ZONED)


def read_time(table: Any, name: str, unit: Unit, clock: Clock) -> Time:
    """The column of that name. Raises LakeError for types that hold no times."""
    column = table[name]
    kind = column.type()
    if kind.is_integer():
        return Time(column.cast("int64"), _UNITS[unit])
    if kind.is_string():
        return Time(_from_text(column, unit), 1)
    if kind.is_date():
        column, kind = column.cast(_PLAIN), ibis.dtype(_PLAIN)
    if not kind.is_timestamp():
        raise LakeError(f"column {name} holds {kind}: times are timestamps or whole numbers")
    if clock == "zoned" and kind.timezone is None:
        return Time(column.cast(_ZONED))
    return Time(column, cut=_PLAIN if clock == "plain" and kind.timezone is not None else None)


def _from_text(column: Any, unit: Unit) -> Any:
    """Text as ms, to the hour where it is a timestamp: no more is ever asked for."""
    number = column.try_cast("int64") * _UNITS[unit]
    written = column.try_cast(_PLAIN).truncate("h").epoch_seconds().cast("int64") * 1000
    return number.coalesce(written)
