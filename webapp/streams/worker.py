"""The loop: read a batch, log it, answer it, say how far it is done.

In this order, so that whatever ends it, and wherever, a message that was not answered is read
again; and what was logged the first time is found under its request id the second time.
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
from webapp.streams.features import Asked, Known, Reader, Rules
from webapp.streams.message import BadMessageError, Message, Refused
from webapp.streams.offsets import Done, Place
from webapp.streams.outcomes import Held, Outcome
from webapp.streams.report import Report
from webapp.streams.sender import Sender, UndeliveredError
from webapp.streams.source import Source
from webapp.timing import now_ms

# Nobody's message is at fault: it is tried again until it works.
AWAY = (LogUnavailableError, version_choice.VersionNotReadyError, UndeliveredError)
_SHORT, _LONG = 0.25, 5.0  # seconds between two tries, at first and at last
_IDLE_SECONDS = 0.5
_RETRY_SECONDS = 0.5  # between two looks for the events of outcomes that wait
_log = logging.getLogger("everycase.streams")


@dataclass(frozen=True)
class Plan:
    """What is read, and how."""

    features: str
    outcomes: str
    rules: Rules = Rules()
    most: int = 2000  # messages a batch
    hold_seconds: float = 300.0  # that an outcome waits for its event
    hold_most: int = 10_000  # outcomes that wait; then no more are read


@dataclass
class _Work:
    """A batch, and what becomes of it."""

    asked: list[Asked] = field(default_factory=list)
    observed: list[Outcome] = field(default_factory=list)
    unknown: list[Outcome] = field(default_factory=list)  # outcomes whose events aren't there
    refused: list[Refused] = field(default_factory=list)
    logged: int = 0
    repeated: int = 0
    labelled: int = 0

    def counts(self) -> Counter[str]:
        """What to report of it."""
        return Counter(
            logged=self.logged,
            repeated=self.repeated,
            outcomes=self.labelled,
            dead=len(self.refused),
        )


class StoppedError(Exception):
    """Somebody asked for the end while something was away."""


class Worker:
    """One consumer. ``run`` returns when ``stop`` is set; nothing that was read is lost."""

    def __init__(
        self,
        services: Services,
        source: Source,
        sender: Sender,
        plan: Plan,
        report: Report,
        stop: Flag,
    ) -> None:
        self._services = services
        self._source = source
        self._sender = sender
        self._plan = plan
        self._report = report
        self._stop = stop
        self._done = Done()
        self._known = Known()
        self._held = Held(plan.hold_seconds, plan.hold_most)
        self._gone: set[Place] = set()  # partitions that were revoked while a batch was at work
        self._looked = 0.0
        source.on_gone = self._let_go

    def run(self) -> None:
        """Consume until ``stop`` is set. Raises RefusedError."""
        try:
            while not self._stop.is_set():
                self.step(_IDLE_SECONDS if not self._held else _RETRY_SECONDS)
            _log.info("stopping: what was read is done")
        except StoppedError:
            _log.info("stopping: what was not done is read again")
        finally:
            self._say()
            self._source.leave(self._done.all(self._held.first_offsets()))

    def step(self, seconds: float) -> None:
        """One batch."""
        begun = time.monotonic()
        batch = self._source.read(seconds)
        if len(batch) < self._plan.most // 2:  # else there is a backlog
            self._held.advance(time.monotonic() - begun)
        if batch or self._is_due():
            self._patiently(batch)
        self._source.pause(self._plan.outcomes, self._held.is_full)
        offsets = self._done.news(self._held.first_offsets())
        self._source.tell(offsets)
        self._done.told(offsets)
        if self._report.is_due:
            self._say()
            self._done.doubt()

    def _is_due(self) -> bool:
        return bool(self._held) and time.monotonic() - self._looked >= _RETRY_SECONDS

    def _patiently(self, batch: list[Message]) -> None:
        """Process a batch; while something is away, wait without leaving the group."""
        wait, rested = _SHORT, False
        self._gone.clear()
        while True:
            try:
                self._process([m for m in batch if (m.topic, m.partition) not in self._gone])
                break
            except AWAY as error:
                self._report.counts["away"] += 1
                _log.warning("waiting: %s", error, extra={"seconds": wait})
            if self._stop.is_set():
                raise StoppedError
            self._source.rest(wait)
            wait, rested = min(2 * wait, _LONG), True
        if rested:
            self._source.go_on()

    def _process(self, batch: Sequence[Message]) -> None:
        """Log and answer a batch; it may be done again. Raises AWAY."""
        work = _Work()
        self._sender.begin()
        self._read(batch, work)
        self._answer(work)
        self._label(work)
        for message, error in work.refused:
            self._sender.refuse(message, error)
        if batch or work.refused:
            self._sender.finish()
        self._held.keep(work.observed, work.unknown)
        self._done.add(batch)
        self._report.counts += work.counts()

    def _read(self, batch: Sequence[Message], work: _Work) -> None:
        now, rules = now_ms(), self._plan.rules
        reader = Reader(self._services, rules, self._known, now)
        for message in batch:
            try:
                if message.topic == self._plan.features:
                    work.asked.append(reader.read(message))
                else:
                    work.observed.append(outcomes.read(message, rules.keyed, now))
            except BadMessageError as error:
                work.refused.append((message, error))
        work.observed = self._waiting_for(work) + work.observed

    def _waiting_for(self, work: _Work) -> list[Outcome]:
        """The outcomes that have waited for what is in this batch; all of them now and then."""
        if self._is_due():
            self._looked = time.monotonic()
            return self._held.outcomes()
        names = {one.event.request_id for one in work.asked}
        return self._held.waiting_for(names | {one.id or one.request_id for one in work.observed})

    def _answer(self, work: _Work) -> None:
        """Log the events and send their answers, but for those that are at odds with the log."""
        if not work.asked:
            return
        stored = self._services.log.record([one.event for one in work.asked])
        for one, event in zip(work.asked, stored, strict=True):
            if event is one.event:
                work.logged += 1
            elif (error := features.conflict(self._services, one, event)) is None:
                work.repeated += 1
            else:
                work.refused.append((one.message, error))
                continue
            self._sender.answer(one.message, event)

    def _label(self, work: _Work) -> None:
        """Log outcomes, but for those that go on waiting, and those that have waited long."""
        if not work.observed:
            return
        unknown, refused = outcomes.write(self._services, work.observed)
        work.labelled = len(work.observed) - len(unknown) - len(refused)
        overdue = self._held.overdue(unknown)
        refused += [(one.message, outcomes.late(self._plan.hold_seconds)) for one in overdue]
        work.refused += refused
        gone = set(map(id, overdue))
        work.unknown = [one for one in unknown if id(one) not in gone]

    def _let_go(self, places: set[Place], lost: bool) -> None:
        """These partitions are read by others from now on."""
        if not lost:
            done = self._done.all(self._held.first_offsets())
            self._source.tell({p: n for p, n in done.items() if p in places}, wait=True)
        self._gone |= places
        self._held.forget(places)
        self._done.forget(places)

    def _say(self) -> None:
        self._report.say(self._source.lag(), len(self._held))
