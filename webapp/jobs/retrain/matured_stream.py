"""What has matured, as the policy sees it: blocks of events in the order in which they matured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from webapp.cases import Features
from webapp.catalog.prepared import Prepared
from webapp.db.schema import Source
from webapp.db.tables.checks import Check, Traffic
from webapp.events import matured
from webapp.events.matured import Cells
from webapp.services.context import Services
from webapp.services.traffic import training_overlap, windows
from webapp.services.traffic.pool import TrafficPool
from webapp.stats.counts import Counts
from webapp.timing import DAY_MS, now_ms

FIRST_BLOCKS = 12  # that the past is seen in by the first check, by day of the event
FEWEST = 200  # events in one of them
_MOST = 10**9  # that numpy draws from without putting back
SOURCES: dict[Traffic, tuple[Source, ...]] = {"real": windows.REAL, "simulated": ("demo",)}


@dataclass(frozen=True)
class Block:
    """Events that matured together; ``fair``: the champion was not trained on any of them."""

    counts: Counts
    fair: bool = True


@dataclass(frozen=True)
class Stream:
    """All that has matured by now: blocks of earlier checks, and those that are new.

    ``snapshot`` is what the next check compares with; ``waiting`` have no outcome yet.
    ``history`` is new, too, and was long past when it was counted in a lake: it can be fitted on,
    as the oldest of ``before``, and says nothing about the present.
    """

    features: Features
    before: tuple[Counts, ...]
    new: tuple[Block, ...]
    snapshot: Mapping[str, Any]
    waiting: int
    until: int = matured.ALWAYS  # days that were over then are in it
    history: Counts | None = None

    @property
    def blocks(self) -> tuple[Counts, ...]:
        """All of them, oldest first."""
        return (*self.before, *(block.counts for block in self.new))

    @property
    def matured(self) -> int:
        """How many events are new."""
        return sum(block.counts.total for block in self.new)

    def packed(self) -> dict[str, Any]:
        """What is new, as a check keeps it."""
        cells = [matured.pack(matured.as_cells(block.counts)) for block in self.new]
        packed: dict[str, Any] = {"features": list(self.features.names), "blocks": cells}
        if self.history is not None:
            packed["past"] = [matured.pack(matured.as_cells(self.history))]
        return packed


def read(services: Services, champion: Prepared, traffic: Traffic, last: Check | None) -> Stream:
    """What there is now, after that check. Raises LogUnavailableError."""
    pool = TrafficPool(services, services.counts, champion.features, None)
    sources, cases = SOURCES[traffic], champion.features.cases
    database = services.log.database
    waiting = matured.waiting(database, pool.versions, sources)
    until = _settled(services.settle_days, last)
    now = matured.read(database, pool.versions, sources, cases, until)
    past = matured.history(database, pool.versions, cases, until) if "lake" in sources else {}
    if last is None or not last.snapshot:  # there is none of traffic that was removed
        days = matured.by_day(database, pool.versions, sources, cases, until)
        spans = training_overlap.spans(services, pool, champion.facts)
        snapshot = matured.snapshot({}, now | past)
        new = _first(days, spans, cases)
        return Stream(champion.features, (), new, snapshot, waiting, until)
    seen: Mapping[str, Any] = last.snapshot or {}
    fresh = matured.new_since(seen, now, cases)
    old = np.minimum(fresh, matured.new_since(seen, past, cases))
    new = (Block(matured.as_counts(fresh - old)),) if (fresh - old).any() else ()
    history = matured.as_counts(old) if old.any() else None
    before = unpack(services.checks.batches(traffic), champion.features, history)
    snapshot = matured.snapshot(seen, now | past)
    return Stream(champion.features, before, new, snapshot, waiting, until, history)


def _settled(days: int, last: Check | None) -> int:
    """Until when events are looked at, so that their outcomes had so many days to come.

    Never sooner than at the last check, also where it waited for fewer days: what it has seen is
    not to be news again.
    """
    if not days:
        return matured.ALWAYS
    before = 0
    if last is not None:
        before = min(last.evidence.get("until", matured.ALWAYS), last.at + DAY_MS)
    return max(before, now_ms() - days * DAY_MS)


def unpack(
    batches: Sequence[Mapping[str, Any]], features: Features, history: Counts | None = None
) -> tuple[Counts, ...]:
    """The blocks that checks kept, history first; those of other inputs are of no use."""
    of_these = [batch for batch in batches if batch.get("features") == list(features.names)]
    past = [block for batch in of_these for block in batch.get("past", ())]
    blocks = [block for batch in of_these for block in batch["blocks"]]
    old, new = (
        [matured.as_counts(matured.unpack(block, features.cases)) for block in part]
        for part in (past, blocks)
    )
    return (*old, *([] if history is None else [history]), *new)


def _first(
    by_version: Mapping[str, Mapping[int, Cells]], spans: list[training_overlap.Span], cases: int
) -> tuple[Block, ...]:
    """The past by days of events, a few days together, as nobody noted when they matured."""
    days: dict[int, Cells] = {}
    for found in by_version.values():
        for day, cells in found.items():
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


@dataclass(frozen=True)
class Parted:
    """Blocks to fit on, and the newest events, which are held out of them."""

    rest: tuple[Counts, ...]
    held_out: Counts


def hold_out(blocks: Sequence[Counts], wanted: int, seed: int) -> Parted:
    """Keep the newest ``wanted`` events apart, or a fifth of them all where that is less.

    Of the block in which they end, events are drawn at random: within it nothing says which are
    newer.
    """
    wanted = min(wanted, sum(block.total for block in blocks) // 5)
    rest, kept = list(blocks), matured.empty(len(blocks[0].n)) if blocks else None
    assert kept is not None, "there is nothing to hold out of"
    while wanted > 0:
        newest = matured.as_cells(rest.pop())
        taken = newest if int(newest.sum()) <= wanted else _draw(newest, wanted, seed)
        kept, wanted = kept + taken, wanted - int(taken.sum())
        left = newest - taken
        if left.any():
            rest.append(matured.as_counts(left))
    return Parted(tuple(rest), matured.as_counts(kept))


def _draw(cells: Cells, n: int, seed: int) -> Cells:
    """So many of these events at random, all alike."""
    rng, flat = np.random.default_rng(seed), cells.ravel()
    if flat.sum() < _MOST:
        drawn = rng.multivariate_hypergeometric(flat, n, method="marginals")
    else:  # of so many that drawing with or without putting back is the same
        drawn = np.minimum(flat, rng.multinomial(n, flat / flat.sum()))
    return np.asarray(drawn, np.int64).reshape(cells.shape)
