"""Answers questions about the drift of logged traffic: reads counts and compares them."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace

import numpy as np

from webapp.catalog.prepared import Prepared
from webapp.db.schema import LENGTHS, Grain
from webapp.events.counts import Reading
from webapp.services.context import Services
from webapp.services.drift.answer import NoAnswer, Reason, Scope, Timeline, TrafficReport
from webapp.services.drift.baselines import (
    Basis,
    baseline_counts,
    find_basis,
    find_reference,
    judged_since,
)
from webapp.services.drift.first_outcomes import FirstOutcomes, find_first_outcomes
from webapp.services.predict import version_choice
from webapp.services.traffic import advice, budget
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
    first: FirstOutcomes | None = None  # where performance is held against them

    @property
    def mark(self) -> Hashable:
        """Equal to another one only if the counts are the same."""
        marks = [(grain, self.by_grain[grain].mark) for grain in sorted(self.by_grain)]
        return (*marks, None if self.first is None else self.first.mark)


@dataclass(frozen=True)
class _Task:
    """A question that is settled: on which traffic, and what it compares with."""

    services: Services
    prepared: Prepared
    basis: Basis
    pool: TrafficPool
    scope: Scope


@dataclass(frozen=True)
class _Sums:
    """What was read: by period, and of the window and the period before it."""

    daily: PeriodSums
    hourly: PeriodSums | None
    window: Window
    before: Window | None
    in_lake: int
    judged_counts: Counts | None  # outcomes of the window, where not all of them are judged_counts


def answer_question(services: Services, question: Question) -> TrafficReport | NoAnswer:
    """Compare the window of the question with its baseline.

    Raises InputError, UnknownVersionError, VersionNotReadyError, LogUnavailableError.
    """
    services.answers.admit()
    name, prepared = version_choice.resolve(services, question.version)
    question, basis = find_basis(services, question, name, prepared)
    times = question.since, question.until
    pool = TrafficPool(services, services.counts, prepared, question.source, times)
    scope = Scope(
        *(question, name, prepared.features, prepared.scores, question.baseline or ""),
        *(pool.sources, pool.not_shown),
        evaluation=basis.evaluation,
        is_without_counts=prepared.baseline is None,
    )
    task, facts = _Task(services, prepared, basis, pool, scope), prepared.facts
    identity = name, facts.build, facts.out_of_fold_sha256, basis.mark, question
    return services.answers.get(
        (*identity, pool.sources, pool.last, pool.not_shown, _rivals(services, prepared)),
        prepared.features.cases,
        lambda: _open(task),
        lambda reading: _with_advice(services, _build_answer(task, reading), pool),
    )


def _open(task: _Task) -> _Reading:
    """Open the counts of every grain that is needed. Raises InputError, LogUnavailableError."""
    pool, question = task.pool, task.scope.question
    by_grain: dict[Grain, Reading] = {}
    for grain in {"day", question.grain, _finest_grain(question)}:
        reading = pool.open(grain, _read_from(question, grain), question.until)
        if grain == "day" and reading.rows > budget.ROWS:  # the context is left out first
            begin = budget.find_first(reading) or question.first
            reading = pool.open(grain, min(begin, question.first), question.until)
        budget.check(reading)
        by_grain[grain] = reading
    first = None
    if task.basis.origin == "first outcomes":
        whose = task.scope.version, task.prepared
        first = find_first_outcomes(task.services, pool, *whose, question.until)
    return _Reading(pool, by_grain, first)


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


def _finest_grain(question: Question) -> Grain:
    """The finest grain that charts may need."""
    is_short = question.until - question.since <= _HOURLY_DAYS * DAY_MS
    return "hour" if question.every == "hour" or (question.every == "auto" and is_short) else "day"


def _build_answer(task: _Task, reading: _Reading) -> TrafficReport | NoAnswer:
    scope, last, first = task.scope, reading.pool.last, reading.first
    if first is not None:
        scope = replace(scope, first=replace(first, reading=None))
    question, sums = scope.question, _read(scope, reading)
    window, in_lake = sums.window, sums.in_lake
    if not window.total:
        if last is None:
            return NoAnswer(scope, "no traffic")
        return NoAnswer(scope, "no events", nearest=(last - 13 * DAY_MS, last + DAY_MS))
    counts = baseline_counts(task.services, task.basis, task.prepared)
    baseline = sums.before or _of_training(scope, counts)
    result = drift.compare(
        *(scope.features, scope.scores, baseline, window, question.margin),
        _find_reference(task, first, sums.judged_counts),
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


def _find_reference(
    task: _Task, first: FirstOutcomes | None, judged_counts: Counts | None
) -> Reference | None:
    """What performance is held against; None for the baseline itself."""
    outcomes = first.counts(task.pool) if first is not None and first.is_enough else None
    return find_reference(task.services, task.basis, task.prepared, outcomes, judged_counts)


def _read(scope: Scope, reading: _Reading) -> _Sums:
    """Read every row once, in blocks, and sum them up."""
    question, cases = scope.question, scope.features.cases
    window = WindowTally(cases, question.since, question.until)
    before = WindowTally(cases, *question.before) if question.before is not None else None
    since = None if reading.first is None else judged_since(reading.first, question)
    judged_counts = None if since is None else WindowTally(cases, since, question.until)
    by_grain: dict[Grain, PeriodSums] = {}
    for grain, counts in reading.by_grain.items():
        since = _first(question, grain, counts)
        tally = PeriodTally(scope.features, scope.scores, since, question.until, LENGTHS[grain])
        for rows, from_lake in reading.pool.blocks(counts):
            tally.add(rows, from_lake)
            if grain == question.grain:
                window.add(rows)
                for tally_of_part in (before, judged_counts):
                    if tally_of_part is not None:
                        tally_of_part.add(rows)
        by_grain[grain] = tally.sums()
    inside = by_grain[question.grain].part(question.since, question.until)
    return _Sums(
        by_grain["day"],
        by_grain.get("hour"),
        window.window(),
        None if before is None else before.window(),
        int(inside.lake[:, 0].sum()),
        None if judged_counts is None else judged_counts.window().labelled,
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
