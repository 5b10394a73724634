"""What a consumer of messages does, in lines of its log and in a file for Prometheus."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

# What is counted, and what it means.
COUNTED = {
    "logged": "feature events that were logged and answered",
    "repeated": "feature events that were in the log already, and were answered again",
    "outcomes": "outcomes that were logged, or were before",
    "dead": "messages that went to the dead-letter topic",
    "away": "times that the log, a version or a broker was away",
}
EVERY_SECONDS = 10.0
_log = logging.getLogger("everycase.streams")


class Report:
    """Counts, and says every ten seconds at what rate; ``path`` is the file for Prometheus."""

    def __init__(
        self, path: Path | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._path = path
        self._clock = clock
        self._said = clock()
        self._before: Counter[str] = Counter()

    @property
    def is_due(self) -> bool:
        """Is it time to say something?"""
        return self._clock() - self._said >= EVERY_SECONDS

    def say(self, lag: int | None, held: int) -> None:
        """Say what was done since the last time, and what there is to do."""
        seconds = max(self._clock() - self._said, 1e-9)
        new = self.counts - self._before
        self._said, self._before = self._clock(), self.counts.copy()
        rate = round((new["logged"] + new["repeated"]) / seconds, 1)
        counted = {name: self.counts[name] for name in COUNTED}
        values = {"events_per_second": rate, "lag": lag, "held": held, **counted}
        _log.info("consumed", extra=values)
        if self._path is not None:
            self._write(self._path, lag, held)

    def _write(self, path: Path, lag: int | None, held: int) -> None:
        from prometheus_client import CollectorRegistry, Gauge, write_to_textfile

        registry = CollectorRegistry()
        values = {f"{name}_total": (COUNTED[name], self.counts[name]) for name in COUNTED}
        values["held"] = ("outcomes that wait for their events", held)
        if lag is not None:
            values["lag"] = ("messages to be read", lag)
        for name, (meaning, value) in values.items():
            Gauge(f"everycase_stream_{name}", meaning, registry=registry).set(value)
        try:
            write_to_textfile(str(path), registry)
        except OSError as error:
            _log.warning("%s can't be written: %s", path, error)
