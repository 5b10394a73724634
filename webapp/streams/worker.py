"""The consumer's loop: read a batch, log it, answer it, commit its offsets.

The order matters: wherever the process ends, a message that wasn't answered is read again, and an
event that was logged already is then found by its request id.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Event as Flag

from webapp.db.database import LogUnavailableError
from webapp.services.context import Services
from webapp.services.predict import version_choice
from webapp.streams import features, outcomes
from webapp.streams.features import CaseCache, FeatureEvent, FeatureReader, ReadingRules
from webapp.streams.message import BadMessageError, Message, Refusal
from webapp.streams.offsets import OffsetTracker, Partition
from webapp.streams.outcomes import HeldOutcomes, OutcomeMessage
from webapp.streams.report import ConsumerReport
from webapp.streams.sender import Sender, UndeliveredError
from webapp.streams.source import MessageSource
from webapp.timing import now_ms

# Not caused by a message: retried until it works
UNAVAILABLE = (LogUnavailableError, version_choice.VersionNotReadyError, UndeliveredError)
_SHORT, _LONG = 0.25, 5.0  # seconds between two attempts, at first and at most; doubled
_IDLE_SECONDS = 0.5
_RETRY_SECONDS = 0.5  # between two lookups of the events of held outcomes
_log = logging.getLogger("everycase.streams")


@dataclass(frozen=True)
class ConsumerPlan:
    """The topics to read, and how."""

    features: str
    outcomes: str
    rules: ReadingRules = ReadingRules()
    most: int = 2000  # messages per batch
    hold_seconds: float = 300.0  # how long an outcome is held for its event
    hold_most: int = 10_000  # held outcomes; at this number, their topic is paused


@dataclass
class _Work:
    """A batch and its results."""

    events: list[FeatureEvent] = field(default_factory=list)
    outcomes: list[OutcomeMessage] = field(default_factory=list)
    unknown: list[OutcomeMessage] = field(default_factory=list)  # outcomes without events
    refusals: list[Refusal] = field(default_factory=list)
    logged: int = 0
    repeated: int = 0
    labelled: int = 0

    def counts(self) -> Counter[str]:
        """The counts for the report."""
        return Counter(
            logged=self.logged,
            repeated=self.repeated,
            outcomes=self.labelled,
            dead=len(self.refusals),
        )


class StoppedError(Exception):
    """The consumer was asked to stop while something was unavailable."""


class Worker:
    """One consumer. ``run`` returns when ``stop`` is set; no message is lost."""

    def __init__(
        self,
        services: Services,
        source: MessageSource,
        sender: Sender,
        plan: ConsumerPlan,
        report: ConsumerReport,
        stop: Flag,
    ) -> None:
        self._services = services
        self._source = source
        self._sender = sender
        self._plan = plan
        self._report = report
        self._stop = stop
        self._offsets = OffsetTracker()
        self._cases = CaseCache()
        self._held = HeldOutcomes(plan.hold_seconds, plan.hold_most)
        self._released: set[Partition] = set()  # partitions revoked during a batch
        self._retried_at = 0.0
        source.on_release = self._release

    def run(self) -> None:
        """Consume until ``stop`` is set. Raises RefusedError."""
        try:
            while not self._stop.is_set():
                self.step(_IDLE_SECONDS if not self._held else _RETRY_SECONDS)
            _log.info("stopping: all messages read were processed")
        except StoppedError:
            _log.info("stopping: unprocessed messages will be read again")
        finally:
            self._log_counts()
            self._source.leave(self._offsets.all(self._held.first_offsets()))

    def step(self, seconds: float) -> None:
        """Process one batch, waiting up to ``seconds`` for its first message."""
        start = time.monotonic()
        batch = self._source.read(seconds)
        if len(batch) < self._plan.most // 2:  # otherwise there is a backlog
            self._held.advance(time.monotonic() - start)
        if batch or self._is_due():
            self._process_with_retries(batch)
        self._source.pause(self._plan.outcomes, self._held.is_full)
        offsets = self._offsets.uncommitted(self._held.first_offsets())
        self._source.commit(offsets)
        self._offsets.mark_committed(offsets)
        if self._report.is_due:
            self._log_counts()
            self._offsets.forget_commits()

    def _is_due(self) -> bool:
        return bool(self._held) and time.monotonic() - self._retried_at >= _RETRY_SECONDS

    def _process_with_retries(self, batch: list[Message]) -> None:
        """Process a batch; while something is unavailable, wait without leaving the group."""
        wait, last_wait, reason = _SHORT, 0.0, ""
        self._released.clear()
        while True:
            try:
                self._process([m for m in batch if (m.topic, m.partition) not in self._released])
                break
            except UNAVAILABLE as error:
                self._report.counts["away"] += 1
                if wait > last_wait or str(error) != reason:
                    _log.warning("waiting: %s", error, extra={"seconds": wait})
                last_wait, reason = wait, str(error)
            if self._stop.is_set():
                raise StoppedError
            self._source.rest(wait)
            wait = min(2 * wait, _LONG)
        if last_wait:
            _log.info("going on: what was unavailable is back")
            self._source.resume()

    def _process(self, batch: Sequence[Message]) -> None:
        """Log and answer a batch. Can be repeated. Raises one of UNAVAILABLE."""
        work = _Work()
        self._sender.begin()
        self._read(batch, work)
        self._answer(work)
        self._label(work)
        for message, error in work.refusals:
            self._sender.refuse(message, error)
        if batch or work.refusals:
            self._sender.finish()
        self._held.keep(work.outcomes, work.unknown)
        self._offsets.add(batch)
        self._report.counts += work.counts()

    def _read(self, batch: Sequence[Message], work: _Work) -> None:
        now, rules = now_ms(), self._plan.rules
        reader = FeatureReader(self._services, rules, self._cases, now)
        for message in batch:
            try:
                if message.topic == self._plan.features:
                    work.events.append(reader.read(message))
                else:
                    work.outcomes.append(outcomes.read(message, rules.keyed, now))
            except BadMessageError as error:
                work.refusals.append((message, error))
        work.outcomes = self._waiting_for(work) + work.outcomes

    def _waiting_for(self, work: _Work) -> list[OutcomeMessage]:
        """The held outcomes of this batch's events; all held outcomes now and then."""
        if self._is_due():
            self._retried_at = time.monotonic()
            return self._held.outcomes()
        names = {one.event.request_id for one in work.events}
        return self._held.waiting_for(names | {one.id or one.request_id for one in work.outcomes})

    def _answer(self, work: _Work) -> None:
        """Log the events and send their answers. Those in conflict with the log are refused."""
        if not work.events:
            return
        log_events = self._services.log.record([one.event for one in work.events])
        for one, event in zip(work.events, log_events, strict=True):
            if event is one.event:
                work.logged += 1
            elif (error := features.conflict(self._services, one, event)) is None:
                work.repeated += 1
            else:
                work.refusals.append((one.message, error))
                continue
            self._sender.answer(one.message, event)

    def _label(self, work: _Work) -> None:
        """Log outcomes. Those without an event are held on, or refused if they are overdue."""
        if not work.outcomes:
            return
        unknown, refusals = outcomes.write(self._services, work.outcomes)
        work.labelled = len(work.outcomes) - len(unknown) - len(refusals)
        overdue = self._held.overdue(unknown)
        refusals += [(one.message, outcomes.late_error(self._plan.hold_seconds)) for one in overdue]
        work.refusals += refusals
        ids = set(map(id, overdue))
        work.unknown = [one for one in unknown if id(one) not in ids]

    def _release(self, places: set[Partition], is_lost: bool) -> None:
        """Give up partitions that other consumers read from now on."""
        if not is_lost:
            offsets = self._offsets.all(self._held.first_offsets())
            self._source.commit({p: n for p, n in offsets.items() if p in places}, wait=True)
        self._released |= places
        self._held.forget(places)
        self._offsets.drop(places)

    def _log_counts(self) -> None:
        self._report.log_counts(self._source.lag(), len(self._held))
