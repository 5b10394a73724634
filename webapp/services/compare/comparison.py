"""Versions compared on past traffic, whichever version answered it then, or on labelled rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from webapp.cases import InputError, shorten
from webapp.catalog.prepared import Prepared
from webapp.events.counts import Reading
from webapp.services import version_looks
from webapp.services.compare.answer import (
    Basis,
    CloseUp,
    CompareAnswer,
    ComparisonReport,
    Empty,
    NoComparison,
    Periods,
    ScoredVersion,
)
from webapp.services.compare.request import MAX_VERSIONS, CompareRequest
from webapp.services.context import Services
from webapp.services.predict import version_choice
from webapp.services.traffic import common_inputs, store_command, training_overlap
from webapp.services.traffic.advice import choose_rival
from webapp.services.traffic.pool import TrafficPool
from webapp.services.traffic.training_overlap import Span
from webapp.stats import compare, decisions, disagreement
from webapp.stats.compare import VersionResult
from webapp.stats.disagreement import Support
from webapp.stats.tallies import LossTally, WindowTally, group_starts
from webapp.timing import DAY_MS

_WEEKLY_DAYS = 14  # windows longer than this are divided into weeks


def choose_versions(
    services: Services, names: Sequence[str], challenger: str | None = None
) -> tuple[ScoredVersion, ...]:
    """The named versions on their common cases, the reference first.

    Without names, the champion and all versions with its inputs; with one name, another beside it.
    Raises InputError, UnknownVersionError and VersionNotReadyError.
    """
    names = tuple(names) or _default_names(services)
    if len(names) == 1:
        names = (*names, *(n for n in _default_names(services) if n != names[0]))[:2]
    pairs = [version_choice.resolve(services, name) for name in names]
    if len(pairs) < 2:
        raise InputError("versions", f"needs a second version beside {pairs[0][0]}")
    if challenger is not None and challenger not in names[1:]:
        others = ", ".join(names[1:])
        raise InputError("challenger", f"is {shorten(challenger)}: send one of {others}")
    _check_classes(pairs)
    features = common_inputs.common_features(pairs)
    looks = version_looks.place_versions(services, names)
    stored_rows = store_command.stored_rows(services)
    return tuple(
        ScoredVersion(
            name,
            prepared,
            common_inputs.scores_on(prepared, features),
            common_inputs.training_rows_on(prepared, features),
            looks[name],
            stored=stored_rows.get(prepared.facts.build),
        )
        for name, prepared in pairs
    )


def champion_name(services: Services) -> str | None:
    """The version that answers by default now; None if there is none."""
    champion = version_choice.champion(services)
    return None if champion is None else champion.name


def _check_classes(pairs: Sequence[tuple[str, Prepared]]) -> None:
    """Raise InputError if a probability is that of the class that isn't the reference's."""
    reference, first = pairs[0][0], pairs[0][1].facts
    for name, prepared in pairs[1:]:
        if prepared.facts.opposes(first):
            classes = f"{shorten(first.positive)} and {shorten(prepared.facts.positive)}"
            problem = (
                f"can't have {name} beside {reference}: they are of different classes, {classes}"
            )
            raise InputError("versions", problem)


def _default_names(services: Services) -> tuple[str, ...]:
    """The champion, and all versions with the same inputs."""
    name, prepared = version_choice.resolve(services, None)
    others = [
        version.name
        for version in services.catalog.versions()
        if version.prepared is not None and version.prepared.features == prepared.features
        if not version.prepared.facts.opposes(prepared.facts)
    ]
    return (name, *(other for other in others if other != name))[:MAX_VERSIONS]


def compare_on_traffic(
    services: Services,
    request: CompareRequest,
    versions: tuple[ScoredVersion, ...],
    pool: TrafficPool,
    reading: Reading,
) -> CompareAnswer:
    """Compare on the daily counts of the pool that ``reading`` reads."""
    begins, length = _divide(request)
    losses = LossTally([version.scores for version in versions], begins, request.until)
    basis = _read(request, versions, pool, reading, losses)
    basis = replace(basis, champion=champion_name(services))
    if not basis.events.any():
        reason: Empty = "no traffic" if pool.last is None else "no events"
        return NoComparison(**vars(basis), reason=reason)
    spans = [training_overlap.find_spans(services, pool, v.prepared.facts) for v in versions]
    overlaps = tuple(tuple(_overlaps(own, int(b), length) for b in begins) for own in spans)
    versions = tuple(
        replace(version, overlap=sum(own)) for version, own in zip(versions, overlaps, strict=True)
    )
    table = compare.loss_matrix([version.name for version in versions], losses.losses())
    periods = Periods(tuple(begins.tolist()), length, tuple(tuple(row) for row in table), overlaps)
    return evaluate(replace(basis, versions=versions), periods)


def _read(
    request: CompareRequest,
    versions: tuple[ScoredVersion, ...],
    pool: TrafficPool,
    reading: Reading,
    losses: LossTally,
) -> Basis:
    """Read every row once, in blocks, into ``losses`` and the counts of the window."""
    tally, in_lake = (
        WindowTally(pool.features.cases, request.since, request.until) for _ in range(2)
    )
    for rows, from_lake in pool.blocks(reading):
        losses.add(rows)
        tally.add(rows)
        in_lake.add(rows[from_lake])
    window, lake = tally.window(), in_lake.window()
    return Basis(
        request=request,
        features=pool.features,
        versions=versions,
        sources=pool.sources,
        not_shown=pool.not_shown,
        events=window.events,
        labelled=window.labelled,
        in_lake=lake.total,
        known_in_lake=lake.labelled.total,
    )


def periods(request: CompareRequest) -> int:
    """The number of periods into which the window is divided."""
    return len(_divide(request)[0])


def _divide(request: CompareRequest) -> tuple[NDArray[np.int64], int]:
    """The beginnings of the periods, and the length of one, in ms."""
    days = np.arange(request.since, request.until, DAY_MS)
    if request.every == "day" or (request.every == "auto" and len(days) <= _WEEKLY_DAYS):
        return days, DAY_MS
    return days[group_starts(len(days), 7)], 7 * DAY_MS


def _overlaps(spans: Sequence[Span], begin: int, length: int) -> bool:
    """True if a period has a time in common with one of the spans."""
    return any(first < begin + length and begin < last for first, last in spans)


def evaluate(basis: Basis, periods: Periods) -> ComparisonReport:
    """Compute all statistics of the versions on the basis's events, of which there must be some."""
    request, outcomes = basis.request, basis.labelled
    tables = [(version.name, version.scores) for version in basis.versions]
    withheld = {version.name for version in basis.versions if basis.withholds_verdict(version)}
    results = compare.results(tables, outcomes, request.threshold, withheld)
    confusions = [decisions.confusion(scores, outcomes, request.threshold) for _, scores in tables]
    best = []
    if outcomes.total:
        scores = [version.scores for version in basis.versions]
        best = decisions.best_thresholds(scores, outcomes, request.gain, request.cost)
    return ComparisonReport(
        **vars(basis),
        results=results,
        close_up=_close_up(basis, _choose_challenger(basis, results)),
        confusions=tuple(confusions),
        best=tuple(best),
        periods=periods,
    )


