"""Answers questions about the drift of logged traffic: reads counts and compares them."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace

import numpy as np

from webapp.cases import InputError
from webapp.catalog.prepared import Prepared
from webapp.db.schema import LENGTHS, Grain
from webapp.events.counts import Reading
from webapp.services.context import Services
from webapp.services.drift.answer import NoAnswer, Reason, Scope, Timeline, TrafficReport
from webapp.services.predict import version_choice
from webapp.services.traffic import advice, budget, windows
from webapp.services.traffic.pool import TrafficPool
from webapp.services.traffic.windows import Question
from webapp.stats import drift, series
from webapp.stats.counts import Counts
from webapp.stats.drift import NoEvents, Window
from webapp.stats.reference import Reference
from webapp.stats.tallies import PeriodSums, PeriodTally, WindowTally
from webapp.timing import DAY_MS, HOUR_MS

CONTEXT_DAYS = 60  # before the end of the window
_HOURLY_DAYS = 2  # windows up to which points are hours, where hours are kept
_WEEKLY_DAYS = 120  # days of traffic from which points are weeks
_GOOD_DAY = 60  # events per day, below which a point takes several days


@dataclass(frozen=True)
class _Reading:
    """The counts behind an answer, by grain, which aren't read yet."""

    pool: TrafficPool
    by_grain: dict[Grain, Reading]

    @property
    def mark(self) -> Hashable:
        """Equal to another one only if the counts are the same."""
        return tuple((grain, self.by_grain[grain].mark) for grain in sorted(self.by_grain))


@dataclass(frozen=True)
class Baseline:
    """Training counts, None if unknown, and what performance is held against instead of them."""

    counts: Counts | None
    reference: Reference | None = None


@dataclass(frozen=True)
class _Sums:
    """What was read: by period, and of the window and the period before it."""

    daily: PeriodSums
    hourly: PeriodSums | None
    window: Window
    before: Window | None
    in_lake: int


def answer_question(services: Services, question: Question) -> TrafficReport | NoAnswer:
    """Compare the window of the question with its baseline.

    Raises InputError, UnknownVersionError, VersionNotReadyError, LogUnavailableError.
    """
    services.answers.admit()
    name, prepared = version_choice.resolve(services, question.version)
    other = baseline_version(services, question, prepared)
    times = question.since, question.until
    pool = TrafficPool(services, services.counts, prepared, question.source, times)
    scope = Scope(
        *(question, name, prepared.features, prepared.scores, question.baseline),
        *(pool.sources, pool.not_shown),
    )
    identity = name, *_marks(prepared), *_marks(other), question
    return services.answers.get(
        (*identity, pool.sources, pool.last, pool.not_shown, _rivals(services, prepared)),
        prepared.features.cases,
        lambda: _open(pool, question),
        lambda reading: _with_advice(
            services, _build_answer(scope, baseline_of(other, prepared), reading), pool
        ),
    )


