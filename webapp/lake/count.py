"""Count a lake's events into the log, a day at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from webapp.cases import Features
from webapp.lake import chunks, expression, reasons
from webapp.lake.aggregates import Aggregates
from webapp.lake.columns import (
    ColumnNames,
    Columns,
    has_columns,
    label_signs,
    read_columns,
    refuse_renamed,
)
from webapp.lake.engines import Engine, extent, find_timestamp_support
from webapp.lake.errors import LakeError, translate_errors
from webapp.timing import DAY_MS

_NAMED = 3  # days listed one by one in a message
_LONG = 1000  # days; a longer range may be due to a single wrong time


class Landing(Protocol):
    """The part of ``webapp.events.lake.counts.Lake`` that takes the counts."""

    def counted_days(self, dataset: str) -> Mapping[int, Any]:
        """The days counted so far; each has ``counted_at``."""
        ...

    def put(self, dataset: str, day: int, rows: Any, at: int | None = None) -> str:
        """Write one whole day. Returns ``recorded``, ``replaced`` or ``same``."""
        ...

    def logged_days(self, since: int, until: int, versions: Sequence[str]) -> list[int]:
        """Days on which the log itself has events of these versions."""
        ...


@dataclass(frozen=True)
class CountRequest:
    """A request to count a dataset. Times in ms since 1970, UTC."""

    dataset: str
    features_by_version: Mapping[str, Features]
    names: ColumnNames = field(default_factory=ColumnNames)
    version: str | None = None  # of rows without one
    since: int | None = None
    until: int | None = None
    at_once: int | None = None  # days
    again: bool = False
    beside_live: bool = False
    strict: bool = False


@dataclass
class CountResult:
    """The result of counting, updated while it goes on."""

    days: Counter[str] = field(default_factory=Counter)  # recorded, replaced, same
    skipped: int = 0  # days counted before
    events: int = 0
    wrong: Counter[str] = field(default_factory=Counter)  # rows that can't be counted, by reason


def count(
    engine: Engine,
    landing: Landing,
    request: CountRequest,
    now: int,
    on_progress: Callable[[int, int], None] = lambda _count, _total: None,
) -> CountResult:
    """Count the missing days. It can be killed at any point and run again. Raises LakeError.

    ``now`` in ms since 1970; ``on_progress`` gets the days counted and the days to count.
    """
    counting = _Counting(engine, landing, request, now)
    return counting.run(on_progress)


def choose_features(
    columns: Sequence[str], features_by_version: Mapping[str, Features], version: str | None
) -> Features:
    """The inputs to read: those of ``version``, or of all versions. Raises LakeError."""
    if version is not None:
        if version not in features_by_version:
            raise LakeError(f"there is no usable version {version}")
        return features_by_version[version]
    kinds = list(dict.fromkeys(features_by_version.values()))
    if not kinds:
        raise LakeError("there is no version yet: train one with everycase train")
    fitting = [kind for kind in kinds if has_columns(columns, kind.names)]
    if len(fitting) > 1:
        raise LakeError("versions have different inputs: name one with --version")
    return fitting[0] if fitting else kinds[0]  # its missing columns are named in the error


class _Counting:
    """One run over one source."""

    def __init__(self, engine: Engine, landing: Landing, request: CountRequest, now: int) -> None:
        self._engine, self._landing, self._request, self._now = engine, landing, request, now
        self._features = choose_features(
            engine.table.columns, request.features_by_version, request.version
        )
        names = request.names
        mine = (*self._features.names, names.timestamp, names.label, names.version)
        refuse_renamed(engine.renamed, mine)
        self._columns: Columns = read_columns(
            engine.table,
            self._features,
            request.names,
            request.version,
            find_timestamp_support(engine.source),
            engine.proof,
            has_negatives=self._has_negatives(),
        )
        self._result = CountResult()
        self._earlier_days: Collection[int] = ()  # counted before

    def _has_negatives(self) -> bool:
        """True if the label column holds -1 and no 0, as files are read."""
        query = label_signs(self._engine.table, self._request.names.label, self._engine.proof)
        if query is None:
            return False
        (signs,) = self._fetch(query).to_pylist()
        return bool(signs["minus"]) and not signs["zero"]

    def run(self, on_progress: Callable[[int, int], None]) -> CountResult:
        request, hours = self._request, chunks.first_hour(self._now)
        counted_at = {
            d: int(p.counted_at) for d, p in self._landing.counted_days(request.dataset).items()
        }
        days, lost_days = self._days(counted_at)
        self._refuse_faults()
        self._earlier_days = counted_at.keys()
        due = chunks.days_due(days, counted_at, again=request.again)
        self._result.skipped = len(counted_at.keys() & set(days) - set(due))
        count = 0
        for run in chunks.chunks(due, self._features.cases, request.at_once, hours):
            aggregates = self._scan(run, hours)
            self._refuse_faults()
            self._refuse_overlap(aggregates)
            for day in run:
                self._put(day, aggregates)
                count += 1
                on_progress(count, len(due))
        for day in lost_days:
            self._put(day, Aggregates.empty())
        return self._result

    def _days(self, counted_at: Mapping[int, int]) -> tuple[list[int], list[int]]:
        """The requested days that the source has, and counted days that it no longer has."""
        request = self._request
        with self._translate_errors():
            source_extent = extent(self._engine, self._columns.time)
        if missing := source_extent.rows - source_extent.timed:
            self._result.wrong[reasons.TIME] += missing
        if source_extent.first is None or source_extent.last is None:
            return [], []
        span = chunks.day_range(
            source_extent.first, source_extent.last, request.since, request.until
        )
        if not span or (not counted_at and len(span) <= _LONG):  # all are scanned anyway
            return list(span), []
        query_span = expression.Span(span.start, span.stop, span.start)
        days = sorted(self._fetch(expression.days(self._columns, query_span))["day"].to_pylist())
        return days, chunks.days_lost(counted_at, days, span) if request.again else []

    def _scan(self, run: Sequence[int], hours: int) -> Aggregates:
        """Count a run of days. Rows that can't be counted are added to the result's reasons."""
        span = expression.Span(run[0], run[-1] + DAY_MS, hours)
        aggregates = Aggregates.from_arrow(self._fetch(expression.counts(self._columns, span)), run)
        countable, wrong = aggregates.split_countable(
            self._features, self._request.features_by_version
        )
        self._result.wrong += wrong
        if aggregates.without_case:
            rows = expression.rows_within(self._columns.table, self._columns.time, span)
            flags = self._columns.flags
            faults = self._fetch(expression.count_faults(rows, flags))
            self._result.wrong += reasons.count_reasons(faults, list(flags.checks))
        return countable

    def _fetch(self, query: Any) -> Any:
        with self._translate_errors():
            return self._engine.fetch(query)

    def _translate_errors(self) -> AbstractContextManager[None]:
        return translate_errors(f"{self._engine.source.display_name} can't be counted")

    def _put(self, day: int, aggregates: Aggregates) -> None:
        rows = aggregates.of_day(day)
        if rows.n or day in self._earlier_days:
            what = self._landing.put(self._request.dataset, day, rows, self._now)
            self._result.days[what] += 1
            self._result.events += sum(rows.n)

    def _refuse_faults(self) -> None:
        if self._request.strict and self._result.wrong:
            reason_text = "; ".join(reasons.summary_lines(self._result.wrong))
            raise LakeError(f"some rows can't be counted (--strict): {reason_text}")

    def _refuse_overlap(self, aggregates: Aggregates) -> None:
        """Refuse days on which the log has events itself: they may be the same events."""
        if self._request.beside_live:
            return
        for version in aggregates.versions():
            days = aggregates.days(version)
            live = self._landing.logged_days(days[0], days[-1] + DAY_MS, [version])
            if both := sorted(set(live) & set(days)):
                raise LakeError(
                    f"the log already has events of {version} on {_format_days(both)}, so they "
                    f"might be counted twice. Use --to {_format_day(both[0])} to count only "
                    "earlier days, or --beside-live if these are different events"
                )


def _format_days(days: Iterable[int]) -> str:
    names = [_format_day(day) for day in days]
    if len(names) <= _NAMED:
        return ", ".join(names)
    return f"{names[0]} … {names[-1]} ({len(names)} days)"


def _format_day(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d")
