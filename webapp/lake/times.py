"""A column of times: timestamps with or without a zone, dates, text, or numbers since 1970."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal

import ibis

from webapp.lake.errors import LakeError
from webapp.timing import DAY_MS, HOUR_MS

Unit = Literal["s", "ms"]
# The timestamps that an engine can truncate to hours: with a zone, without one, or both
TimestampSupport = Literal["zoned", "plain", "both"]
_UNITS: dict[Unit, int] = {"s": 1000, "ms": 1}
_ZONED, _PLAIN = "timestamp('UTC')", "timestamp"


@dataclass(frozen=True)
class Time:
    """A column of times. Those without a zone are UTC."""

    at: Any  # a timestamp, or an integer in units of ``step`` ms
    step: int = 0  # 0: a timestamp
    cut: str | None = None  # type to cast to before truncation
    column: str = ""  # its name in the table

    def since(self, ms: int) -> Any:
        """True if the time is at or after ``ms``. On the bare column, so engines can skip files."""
        return self.at >= self._moment(ms)

    def before(self, ms: int) -> Any:
        """True if the time is before ``ms``."""
        return self.at < self._moment(ms)

    def hour(self) -> Any:
        """The start of the hour, in the column's own unit."""
        return self._floor("h", HOUR_MS)

    def day(self) -> Any:
        """The start of the day, in the column's own unit."""
        return self._floor("D", DAY_MS)

    def in_ms(self, period: Any) -> Any:
        """The start of an hour or day in ms since 1970."""
        if self.step:
            return period.cast("int64")
        return period.epoch_seconds().cast("int64") * 1000

    def with_values(self, at: Any) -> Time:
        """The same kind of times for another expression."""
        return replace(self, at=at)

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


def read_time(table: Any, name: str, unit: Unit, support: TimestampSupport) -> Time:
    """The column of that name. Raises LakeError for types that hold no times."""
    return replace(_read(table, name, unit, support), column=name)


def _read(table: Any, name: str, unit: Unit, support: TimestampSupport) -> Time:
    column = table[name]
    kind = column.type()
    if kind.is_integer():
        return Time(column.cast("int64"), _UNITS[unit])
    if kind.is_string():
        return Time(_from_text(column, unit), 1)
    if kind.is_date():
        column, kind = column.cast(_PLAIN), ibis.dtype(_PLAIN)
    if not kind.is_timestamp():
        raise LakeError(f"column {name} holds {kind}: expected timestamps or whole numbers")
    if support == "zoned" and kind.timezone is None:
        return Time(column.cast(_ZONED))
    return Time(column, cut=_PLAIN if support == "plain" and kind.timezone is not None else None)


def _from_text(column: Any, unit: Unit) -> Any:
    """Parse text to ms. Timestamps are truncated to the hour, which is all that is needed."""
    number = column.try_cast("int64") * _UNITS[unit]
    timestamp = column.try_cast(_PLAIN).truncate("h").epoch_seconds().cast("int64") * 1000
    return number.coalesce(timestamp)
