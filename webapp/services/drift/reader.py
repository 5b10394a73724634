"""Drift of the traffic: what was asked, what was counted, what the statistics say of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from webapp.cases import InputError
from webapp.catalog.prepared import Prepared
from webapp.db.schema import Grain
from webapp.services.context import Services
from webapp.services.drift import lake_share
from webapp.services.drift.answer import Answer, Empty
from webapp.services.predict import version_choice
from webapp.services.traffic import lake_share as traffic_lake_share
from webapp.services.traffic import windows
from webapp.services.traffic.pool import Pool, Rows
from webapp.services.traffic.windows import Question
from webapp.stats import drift, series
from webapp.stats.counts import Counts
from webapp.stats.drift import Window
from webapp.stats.series import Traffic
from webapp.timing import DAY_MS, HOUR_MS

SHOWN_DAYS = 60  # before the end of the window, for context
_HOURLY_DAYS = 2  # windows up to which points are hours, where hours are kept
_WEEKLY_DAYS = 120  # days shown from which points are weeks
_GOOD_DAY = 60  # events a day, below which points take several


def ask(services: Services, question: Question) -> Answer:
    """Raises InputError, UnknownVersionError, VersionNotReadyError, LogUnavailableError."""
    name, prepared = version_choice.resolve(services, question.version)
    other = baseline_version(services, question, prepared)
    pool = Pool(services, services.counts, prepared.features, question.source)
    rows = {
        grain: pool.read(grain, _begin(question, grain), question.until)
        for grain in {"day", question.grain, _fine(question)}
    }
    lake = traffic_lake_share.read(pool, {g: _begin(question, g) for g in rows}, question.until)
    digests = prepared.facts.digest, other.facts.digest if other else ""
    key = (name, *digests, question, pool.sources, pool.last)
    read = tuple(part for grain in sorted(rows) for part in rows[grain])
    read += tuple(part for grain in sorted(lake) for part in lake[grain])
    return services.answers.get(
        key,
        read,
        lambda: lake_share.told(_answer(name, prepared, other, question, pool, rows), lake),
    )


def _begin(question: Question, grain: Grain) -> int:
    """Days are read from before the window, too, for context."""
    context = question.until - SHOWN_DAYS * DAY_MS
    return min(question.first, context) if grain == "day" else question.first


def baseline_version(services: Services, question: Question, prepared: Prepared) -> Prepared | None:
    if question.baseline in (windows.PREVIOUS, windows.WEEK_BEFORE):
        return None
    if question.baseline == windows.TRAINING:
        return prepared
    try:
        _, found = version_choice.resolve(services, question.baseline)
    except version_choice.UnknownVersionError as error:
        known = ", ".join((windows.TRAINING, windows.PREVIOUS, windows.WEEK_BEFORE))
        message = f"baseline is none: {error}; send {known} or a version"
        raise version_choice.UnknownVersionError(message, "baseline") from None
    if found.features != prepared.features:
        raise InputError("baseline", f"has other inputs than this version: {question.baseline}")
    return found


def _fine(question: Question) -> Grain:
    """The grain of the points that are shown."""
    short = question.until - question.since <= _HOURLY_DAYS * DAY_MS
    return "hour" if question.every == "hour" or (question.every == "auto" and short) else "day"


def _answer(
    name: str,
    prepared: Prepared,
    other: Prepared | None,
    question: Question,
    pool: Pool,
    rows: dict[Grain, list[Rows]],
) -> Answer:
    features, cases = prepared.features, prepared.features.cases
    daily = pool.traffic(rows["day"], "day", _begin(question, "day"), question.until)
    counted = daily
    if question.grain == "hour":
        counted = pool.traffic(rows["hour"], "hour", question.first, question.until)
    window = counted.part(question.since, question.until).window()
    named = (question, name, features, prepared.scores, question.baseline, pool.sources)
    begun = Answer(*named, window=window)
    empty: Empty = "no baseline"
    if question.before is not None:
        baseline, empty = counted.part(*question.before).window(), "empty baseline"
    else:
        known = other.baseline if other is not None else None
        none = np.zeros(cases, np.int64)
        baseline = Window(known.n, known) if known else Window(none, Counts(none, none))
    if not window.total:
        nearest = None if pool.last is None else (pool.last - 13 * DAY_MS, pool.last + DAY_MS)
        return _without(begun, "no traffic" if pool.last is None else "no events", nearest)
    if not baseline.total:
        return _without(begun, empty, None)
    return _with_result(begun, baseline, window, daily, pool, rows)


def _without(begun: Answer, why: Empty, nearest: tuple[int, int] | None) -> Answer:
    return replace(begun, empty=why, nearest=nearest)


def _with_result(
    begun: Answer,
    baseline: Window,
    window: Window,
    daily: Traffic,
    pool: Pool,
    rows: dict[Grain, list[Rows]],
) -> Answer:
    question, features, scores = begun.question, begun.features, begun.scores
    used = np.flatnonzero(daily.events.sum(axis=1))
    daily = daily.part(int(daily.begins[used[0]]), question.until)
    verdicts = series.trailing_verdicts(features, baseline.events, daily, question.margin)
    points, every = _points(question, daily, pool, rows)
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
    question: Question, daily: Traffic, pool: Pool, rows: dict[Grain, list[Rows]]
) -> tuple[Traffic, int]:
    """What charts show: hours of a short window, weeks of long traffic, else days or more."""
    if _fine(question) == "hour":
        hours = pool.traffic(rows["hour"], "hour", question.since, question.until)
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
