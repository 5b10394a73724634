"""Raw events of a lake become counts in the log, a day at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from webapp.cases import Features
from webapp.lake import chunks, expression, reasons
from webapp.lake.aggregates import Tally
from webapp.lake.columns import Columns, Names, read_columns
from webapp.lake.engines import Engine, clock_of, extent
from webapp.lake.errors import LakeError, translated
from webapp.timing import DAY_MS

_NAMED = 3  # days that a message names one by one
_LONG = 1000  # days from the first to the last: a single odd time makes them many


class Landing(Protocol):
    """Where counts go: ``webapp.events.lake.Lake``."""

    def done(self, dataset: str) -> Mapping[int, Any]:
        """The days that were counted, with ``counted_at``."""
        ...

    def put(self, dataset: str, day: int, rows: Any, at: int | None = None) -> str:
        """One day, whole: recorded, replaced or same."""
        ...

    def live(self, since: int, until: int, versions: Sequence[str]) -> list[int]:
        """Days in which the log itself has events of these versions."""
        ...


@dataclass(frozen=True)
class Request:
    """What is counted. Times are ms since 1970; a known version maps to its features."""

    dataset: str
    known: Mapping[str, Features]
    names: Names = field(default_factory=Names)
    version: str | None = None  # of rows that name none
    since: int | None = None
    until: int | None = None
    at_once: int | None = None  # days
    again: bool = False
    beside_live: bool = False
    strict: bool = False


@dataclass
class Counted:
    """What came of it; it grows while the counting goes on."""

    days: Counter[str] = field(default_factory=Counter)  # recorded, replaced, same
    skipped: int = 0  # days that were counted before
    events: int = 0
    wrong: Counter[str] = field(default_factory=Counter)


def count(
    engine: Engine,
    landing: Landing,
    request: Request,
    now: int,
    tell: Callable[[int, int], None] = lambda _done, _all: None,
) -> Counted:
    """Count what is missing. Killed at any point and called again it goes on. Raises LakeError."""
    counting = _Counting(engine, landing, request, now)
    return counting.run(tell)


def choose_features(
    found: Sequence[str], known: Mapping[str, Features], version: str | None
) -> Features:
    """The inputs by which rows are read. Raises LakeError."""
    if version is not None:
        if version not in known:
            raise LakeError(f"there is no version {version} that could be used")
        return known[version]
    kinds = list(dict.fromkeys(known.values()))
    if not kinds:
        raise LakeError("there is no version yet: train one with everycase train")
    fitting = [kind for kind in kinds if set(kind.names) <= set(found)]
    if len(fitting) > 1:
        raise LakeError("versions have different inputs: name one with --version")
    return fitting[0] if fitting else kinds[0]  # whose missing columns will be named


class _Counting:
    """One run over one source."""

    def __init__(self, engine: Engine, landing: Landing, request: Request, now: int) -> None:
        self._engine, self._landing, self._request, self._now = engine, landing, request, now
        self._features = choose_features(engine.table.columns, request.known, request.version)
        self._columns: Columns = read_columns(
            engine.table,
            self._features,
            request.names,
            request.version,
            clock_of(engine.source),
            engine.proof,
        )
        self._counted = Counted()
        self._known: Collection[int] = ()  # days that were counted before

    def run(self, tell: Callable[[int, int], None]) -> Counted:
        request, hours = self._request, chunks.first_hour(self._now)
        done = {d: int(p.counted_at) for d, p in self._landing.done(request.dataset).items()}
        days, gone = self._days(done)
        self._check()
        self._known = done.keys()
        due = chunks.due(days, done, again=request.again)
        self._counted.skipped = len(done.keys() & set(days) - set(due))
        finished = 0
        for run in chunks.chunks(due, self._features.cases, request.at_once, hours):
            tally = self._scan(run, hours)
            self._check()
            self._refuse_overlap(tally)
            for day in run:
                self._put(day, tally)
                finished += 1
                tell(finished, len(due))
        for day in gone:
            self._put(day, Tally.nothing())
        return self._counted

    def _days(self, done: Mapping[int, int]) -> tuple[list[int], list[int]]:
        """The days that the source has, as far as they are asked for, and those that it lost."""
        request = self._request
        with self._said():
            found = extent(self._engine, request.names.timestamp, self._columns.time)
        if missing := found.rows - found.timed:
            self._counted.wrong[reasons.TIME] += missing
        if found.first is None or found.last is None:
            return [], []
        span = chunks.spanned(found.first, found.last, request.since, request.until)
        if not span or (not done and len(span) <= _LONG):  # all will be looked at anyway
            return list(span), []
        asked = expression.Span(span.start, span.stop, span.start)
        days = sorted(self._fetch(expression.days(self._columns, asked))["day"].to_pylist())
        return days, chunks.gone(done, days, span) if request.again else []

    def _scan(self, run: Sequence[int], hours: int) -> Tally:
        """The counts of a run of days, without the rows that can't be counted: they are noted."""
        span = expression.Span(run[0], run[-1] + DAY_MS, hours)
        tally = Tally.of(self._fetch(expression.counts(self._columns, span)), run)
        fine, wrong = tally.sifted(self._features, self._request.known)
        self._counted.wrong += wrong
        if tally.without_case:
            rows = expression.within(self._columns.table, self._columns.time, span)
            flags = self._columns.flags
            odd = self._fetch(expression.wrong(rows, flags))
            self._counted.wrong += reasons.found_in(odd, list(flags.checks))
        return fine

    def _fetch(self, asked: Any) -> Any:
        with self._said():
            return self._engine.fetch(asked)

    def _said(self) -> AbstractContextManager[None]:
        return translated(f"{self._engine.source.shown} can't be counted")

    def _put(self, day: int, tally: Tally) -> None:
        rows = tally.of_day(day)
        if rows.n or day in self._known:
            what = self._landing.put(self._request.dataset, day, rows, self._now)
            self._counted.days[what] += 1
            self._counted.events += sum(rows.n)

    def _check(self) -> None:
        if self._request.strict and self._counted.wrong:
            found = "; ".join(reasons.lines(self._counted.wrong))
            raise LakeError(f"--strict, and some rows can't be counted: {found}")

    def _refuse_overlap(self, tally: Tally) -> None:
        """An event that the log has must not come again from a lake: who knows which it is?"""
        if self._request.beside_live:
            return
        for version in tally.versions():
            days = tally.days(version)
            live = self._landing.live(days[0], days[-1] + DAY_MS, [version])
            if both := sorted(set(live) & set(days)):
                raise LakeError(
                    f"the log has events of {version} itself on {_shown(both)}: they would be "
                    f"counted twice. Count the days before with --to {_day(both[0])}, or say that "
                    "these are other events with --beside-live"
                )


def _shown(days: Iterable[int]) -> str:
    names = [_day(day) for day in days]
    if len(names) <= _NAMED:
        return ", ".join(names)
    return f"{names[0]} … {names[-1]} ({len(names)} days)"


def _day(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d")
