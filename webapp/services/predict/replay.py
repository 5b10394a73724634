"""Replay: rows of a file, in their order, as traffic with outcomes, through the usual services.

Every row has a request id made of the file's digest, the version and the row's number, so a replay
that was stopped goes on where it was, and one that is repeated adds nothing.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from webapp.cases import Features
from webapp.db.schema import Source
from webapp.events.counts import Wanted
from webapp.services.context import Services
from webapp.services.predict import record, version_choice
from webapp.stats.counts import Counts
from webapp.stats.metrics import Metrics, evaluate
from webapp.timing import DAY_MS

SOURCE: Source = "replay"
BATCH = 1_000  # rows a transaction, at most
_SHOWN_SECONDS = 0.25  # a slow replay still writes this often


@dataclass(frozen=True)
class Plan:
    """What is replayed and how: ``days`` that the rows are spread over, the last one being today.

    Outcomes come ``label_delay`` ms after their events. ``speed`` is how many times faster than
    the clock the days pass, None for as fast as can be.
    """

    digest: str  # of the file, SHA-256
    first: int  # number of the first row, from 1
    features: Features
    case: Sequence[int]
    label: Sequence[int]
    version: str
    days: float = 60.0
    label_delay: int = 0
    speed: float | None = None


@dataclass
class Progress:
    """How far it is: rows and outcomes sent."""

    sent: int = 0
    labelled: int = 0


@dataclass
class _Replay:
    services: Services
    plan: Plan
    sleep: Callable[[float], None]
    start: float  # of the first row, ms since 1970
    now: float
    progress: Progress = field(default_factory=Progress)
    due: deque[tuple[int, str, int]] = field(default_factory=deque)  # when, id, label

    def run(self) -> Iterator[Progress]:
        """Send the rows batch by batch, and each outcome when its time has come."""
        size = len(self.plan.case)
        begun, first = time.monotonic(), 0
        while first < size:
            end = self._end(first, begun)
            if end == first:
                self.sleep(_SHOWN_SECONDS)
                continue
            self._send(first, end)
            self._label(self._at(end))
            first = end
            yield self.progress
        self._label(self.now)
        yield self.progress

    def _at(self, row: int) -> float:
        return self.start + row * self.plan.days * DAY_MS / len(self.plan.case)

    def _end(self, first: int, begun: float) -> int:
        """The first row that is not to be sent yet."""
        end = min(first + BATCH, len(self.plan.case))
        if self.plan.speed is None:
            return end
        passed = (time.monotonic() - begun) * 1000 * self.plan.speed
        while end > first and self._at(end - 1) - self.start > passed:
            end -= 1
        return end

    def _send(self, first: int, end: int) -> None:
        plan, at = self.plan, [int(self._at(i)) for i in range(first, end)]
        ids = [request_id(plan, i) for i in range(first, end)]
        given = [plan.features.row(case) for case in plan.case[first:end]]
        events = record.answer_rows(self.services, plan.version, given, ids, source=SOURCE, at=at)
        for event, label in zip(events, plan.label[first:end], strict=True):
            self.due.append((event.at + plan.label_delay, event.id, label))
        self.progress.sent = end

    def _label(self, until: float) -> None:
        """Send the outcomes that are known by then."""
        batch = []
        while self.due and self.due[0][0] <= min(until, self.now):
            batch.append(self.due.popleft())
        if batch:
            pairs = [(event_id, label) for _, event_id, label in batch]
            self.services.log.label(pairs, [when for when, _, _ in batch])
            self.progress.labelled += len(batch)


def request_id(plan: Plan, index: int) -> str:
    """Stands for a row of a file, answered by a version."""
    return f"replay:{plan.digest[:16]}:{plan.version}:{plan.first + index}"


def replay(
    services: Services, plan: Plan, now: int, sleep: Callable[[float], None] = time.sleep
) -> Iterator[Progress]:
    """Replay, step by step; stop asking to stop. What was sent stays and is not sent twice.

    Raises InputError, UnknownVersionError, VersionNotReadyError, RequestConflictError and
    LogUnavailableError.
    """
    start = now - plan.days * DAY_MS
    before = services.log.find_request(request_id(plan, 0))
    if before is not None:  # go on in the time of then
        start = float(before.at)
    services.log.prune(now)
    return _Replay(services, plan, sleep, start, now).run()


@dataclass(frozen=True)
class Outcome:
    """What the log itself says of a version's replayed traffic."""

    events: int
    labelled: int
    metrics: Metrics | None  # None without outcomes


def judge(services: Services, version: str) -> Outcome:
    """The metrics of replayed traffic, from the log's counts. Raises LogUnavailableError."""
    _, prepared = version_choice.resolve(services, version)
    found = services.counts.read(Wanted(version, (SOURCE,), 0, 1 << 62))
    case, label, n = found[:, 1], found[:, 2], found[:, 3]
    size = len(prepared.scores)
    ones = np.bincount(case[label == 1], n[label == 1], size).astype(np.int64)
    zeros = np.bincount(case[label == 0], n[label == 0], size).astype(np.int64)
    counts = Counts(zeros + ones, ones)
    metrics = evaluate(prepared.scores, counts) if counts.total else None
    return Outcome(int(n.sum()), counts.total, metrics)
