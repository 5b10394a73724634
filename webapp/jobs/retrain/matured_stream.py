"""Matured events as the policy reads them: blocks, in the order in which they matured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import log
from typing import Any

import numpy as np
from numpy.typing import NDArray

from webapp.cases import Features
from webapp.catalog.prepared import Facts, Prepared
from webapp.db.tables.checks import Check, TrafficKind
from webapp.events import matured
from webapp.events.matured import Cells
from webapp.grammar import quantity
from webapp.services.context import Services
from webapp.services.traffic import training_overlap
from webapp.services.traffic.pool import TrafficPool
from webapp.services.traffic.settling import Settling, find_settling
from webapp.services.traffic.source_choice import ChosenSource
from webapp.stats.counts import Counts
from webapp.stats.metrics import EPSILON
from webapp.timing import DAY_MS, now_ms

FIRST_BLOCKS = 12  # into which the first check divides the past, by day of the event
FEWEST = 200  # events in one of them
_UNLIKELY = 1e-6  # chance below which outcomes of one label aren't taken for chance


@dataclass(frozen=True)
class Block:
    """Events that matured together; ``fair`` if the champion was trained on none of them."""

    counts: Counts
    fair: bool = True


@dataclass(frozen=True)
class MaturedStream:
    """Everything that has matured: the blocks of earlier checks and those that are new.

    ``snapshot`` is what the next check compares with; ``waiting`` events have no outcome yet.
    ``history`` is new as well, but was long past when it was counted in a lake: it is fitted on,
    as the oldest of ``before``, and is no evidence about the present. ``until`` in ms. ``meaning``
    says which class the outcomes are of; if ``is_reversed``, those of the last check were of the
    other one, so all that it found has the wrong sign.
    """

    features: Features
    before: tuple[Counts, ...]
    new: tuple[Block, ...]
    snapshot: Mapping[str, Any]
    waiting: int
    until: int = matured.ALWAYS  # days that had ended by then are included
    history: Counts | None = None
    settling: Settling = Settling()
    meaning: Mapping[str, str] | None = None
    is_reversed: bool = False

    @property
    def blocks(self) -> tuple[Counts, ...]:
        """All blocks, oldest first."""
        return (*self.before, *(block.counts for block in self.new))

    @property
    def matured(self) -> int:
        """The number of new events."""
        return sum(block.counts.total for block in self.new)

    def pack(self) -> dict[str, Any]:
        """The new blocks as JSON, as a check stores them."""
        cells = [matured.pack(matured.as_cells(block.counts)) for block in self.new]
        batch: dict[str, Any] = {"features": list(self.features.names), "blocks": cells}
        if self.meaning is not None:
            batch["meaning"] = dict(self.meaning)
        if self.history is not None:
            batch["past"] = [matured.pack(matured.as_cells(self.history))]
        return batch


def read(
    services: Services, champion: Prepared, traffic: TrafficKind, last: Check | None
) -> MaturedStream:
    """Read what has matured, and what of it is new since ``last``. Raises LogUnavailableError."""
    facts = champion.facts
    before = (last.batch or {}).get("meaning") if last is not None else None
    stream = _read(services, champion, traffic, last)
    return replace(stream, meaning=facts.meaning, is_reversed=facts.reverses(before))


def _read(
    services: Services, champion: Prepared, traffic: TrafficKind, last: Check | None
) -> MaturedStream:
    traffic_source: ChosenSource = "demo" if traffic == "simulated" else "all"
    pool = TrafficPool(services, services.counts, champion, traffic_source)
    sources = pool.sources
    cases = champion.features.cases
    database = services.log.database
    waiting = matured.waiting(database, pool.versions, sources)
    log_sources = tuple(source for source in sources if source != "lake")
    settling = find_settling(database, pool.versions, log_sources, services.settle_days, now_ms())
    until = _latest_event(settling.days, last)
    now = matured.read(database, pool.versions, sources, cases, until)
    past = matured.history(database, pool.versions, cases, until) if "lake" in sources else {}
    if last is None or not last.snapshot:  # removing traffic empties it
        days = matured.by_day(database, pool.versions, sources, cases, until)
        spans = training_overlap.find_spans(services, pool, champion.facts)
        snapshot = matured.snapshot({}, now | past)
        new = _first_blocks(days, spans, cases)
        return MaturedStream(
            champion.features, (), new, snapshot, waiting, until, settling=settling
        )
    previous: Mapping[str, Any] = last.snapshot or {}
    fresh = matured.new_since(previous, now, cases)
    old = np.minimum(fresh, matured.new_since(previous, past, cases))
    new = (Block(matured.as_counts(fresh - old)),) if (fresh - old).any() else ()
    history = matured.as_counts(old) if old.any() else None
    before = unpack(services.checks.batches(traffic), champion.facts, history)
    snapshot = matured.snapshot(previous, now | past)
    return MaturedStream(
        champion.features, before, new, snapshot, waiting, until, history, settling
    )


def describe_one_sided(stream: MaturedStream, scores: NDArray[np.float64]) -> str | None:
    """A clause on new outcomes that all have one label while others are waited for.

    None if both labels are among them, or if so many of one kind are likely enough by the
    champion's ``scores`` (float64[cases]).
    """
    n = sum((block.counts.n for block in stream.new), start=np.zeros(len(scores), np.int64))
    positives = sum(int(block.counts.positives.sum()) for block in stream.new)
    total = int(n.sum())
    if not stream.waiting or total == 0 or 0 < positives < total:
        return None
    chances = scores if positives else 1 - scores
    if float(n @ np.log(np.clip(chances, EPSILON, 1))) > log(_UNLIKELY):
        return None
    label = int(positives > 0)
    return f"all {total:,} new outcomes are {label}, and {quantity(stream.waiting, 'event')} wait"


def _latest_event(days: int, last: Check | None) -> int:
    """Latest event time to consider, in ms: younger than ``days``, events may get an outcome yet.

    Never earlier than at the last check, even if that waited for fewer days: what it has seen must
    not be news again.
    """
    if not days:
        return matured.ALWAYS
    before = 0
    if last is not None:
        before = min(last.evidence.get("until", matured.ALWAYS), last.at + DAY_MS)
    return max(before, now_ms() - days * DAY_MS)


def unpack(
    batches: Sequence[Mapping[str, Any]], facts: Facts, history: Counts | None = None
) -> tuple[Counts, ...]:
    """The blocks that checks stored, history first, that are of a version's inputs and class."""
    features = Features(facts.features)
    usable = [
        batch
        for batch in batches
        if batch.get("features") == list(features.names)
        and not facts.reverses(batch.get("meaning"))
    ]
    past = [block for batch in usable for block in batch.get("past", ())]
    blocks = [block for batch in usable for block in batch["blocks"]]
    old, new = (
        [matured.as_counts(matured.unpack(block, features.cases)) for block in part]
        for part in (past, blocks)
    )
    return (*old, *([] if history is None else [history]), *new)


def _first_blocks(
    by_version: Mapping[str, Mapping[int, Cells]], spans: list[training_overlap.Span], cases: int
) -> tuple[Block, ...]:
    """The past in blocks of a few days of events, as the times of maturing were not recorded."""
    days: dict[int, Cells] = {}
    for cells_by_day in by_version.values():
        for day, cells in cells_by_day.items():
            days[day] = days.get(day, matured.empty(cases)) + cells
    enough = max(FEWEST, sum(int(c.sum()) for c in days.values()) // FIRST_BLOCKS)
    blocks: list[Block] = []
    open_cells, fair = matured.empty(cases), True
    for day in sorted(days):
        is_fair = not any(since < day + DAY_MS and day < until for since, until in spans)
        if open_cells.any() and (is_fair != fair or int(open_cells.sum()) >= enough):
            blocks.append(Block(matured.as_counts(open_cells), fair))
            open_cells = matured.empty(cases)
        open_cells, fair = open_cells + days[day], is_fair
    return (*blocks, Block(matured.as_counts(open_cells), fair)) if days else ()
