"""Versions compared: on past traffic, whoever answered it then, or on a labelled file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from webapp.cases import InputError, shorten
from webapp.services.compare.answer import Answer, Close, Empty, Version
from webapp.services.compare.request import MOST_VERSIONS, Request
from webapp.services.context import Services
from webapp.services.predict import version_choice
from webapp.services.traffic import common_inputs, training_overlap
from webapp.services.traffic.pool import TrafficPool
from webapp.services.traffic.training_overlap import Span
from webapp.stats import compare, decisions, disagreement
from webapp.stats.compare import Result
from webapp.stats.counts import Counts
from webapp.stats.disagreement import Support
from webapp.stats.series import Traffic
from webapp.timing import DAY_MS

_WEEKLY_DAYS = 14  # windows from which the periods of the matrix are weeks


def choose(services: Services, request: Request) -> tuple[Version, ...]:
    """The versions asked for, on their common cases; the reference first.

    Raises InputError, UnknownVersionError and VersionNotReadyError.
    """
    names = request.versions or _usual(services)
    if len(names) == 1:
        names = (*names, *(n for n in _usual(services) if n != names[0]))[:2]
    named = [version_choice.resolve(services, name) for name in names]
    if len(named) < 2:
        raise InputError("versions", f"needs a second one beside {named[0][0]}")
    if request.challenger is not None and request.challenger not in names[1:]:
        known = ", ".join(names[1:])
        raise InputError("challenger", f"is {shorten(request.challenger)}: send one of {known}")
    features = common_inputs.common(named)
    return tuple(
        Version(
            name,
            found,
            common_inputs.scores_on(found, features),
            common_inputs.training_rows_on(found, features),
        )
        for name, found in named
    )


def _usual(services: Services) -> tuple[str, ...]:
    """The champion, and all that have the same inputs."""
    name, prepared = version_choice.resolve(services, None)
    same = [
        version.name
        for version in services.catalog.versions()
        if version.prepared is not None and version.prepared.features == prepared.features
    ]
    return (name, *(other for other in same if other != name))[:MOST_VERSIONS]


def on_traffic(
    services: Services, request: Request, chosen: tuple[Version, ...], pool: TrafficPool, rows: Any
) -> Answer:
    """On what was read of the pool, which is daily."""
    daily = pool.traffic(rows, "day", request.since, request.until)
    window = daily.window()
    begun = Answer(request, pool.features, chosen, pool.sources, window.events, window.labelled)
    if not window.total:
        empty: Empty = "no traffic" if pool.last is None else "no events"
        return replace(begun, empty=empty)
    spans = [training_overlap.spans(services, pool, v.prepared.facts) for v in chosen]
    periods, every = _periods(request, daily)
    overlaps = [[_touches(own, int(b), every) for b in periods.begins] for own in spans]
    chosen = tuple(
        replace(version, overlap=sum(own)) for version, own in zip(chosen, overlaps, strict=True)
    )
    labelled = [
        Counts(n, ones) for n, ones in zip(periods.labelled, periods.positives, strict=True)
    ]
    tables = [(version.name, version.scores) for version in chosen]
    return replace(
        compared(replace(begun, versions=chosen)),
        begins=tuple(int(begin) for begin in periods.begins),
        every=every,
        cells=compare.matrix(tables, labelled),
        overlaps=overlaps,
    )


def _periods(request: Request, daily: Traffic) -> tuple[Traffic, int]:
    days = (request.until - request.since) // DAY_MS
    if request.every == "day" or (request.every == "auto" and days <= _WEEKLY_DAYS):
        return daily, DAY_MS
    return daily.grouped(7), 7 * DAY_MS


def _touches(spans: Sequence[Span], begin: int, length: int) -> bool:
    return any(first < begin + length and begin < last for first, last in spans)


def compared(begun: Answer) -> Answer:
    """All statistics of what was counted."""
    request, versions, labelled = begun.request, begun.versions, begun.labelled
    tables = [(version.name, version.scores) for version in versions]
    results = compare.results(tables, labelled, request.threshold)
    worth = (request.gain, request.cost)
    return replace(
        begun,
        results=results,
        close=_close(begun, leader(request, versions, results)),
        confusions=tuple(
            decisions.confusion(scores, labelled, request.threshold) for _, scores in tables
        ),
        best=tuple(decisions.best(scores, labelled, *worth) for _, scores in tables)
        if labelled.total
        else (),
    )


def leader(request: Request, versions: Sequence[Version], results: Sequence[Result]) -> str:
    """The challenger asked for, else the one with the lowest log loss that was not trained here."""
    if request.challenger is not None:
        return request.challenger
    fair = {version.name for version in versions if not version.overlap}
    able = [r for r in results[1:] if r.metrics["log_loss"] and r.version in fair]
    if not able:
        return versions[1].name
    return min(able, key=lambda r: getattr(r.metrics["log_loss"], "value", 0.0)).version


def _close(begun: Answer, name: str) -> Close:
    first = begun.versions[0]
    other = next(version for version in begun.versions if version.name == name)
    scores = first.scores, other.scores
    return Close(
        name,
        decisions.flips(*scores, begun.events, begun.labelled, begun.request.threshold),
        tuple(disagreement.segments(begun.features, *scores, begun.labelled)),
        disagreement.effects(begun.features, *scores, begun.events),
        _support(first, other, begun.events),
    )


def _support(first: Version, other: Version, events: NDArray[np.int64]) -> Support | None:
    if first.training is None or other.training is None:
        return None
    seen = (first.training > 0) & (other.training > 0)
    return disagreement.support(first.scores, other.scores, events, seen)
