"""The answer to a comparison, as the page, the API and the command get it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from webapp.cases import Features
from webapp.catalog.prepared import Prepared
from webapp.db.schema import Source
from webapp.db.tables.uploads import Upload
from webapp.services.compare.request import CompareRequest
from webapp.services.traffic.advice import choose_rival
from webapp.services.traffic.source_choice import NotShown
from webapp.stats.compare import PeriodLoss, VersionResult
from webapp.stats.counts import Counts
from webapp.stats.decisions import Best, Confusion, Flips
from webapp.stats.disagreement import Effects, Segment, Support
from webapp.stats.verdicts import Choice
from webapp.vocabulary import Vocabulary, vocabulary_for

Array = NDArray[np.float64]
Empty = Literal["no traffic", "no events"]


@dataclass(frozen=True)
class ScoredVersion:
    """One of the versions that are compared, with its scores on the common cases."""

    name: str
    prepared: Prepared
    scores: Array
    training: NDArray[np.int64] | None  # training rows per case
    look: int = 0  # its place in the list of colours and dashes
    overlap: int = 0  # rows of the file, or periods of the traffic, that it was trained on
    stored: tuple[str, int] | None = None  # source and number of the rows that it is held against


@dataclass(frozen=True)
class CloseUp:
    """One challenger beside the reference."""

    challenger: ScoredVersion
    flips: Flips
    segments: tuple[Segment, ...]
    effects: Effects | None
    support: Support | None
    comparisons: int = 0  # of segments, those of all versions


@dataclass(frozen=True)
class Periods:
    """Every version in every period; lists are ``[version][period]``."""

    begins: tuple[int, ...] = ()  # ms
    length: int = 0  # ms
    losses: tuple[tuple[PeriodLoss, ...], ...] = ()
    overlaps: tuple[tuple[bool, ...], ...] = ()  # trained on some of the period's events


@dataclass(frozen=True, kw_only=True)
class Basis:
    """The versions that are compared, and the events. The first version is the reference."""

    request: CompareRequest
    features: Features
    versions: tuple[ScoredVersion, ...]
    sources: tuple[Source, ...]  # empty for a file
    not_shown: NotShown | None = None  # where simulated traffic was taken by default
    events: NDArray[np.int64]
    labelled: Counts
    upload: Upload | None = None
    in_lake: int = 0  # of the events
    known_in_lake: int = 0  # of the events with an outcome
    gap: str | None = None  # why the rows of a file can't be judged, by their labels
    left_out: int = 0  # rows of the file, as a version was trained on them
    champion: str | None = None  # the version that answers by default now

    @property
    def reference(self) -> ScoredVersion:
        """The version that all others are compared with."""
        return self.versions[0]

    @property
    def is_simulated(self) -> bool:
        """True if all events are simulated."""
        return self.sources == ("demo",)

    @property
    def vocabulary(self) -> Vocabulary:
        """The words for these inputs and their outcome."""
        return vocabulary_for(self.features)

    @property
    def judges_champion(self) -> bool:
        """True if the reference is the champion, or nobody is."""
        return self.champion in (None, self.reference.name)

    def is_contaminated(self, version: ScoredVersion) -> bool:
        """True if the version or the reference was trained on some of these events."""
        return bool(self.reference.overlap or version.overlap)

    def withholds_verdict(self, version: ScoredVersion) -> bool:
        """True if these events are no evidence about the version."""
        return self.gap is not None or self.is_contaminated(version)

    @property
    def judged(self) -> tuple[ScoredVersion, ...]:
        """The versions that are judged against the reference, all at once."""
        return tuple(v for v in self.versions[1:] if not self.withholds_verdict(v))


@dataclass(frozen=True, kw_only=True)
class NoComparison(Basis):
    """There is nothing to compare on, for this reason."""

    reason: Empty


@dataclass(frozen=True, kw_only=True)
class ComparisonReport(Basis):
    """The comparison of versions on at least one event; tuples have one entry per version."""

    results: tuple[VersionResult, ...]
    close_up: CloseUp
    confusions: tuple[Confusion, ...]
    best: tuple[Best, ...]  # empty without outcomes
    periods: Periods  # without any for a file

    def result(self, version: ScoredVersion) -> VersionResult:
        """What was computed of a version."""
        return next(result for result in self.results if result.version == version.name)

    @property
    def rival(self) -> ScoredVersion | None:
        """The version that might replace the reference; None if these events judge none."""
        if self.labelled.total < 2:
            return None
        contenders: list[tuple[float, str, Choice]] = []
        for version in self.versions[1:]:
            result = self.result(version)
            loss, difference = result.metrics["log_loss"], result.differences.get("log_loss")
            if loss and difference and not self.withholds_verdict(version):
                contenders.append((loss.value, version.name, difference.verdict))
        name = choose_rival((name, choice) for _, name, choice in sorted(contenders))
        return next((version for version in self.versions if version.name == name), None)


CompareAnswer = NoComparison | ComparisonReport
