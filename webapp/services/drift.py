"""Drift of the traffic: what was asked, what was counted, what the statistics say of it."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from webapp.cases import Features, InputError
from webapp.catalog.prepared import Prepared
from webapp.events.counts import CountsReader, Wanted
from webapp.events.schema import DAY_MS, HOUR_MS, LENGTHS, Grain, Source
from webapp.services import predict, windows
from webapp.services.windows import Question
from webapp.stats import drift, series
from webapp.stats.drift import Drift, Window
from webapp.stats.series import Series, Traffic

if TYPE_CHECKING:
    from webapp.services import Services

SHOWN_DAYS = 60  # before the end of the window, for context
_KEPT = 16
_HOURLY_DAYS = 2  # windows up to which points are hours, where hours are kept
_WEEKLY_DAYS = 120  # days shown from which points are weeks
_GOOD_DAY = 60  # events a day, below which points take several
Empty = Literal["no baseline", "no traffic", "no events", "empty baseline"]


@dataclass(frozen=True)
class Answer:
    """What was found. ``empty`` says why there is no ``result``."""

    question: Question
    version: str
    features: Features
    scores: NDArray[np.float64]
    baseline_name: str  # training, previous, week-before, or a version
    sources: tuple[Source, ...]
    result: Drift | None = None
    baseline: Window | None = None
    window: Window | None = None
    shown: Series | None = None  # over time, for context; ``every`` is its points' length in ms
    every: int = DAY_MS
    verdicts: NDArray[np.int8] | None = None  # [day, feature], of the days up to the window's end
    days: NDArray[np.int64] | None = None  # when those days begin
    since: list[int | None] = field(default_factory=list)  # drifted since, by feature
    empty: Empty | None = None
    nearest: tuple[int, int] | None = None  # days that have events, where the window has none

    @property
    def simulated(self) -> bool:
        """Is it all simulated?"""
        return self.sources == ("demo",)


class DriftReader:
    """Answers questions; keeps answers for as long as nothing was counted since. Thread-safe."""

    def __init__(self, counts: CountsReader) -> None:
        self._counts = counts
        self._lock = Lock()
        self._kept: OrderedDict[tuple[object, ...], tuple[tuple[object, ...], Answer]] = (
            OrderedDict()
        )

    def ask(self, services: Services, question: Question) -> Answer:
        """Raises InputError, UnknownVersionError, VersionNotReadyError, LogUnavailableError."""
        name, prepared = predict.resolve(services, question.version)
        answering = _same_inputs(services, prepared.features)
        other = baseline_version(services, question, prepared)
        sources, last = self._sources(question, answering)
        rows = {
            grain: [self._read(v, sources, question, grain) for v in answering]
            for grain in {"day", question.grain, _fine(question)}
        }
        digests = prepared.facts.digest, other.facts.digest if other else ""
        key = (name, *digests, question, sources, last)
        read = tuple(part for grain in sorted(rows) for part in rows[grain])
        with self._lock:
            known = self._kept.get(key)
        if known is not None and all(a is b for a, b in zip(known[0], read, strict=False)):
            return known[1]
        answer = _answer(name, prepared, other, question, sources, rows, last)
        with self._lock:
            self._kept[key] = read, answer
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return answer

    def _sources(
        self, question: Question, versions: list[str]
    ) -> tuple[tuple[Source, ...], int | None]:
        """Those asked for; else all real ones, or the simulated where nothing else is.

        And the last day on which they had events.
        """
        asked = (question.source,) if question.source else windows.REAL
        last = self._last(versions, asked)
        if last is None and question.source is None:
            last = self._last(versions, ("demo",))
            asked = asked if last is None else ("demo",)
        return asked, last

    def _last(self, versions: list[str], sources: tuple[Source, ...]) -> int | None:
        found = [self._counts.last(version, sources) for version in versions]
        return max((day for day in found if day is not None), default=None)

    def _read(
        self, version: str, sources: tuple[Source, ...], question: Question, grain: Grain
    ) -> NDArray[np.int64]:
        since = question.first
        if grain == "day":
            since = min(since, question.until - SHOWN_DAYS * DAY_MS)
        length = LENGTHS[grain]
        since, until = since - since % length, -(-question.until // length) * length
        return self._counts.read(Wanted(version, sources, since, until, grain))


def _same_inputs(services: Services, features: Features) -> list[str]:
    """Versions whose traffic can be judged: whoever answered it, players are players."""
    return [
        version.name
        for version in services.catalog.versions()
        if version.prepared is not None and version.prepared.features == features
    ]


def baseline_version(services: Services, question: Question, prepared: Prepared) -> Prepared | None:
    if question.baseline in (windows.PREVIOUS, windows.WEEK_BEFORE):
        return None
    if question.baseline == windows.TRAINING:
        return prepared
    try:
        _, found = predict.resolve(services, question.baseline)
    except predict.UnknownVersionError as error:
        known = ", ".join((windows.TRAINING, windows.PREVIOUS, windows.WEEK_BEFORE))
        message = f"baseline is none: {error}; send {known} or a version"
        raise predict.UnknownVersionError(message, "baseline") from None
    if found.features != prepared.features:
        raise InputError("baseline", f"has other inputs than this version: {question.baseline}")
    return found


def _fine(question: Question) -> Grain:
    """The grain of the points that are shown."""
    short = question.until - question.since <= _HOURLY_DAYS * DAY_MS
    return "hour" if question.every == "hour" or (question.every == "auto" and short) else "day"


def _traffic(
    parts: list[NDArray[np.int64]], grain: Grain, since: int, until: int, cases: int
) -> Traffic:
    length = LENGTHS[grain]
    begins = np.arange(since - since % length, until, length)
    rows = np.concatenate(parts) if parts else np.empty((0, 4), np.int64)
    rows = rows[(rows[:, 0] >= begins[0]) & (rows[:, 0] < until) & (rows[:, 1] < cases)]
    return Traffic.of(rows, begins, length, cases)


def _answer(
    name: str,
    prepared: Prepared,
    other: Prepared | None,
    question: Question,
    sources: tuple[Source, ...],
    rows: dict[Grain, list[NDArray[np.int64]]],
    last: int | None,
) -> Answer:
    features, scores, cases = prepared.features, prepared.scores, prepared.features.cases
    first = min(question.first, question.until - SHOWN_DAYS * DAY_MS)
    daily = _traffic(rows["day"], "day", first, question.until, cases)
    counted = daily
    if question.grain == "hour":
        counted = _traffic(rows["hour"], "hour", question.first, question.until, cases)
    window = counted.part(question.since, question.until).window()
    begun = Answer(question, name, features, scores, question.baseline, sources, window=window)
    if question.before is not None:
        baseline = counted.part(*question.before).window()
        empty: Empty = "empty baseline"
    else:
        known = other.baseline if other is not None else None
        none = np.zeros(cases, np.int64)
        known_n = known.n if known is not None else none
        baseline = Window(known_n, known) if known is not None else daily.part(0, 0).window()
        empty = "no baseline"
    used = np.flatnonzero(daily.events.sum(axis=1))
    if not window.total:
        nearest = None if last is None else (last - 13 * DAY_MS, last + DAY_MS)
        return _without(begun, "no traffic" if last is None else "no events", nearest)
    if not baseline.total:
        return _without(begun, empty, None)
    return _with_result(begun, baseline, window, daily, used, rows)


def _without(begun: Answer, why: Empty, nearest: tuple[int, int] | None) -> Answer:
    return replace(begun, empty=why, nearest=nearest)


def _with_result(
    begun: Answer,
    baseline: Window,
    window: Window,
    daily: Traffic,
    used: NDArray[np.int64],
    rows: dict[Grain, list[NDArray[np.int64]]],
) -> Answer:
    question, features, scores = begun.question, begun.features, begun.scores
    daily = daily.part(int(daily.begins[used[0]]), question.until)
    verdicts = series.trailing_verdicts(features, baseline.events, daily, question.margin)
    points, every = _points(question, daily, rows, features.cases)
    return replace(
        begun,
        result=drift.compare(features, scores, baseline, window, question.margin),
        baseline=baseline,
        shown=series.series(features, scores, points),
        every=every,
        verdicts=verdicts,
        days=daily.begins,
        since=series.drifted_since(verdicts, daily.begins),
    )


def _points(
    question: Question, daily: Traffic, rows: dict[Grain, list[NDArray[np.int64]]], cases: int
) -> tuple[Traffic, int]:
    """What charts show: hours of a short window, weeks of long traffic, else days or more."""
    if _fine(question) == "hour":
        hours = _traffic(rows["hour"], "hour", question.since, question.until, cases)
        if hours.events.any():
            return hours, HOUR_MS
    if question.every == "week" or (question.every == "auto" and len(daily.begins) > _WEEKLY_DAYS):
        return daily.grouped(7), 7 * DAY_MS
    typical = float(np.median(daily.events.sum(axis=1)))
    if question.every == "auto" and typical < _GOOD_DAY and len(daily.begins) > 2 * 7:
        return (
            (daily.grouped(7), 7 * DAY_MS)
            if typical * 2 < _GOOD_DAY
            else (daily.grouped(2), 2 * DAY_MS)
        )
    return daily, DAY_MS