def _open(pool: TrafficPool, question: Question) -> _Reading:
    """Open the counts of every grain that is needed. Raises InputError, LogUnavailableError."""
    by_grain: dict[Grain, Reading] = {}
    for grain in {"day", question.grain, _finest_grain(question)}:
        reading = pool.open(grain, _read_from(question, grain), question.until)
        if grain == "day" and reading.rows > budget.ROWS:  # the context is left out first
            first = budget.find_first(reading) or question.first
            reading = pool.open(grain, min(first, question.first), question.until)
        budget.check(reading)
        by_grain[grain] = reading
    return _Reading(pool, by_grain)


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
    services: Services, answer: TrafficReport | NoAnswer, pool: TrafficPool
) -> TrafficReport | NoAnswer:
    """The answer with what the advice depends on beside drift: the best other version."""
    if isinstance(answer, NoAnswer):
        return answer
    question, name = answer.scope.question, answer.scope.version
    times = question.since, question.until
    return replace(
        answer,
        rival=advice.find_rival(services, pool, name, answer.window, times),
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


def _marks(prepared: Prepared | None) -> tuple[str | None, ...]:
    """What an answer depends on of a version, beside its name."""
    if prepared is None:
        return ()
    facts = prepared.facts
    return (facts.build, facts.baseline_sha256, facts.out_of_fold_sha256)


def baseline_of(other: Prepared | None, prepared: Prepared) -> Baseline:
    """The training of ``other`` to judge ``prepared`` by; nothing where there is no such version.

    Only its own training flatters a version, and only for that are there scores without it.
    """
    if other is None:
        return Baseline(None)
    is_own = other.facts.build == prepared.facts.build
    rows = other.out_of_fold if is_own else None
    return Baseline(other.baseline, Reference.out_of_fold(rows) if rows is not None else None)


def _finest_grain(question: Question) -> Grain:
    """The finest grain that charts may need."""
    is_short = question.until - question.since <= _HOURLY_DAYS * DAY_MS
    return "hour" if question.every == "hour" or (question.every == "auto" and is_short) else "day"


def _build_answer(scope: Scope, training: Baseline, reading: _Reading) -> TrafficReport | NoAnswer:
    question, last = scope.question, reading.pool.last
    sums = _read(scope, reading)
    window, in_lake = sums.window, sums.in_lake
    if not window.total:
        if last is None:
            return NoAnswer(scope, "no traffic")
        return NoAnswer(scope, "no events", nearest=(last - 13 * DAY_MS, last + DAY_MS))
    baseline = sums.before or _of_training(scope, training.counts)
    result = drift.compare(
        *(scope.features, scope.scores, baseline, window, question.margin), training.reference
    )
    if isinstance(result, NoEvents):
        reason: Reason = "no baseline" if question.before is None else "empty baseline"
        return NoAnswer(scope, reason, n=window.total, in_lake=in_lake)
    timeline = _timeline(scope, baseline, sums, has_lake="lake" in reading.pool.present)
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


def _read(scope: Scope, reading: _Reading) -> _Sums:
    """Read every row once, in blocks, and sum them up."""
    question, cases = scope.question, scope.features.cases
    window = WindowTally(cases, question.since, question.until)
    before = WindowTally(cases, *question.before) if question.before is not None else None
    by_grain: dict[Grain, PeriodSums] = {}
    for grain, counts in reading.by_grain.items():
        since = _first(question, grain, counts)
        tally = PeriodTally(scope.features, scope.scores, since, question.until, LENGTHS[grain])
        for rows, from_lake in reading.pool.blocks(counts):
            tally.add(rows, from_lake)
            if grain == question.grain:
                window.add(rows)
                if before is not None:
                    before.add(rows)
        by_grain[grain] = tally.sums()
    inside = by_grain[question.grain].part(question.since, question.until)
    return _Sums(
        by_grain["day"],
        by_grain.get("hour"),
        window.window(),
        None if before is None else before.window(),
        int(inside.lake[:, 0].sum()),
    )


def _first(question: Question, grain: Grain, counts: Reading) -> int:
    """The time (ms) from which periods are told apart: those before have no events."""
    if grain == "hour":
        return question.first
    return counts.first if counts.first is not None else question.until - DAY_MS


def _of_training(scope: Scope, training: Counts | None) -> Window:
    """The counts of training to compare with; none where unknown."""
    if training is None:
        zeros = np.zeros(scope.features.cases, np.int64)
        training = Counts(zeros, zeros)
    return Window(training.n, training)


def _timeline(scope: Scope, baseline: Window, sums: _Sums, *, has_lake: bool) -> Timeline:
    question, daily = scope.question, sums.daily
    busy = np.flatnonzero(daily.n)
    daily = daily.part(int(daily.begins[busy[0]]), question.until)
    points, every = _points(question, daily, sums.hourly)
    return Timeline(
        series=series.series(points, scope.scores),
        every=every,
        days=daily.begins,
        verdicts=series.trailing_verdicts(scope.features, baseline.events, daily, question.margin),
        lake=points.lake if has_lake else None,
    )


def _points(
    question: Question, daily: PeriodSums, hourly: PeriodSums | None
) -> tuple[PeriodSums, int]:
    """The periods of charts: hours of a short window, weeks of long traffic, else days or more."""
    if _finest_grain(question) == "hour" and hourly is not None:
        hours = hourly.part(question.since, question.until)
        if hours.n.any():
            return hours, HOUR_MS
    if question.every == "week" or (question.every == "auto" and len(daily.begins) > _WEEKLY_DAYS):
        return daily.group_periods(7), 7 * DAY_MS
    typical = float(np.median(daily.n))
    if question.every == "auto" and typical < _GOOD_DAY and len(daily.begins) > 2 * 7:
        days = 7 if typical * 2 < _GOOD_DAY else 2
        return daily.group_periods(days), days * DAY_MS
    return daily, DAY_MS
