"""Answers questions about the drift of logged traffic: reads counts and compares them."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np

from webapp.cases import InputError
from webapp.catalog.prepared import Prepared
from webapp.db.schema import LENGTHS, Grain
from webapp.services.context import Services
from webapp.services.drift import lake_share
from webapp.services.drift.answer import NoAnswer, Reason, Scope, Timeline, TrafficReport
from webapp.services.predict import version_choice
from webapp.services.traffic import advice, windows
from webapp.services.traffic import lake_share as traffic_lake_share
from webapp.services.traffic.lake_share import Parts
from webapp.services.traffic.pool import Rows, TrafficPool
from webapp.services.traffic.windows import Question
from webapp.stats import drift, series
from webapp.stats.counts import Counts
from webapp.stats.drift import NoEvents, Window
from webapp.stats.series import Traffic
from webapp.timing import DAY_MS, HOUR_MS

CONTEXT_DAYS = 60  # before the end of the window
_HOURLY_DAYS = 2  # windows up to which points are hours, where hours are kept
_WEEKLY_DAYS = 120  # days of traffic from which points are weeks
_GOOD_DAY = 60  # events per day, below which a point takes several days


@dataclass(frozen=True)
class _Reading:
    """The counts behind an answer, by grain, and the lake's part of them."""

    pool: TrafficPool
    rows: dict[Grain, list[Rows]]
    lake: Parts

    def traffic(self, grain: Grain, since: int, until: int) -> Traffic:
        """The counts of [since, until) by periods."""
        return self.pool.traffic(self.rows[grain], grain, since, until)

    def arrays(self) -> tuple[Rows, ...]:
        """All that was read, in one order: the same objects while nothing new was counted."""
        groups = [parts[grain] for parts in (self.rows, self.lake) for grain in sorted(parts)]
        return tuple(chain.from_iterable(groups))


def answer_question(services: Services, question: Question) -> TrafficReport | NoAnswer:
    """Compare the window of the question with its baseline.

    Raises InputError, UnknownVersionError, VersionNotReadyError, LogUnavailableError.
    """
    name, prepared = version_choice.resolve(services, question.version)
    other = baseline_version(services, question, prepared)
    pool = TrafficPool(services, services.counts, prepared, question.source)
    begins = {g: _read_from(question, g) for g in {"day", question.grain, _finest_grain(question)}}
    rows = {grain: pool.read(grain, begin, question.until) for grain, begin in begins.items()}
    reading = _Reading(pool, rows, traffic_lake_share.read(pool, begins, question.until))
    scope = Scope(
        question, name, prepared.features, prepared.scores, question.baseline, pool.sources
    )
    digests = prepared.facts.build, other.facts.build if other else ""
    return services.answers.get(
        (name, *digests, question, pool.sources, pool.last, _rivals(services, prepared)),
        reading.arrays(),
        lambda: _with_advice(
            services, _build_answer(scope, other.baseline if other else None, reading), reading
        ),
    )


def _rivals(services: Services, prepared: Prepared) -> Hashable:
    """What the advice depends on beside the counts: the other versions, and the last promotion."""
    versions = [
        (version.name, version.prepared.facts.digest)
        for version in services.catalog.versions()
        if version.prepared is not None and version.prepared.is_comparable(prepared)
    ]
    promotion, champion = services.ledger.champion(), version_choice.champion(services)
    return (
        tuple(versions),
        promotion.id if promotion is not None else 0,
        champion.name if champion is not None else "",
    )


def _with_advice(
    services: Services, answer: TrafficReport | NoAnswer, reading: _Reading
) -> TrafficReport | NoAnswer:
    """The answer with what the advice depends on beside drift: the best other version."""
    if isinstance(answer, NoAnswer):
        return answer
    question, name = answer.scope.question, answer.scope.version
    traffic = reading.traffic(question.grain, question.since, question.until)
    length = LENGTHS[question.grain]
    return replace(
        answer,
        rival=advice.find_rival(services, reading.pool, name, traffic, length),
        promoted=advice.promoted_within(services, name, question.since),
    )


def _read_from(question: Question, grain: Grain) -> int:
    """The time (ms) to read counts from: days also before the window, for context."""
    context = question.until - CONTEXT_DAYS * DAY_MS
    return min(question.first, context) if grain == "day" else question.first