def _choose_challenger(basis: Basis, results: Sequence[VersionResult]) -> ScoredVersion:
    """The requested challenger, else the best one that wasn't trained on these events."""
    if basis.request.challenger is not None:
        return next(v for v in basis.versions if v.name == basis.request.challenger)
    contenders = [
        (loss.value, version.name, difference.verdict if difference else "worse")
        for version, result in zip(basis.versions[1:], results[1:], strict=True)
        if (loss := result.metrics["log_loss"]) is not None and not version.overlap
        for difference in (result.differences["log_loss"],)
    ]
    name = choose_rival((name, choice) for _, name, choice in sorted(contenders))
    return next((v for v in basis.versions if v.name == name), basis.versions[1])


def _close_up(basis: Basis, challenger: ScoredVersion) -> CloseUp:
    scores = basis.reference.scores, challenger.scores
    others = [version.scores for version in basis.judged if version is not challenger]
    segments = disagreement.segments(basis.features, *scores, basis.labelled, others)
    groups = sum(segment.p_adjusted is not None for segment in segments)
    if basis.withholds_verdict(challenger):
        segments = [replace(segment, verdict="not enough evidence") for segment in segments]
    return CloseUp(
        challenger,
        decisions.flips(*scores, basis.events, basis.labelled, basis.request.threshold),
        tuple(segments),
        disagreement.effects(basis.features, *scores, basis.events),
        _support(basis.reference, challenger, basis.events),
        groups * len(basis.judged),
    )


def _support(
    reference: ScoredVersion, challenger: ScoredVersion, events: NDArray[np.int64]
) -> Support | None:
    if reference.training is None or challenger.training is None:
        return None
    trained_cases = (reference.training > 0) & (challenger.training > 0)
    return disagreement.support(reference.scores, challenger.scores, events, trained_cases)
