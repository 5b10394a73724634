"""Replay the rows of a file, in order, as traffic with outcomes.

Every row has a request id made of the file's digest, the version and the row's number, so a replay
that was stopped continues where it was, and a second one adds nothing.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from webapp.cases import Features
from webapp.db.schema import Source
from webapp.events.counts import CountsQuery
from webapp.events.namespaces import REPLAY
from webapp.services.context import Services
from webapp.services.predict import record, version_choice
from webapp.stats.counts import Counts
from webapp.stats.metrics import Metrics, evaluate
from webapp.timing import DAY_MS

SOURCE: Source = "replay"
BATCH = 1_000  # rows per transaction, at most
_TICK_SECONDS = 0.25  # between two writes of a slow replay


@dataclass(frozen=True)
class ReplayPlan:
    """The rows, and how to replay them: spread over the ``days`` up to now.

    A label is 0 or 1, or -1 where it is unknown: then the event gets no outcome. Outcomes come
    ``label_delay`` ms after their events. ``speed`` is how many times faster than the clock time
    passes, None for as fast as possible.
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
class ReplayProgress:
    """Rows and outcomes sent so far."""

    sent: int = 0
    labelled: int = 0


@dataclass
class _RowSender:
    services: Services
    plan: ReplayPlan
    sleep: Callable[[float], None]
    start: float  # of the first row, ms since 1970
    now: float
    progress: ReplayProgress = field(default_factory=ReplayProgress)
    due: deque[tuple[int, str, int]] = field(default_factory=deque)  # when, id, label

    def run(self) -> Iterator[ReplayProgress]:
        """Send the rows in batches, and each outcome when it is due."""
        size = len(self.plan.case)
        start, first = time.monotonic(), 0
        while first < size:
            end = self._batch_end(first, start)
            if end == first:
                self.sleep(_TICK_SECONDS)
                continue
            self._send(first, end)
            self._send_outcomes(self._at(end))
            first = end
            yield self.progress
        self._send_outcomes(self.now)
        yield self.progress

    def _at(self, row: int) -> float:
        return self.start + row * self.plan.days * DAY_MS / len(self.plan.case)

    def _batch_end(self, first: int, start: float) -> int:
        """The first row that is not due yet, or is one too many for a batch."""
        end = min(first + BATCH, len(self.plan.case))
        if self.plan.speed is None:
            return end
        elapsed_ms = (time.monotonic() - start) * 1000 * self.plan.speed
        while end > first and self._at(end - 1) - self.start > elapsed_ms:
            end -= 1
        return end

    def _send(self, first: int, end: int) -> None:
        plan, at = self.plan, [int(self._at(i)) for i in range(first, end)]
        ids = [request_id(plan, i) for i in range(first, end)]
        rows = [plan.features.row(case) for case in plan.case[first:end]]
        events = record.answer_rows(
            self.services, plan.version, rows, ids, source=SOURCE, namespace=REPLAY, at=at
        )
        for event, label in zip(events, plan.label[first:end], strict=True):
            if label >= 0:
                self.due.append((event.at + plan.label_delay, event.id, label))
        self.progress.sent = end

    def _send_outcomes(self, until: float) -> None:
        """Send the outcomes that are due by ``until``."""
        batch = []
        while self.due and self.due[0][0] <= min(until, self.now):
            batch.append(self.due.popleft())
        if batch:
            pairs = [(event_id, label) for _, event_id, label in batch]
            self.services.log.label(pairs, [when for when, _, _ in batch])
            self.progress.labelled += len(batch)


def request_id(plan: ReplayPlan, index: int) -> str:
    """The request id of a row, the same in every replay of the file on the version."""
    return f"replay:{plan.digest[:16]}:{plan.version}:{plan.first + index}"


def replay(
    services: Services, plan: ReplayPlan, now: int, sleep: Callable[[float], None] = time.sleep
) -> Iterator[ReplayProgress]:
    """Yield progress while replaying. Stopping early is safe: a row is never sent twice.

    Raises InputError, UnknownVersionError, VersionNotReadyError, RequestConflictError and
    LogUnavailableError.
    """
    start = now - plan.days * DAY_MS
    first = services.log.find_request(request_id(plan, 0), REPLAY)
    if first is not None:  # continue with the times of the replay that was stopped
        start = float(first.at)
    services.log.prune(now)
    return _RowSender(services, plan, sleep, start, now).run()


@dataclass(frozen=True)
class ReplayResult:
    """Counts and metrics of a version's replayed traffic, as the log has it."""

    events: int
    labelled: int
    metrics: Metrics | None  # None without outcomes


def judge(services: Services, version: str) -> ReplayResult:
    """The metrics of replayed traffic, from the log's counts. Raises LogUnavailableError."""
    _, prepared = version_choice.resolve(services, version)
    rows = services.counts.read(CountsQuery(version, (SOURCE,), 0, 1 << 62))
    case, label, n = rows[:, 1], rows[:, 2], rows[:, 3]
    size = len(prepared.scores)
    ones = np.bincount(case[label == 1], n[label == 1], size).astype(np.int64)
    zeros = np.bincount(case[label == 0], n[label == 0], size).astype(np.int64)
    counts = Counts(zeros + ones, ones)
    metrics = evaluate(prepared.scores, counts) if counts.total else None
    return ReplayResult(int(n.sum()), counts.total, metrics)