def baseline_version(services: Services, question: Question, prepared: Prepared) -> Prepared | None:
    """The version whose training is the baseline; None where the baseline is a period.

    Raises InputError, UnknownVersionError, VersionNotReadyError.
    """
    if question.baseline in (windows.PREVIOUS, windows.WEEK_BEFORE):
        return None
    if question.baseline == windows.TRAINING:
        return prepared
    try:
        _, other = version_choice.resolve(services, question.baseline)
    except version_choice.UnknownVersionError as error:
        names = ", ".join((windows.TRAINING, windows.PREVIOUS, windows.WEEK_BEFORE))
        message = f"{error}: send {names} or a version"
        raise version_choice.UnknownVersionError(message, "baseline") from None
    if other.features != prepared.features:
        raise InputError(
            "baseline", f"is {question.baseline}, which has other inputs than this version"
        )
    if other.facts.opposes(prepared.facts):
        raise InputError(
            "baseline", f"is {question.baseline}, whose probability is that of the other class"
        )
    return other


def _finest_grain(question: Question) -> Grain:
    """The finest grain that charts may need."""
    is_short = question.until - question.since <= _HOURLY_DAYS * DAY_MS
    return "hour" if question.every == "hour" or (question.every == "auto" and is_short) else "day"


def _build_answer(
    scope: Scope, training: Counts | None, reading: _Reading
) -> TrafficReport | NoAnswer:
    question, last = scope.question, reading.pool.last
    daily = reading.traffic("day", _read_from(question, "day"), question.until)
    traffic = daily
    if question.grain == "hour":
        traffic = reading.traffic("hour", question.first, question.until)
    window = traffic.part(question.since, question.until).window()
    if not window.total:
        if last is None:
            return NoAnswer(scope, "no traffic")
        return NoAnswer(scope, "no events", nearest=(last - 13 * DAY_MS, last + DAY_MS))
    in_lake = lake_share.count_in_window(scope, reading.lake, window)
    baseline = _baseline(scope, training, traffic)
    result = drift.compare(scope.features, scope.scores, baseline, window, question.margin)
    if isinstance(result, NoEvents):
        reason: Reason = "no baseline" if question.before is None else "empty baseline"
        return NoAnswer(scope, reason, n=window.total, in_lake=in_lake)
    timeline = _timeline(scope, baseline, daily, reading)
    since = series.drifted_since(timeline.verdicts, timeline.days)
    return TrafficReport(
        scope,
        baseline,
        window,
        result,
        in_lake,
        {n: ms for n, ms in zip(scope.features.names, since, strict=True) if ms is not None},
        timeline=timeline,
    )


def _baseline(scope: Scope, training: Counts | None, traffic: Traffic) -> Window:
    """The counts to compare with: those of a period or of training; none where unknown."""
    if scope.question.before is not None:
        return traffic.part(*scope.question.before).window()
    if training is None:
        zeros = np.zeros(scope.features.cases, np.int64)
        training = Counts(zeros, zeros)
    return Window(training.n, training)


def _timeline(scope: Scope, baseline: Window, daily: Traffic, reading: _Reading) -> Timeline:
    question, features = scope.question, scope.features
    busy = np.flatnonzero(daily.events.sum(axis=1))
    daily = daily.part(int(daily.begins[busy[0]]), question.until)
    points, every = _points(question, daily, reading)
    over_time = series.series(features, scope.scores, points)
    return Timeline(
        series=over_time,
        every=every,
        days=daily.begins,
        verdicts=series.trailing_verdicts(features, baseline.events, daily, question.margin),
        lake=lake_share.count_by_period(scope, reading.lake, over_time, every),
    )


def _points(question: Question, daily: Traffic, reading: _Reading) -> tuple[Traffic, int]:
    """The periods of charts: hours of a short window, weeks of long traffic, else days or more."""
    if _finest_grain(question) == "hour":
        hours = reading.traffic("hour", question.since, question.until)
        if hours.events.any():
            return hours, HOUR_MS
    if question.every == "week" or (question.every == "auto" and len(daily.begins) > _WEEKLY_DAYS):
        return daily.group_periods(7), 7 * DAY_MS
    typical = float(np.median(daily.events.sum(axis=1)))
    if question.every == "auto" and typical < _GOOD_DAY and len(daily.begins) > 2 * 7:
        days = 7 if typical * 2 < _GOOD_DAY else 2
        return daily.group_periods(days), days * DAY_MS
    return daily, DAY_MS
