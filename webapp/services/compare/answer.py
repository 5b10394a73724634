"""What the Compare page, the API and the command are given."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from webapp.cases import Features
from webapp.catalog.prepared import Prepared
from webapp.db.schema import Source
from webapp.db.tables.uploads import Upload
from webapp.services.compare.request import Request
from webapp.stats.compare import PeriodLoss, VersionResult
from webapp.stats.counts import Counts
from webapp.stats.decisions import Best, Confusion, Flips
from webapp.stats.disagreement import Effects, Segment, Support
from webapp.timing import DAY_MS

Array = NDArray[np.float64]


Empty = Literal["no traffic", "no events"]


@dataclass(frozen=True)
class Version:
    """One of those that are compared, on the common cases."""

    name: str
    prepared: Prepared
    scores: Array
    training: NDArray[np.int64] | None  # rows behind each case
    overlap: int = 0  # rows of the file, or periods of the traffic, that it was trained on


@dataclass(frozen=True)
class Close:
    """One challenger against the reference."""

    name: str
    flips: Flips | None
    segments: tuple[Segment, ...]
    effects: Effects | None
    support: Support | None


@dataclass(frozen=True)
class Answer:
    """What was found; ``empty`` says why there is nothing to compare on."""

    request: Request
    features: Features
    versions: tuple[Version, ...]
    sources: tuple[Source, ...]  # empty: a file
    events: NDArray[np.int64]
    labelled: Counts
    results: tuple[VersionResult, ...] = ()
    close: Close | None = None
    confusions: tuple[Confusion, ...] = ()
    best: tuple[Best, ...] = ()
    begins: tuple[int, ...] = ()  # of the periods, ms
    every: int = 7 * DAY_MS
    cells: list[list[PeriodLoss]] = field(default_factory=list)  # [version][period]
    overlaps: list[list[bool]] = field(default_factory=list)  # was it trained on some of these?
    empty: Empty | None = None
    upload: Upload | None = None  # the file, where it was uploaded
    in_lake: int = 0  # of the events
    known_in_lake: int = 0  # of those with an outcome

    @property
    def simulated(self) -> bool:
        """Is it all simulated?"""
        return self.sources == ("demo",)
