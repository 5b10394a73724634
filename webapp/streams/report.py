"""The consumer's counts, as log lines and as a file for Prometheus."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

# The counts and their meanings
COUNTED = {
    "logged": "feature events logged and answered",
    "repeated": "feature events in the log already, answered again",
    "outcomes": "outcomes logged now or before",
    "dead": "messages sent to the dead-letter topic",
    "away": "times that the log, a version or a broker was unavailable",
}
EVERY_SECONDS = 10.0
_log = logging.getLogger("everycase.streams")


class ConsumerReport:
    """Counts, logged with a rate every ten seconds; ``path`` is the file for Prometheus."""

    def __init__(
        self, path: Path | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._path = path
        self._clock = clock
        self._logged_at = clock()
        self._before: Counter[str] = Counter()

    @property
    def is_due(self) -> bool:
        """True if the counts were last logged ten seconds ago or more."""
        return self._clock() - self._logged_at >= EVERY_SECONDS

    def log_counts(self, lag: int | None, waiting: int) -> None:
        """Log the counts, the lag in messages, and the number of outcomes that wait."""
        seconds = max(self._clock() - self._logged_at, 1e-9)
        new = self.counts - self._before
        self._logged_at, self._before = self._clock(), self.counts.copy()
        rate = round((new["logged"] + new["repeated"]) / seconds, 1)
        totals = {name: self.counts[name] for name in COUNTED}
        values = {"events_per_second": rate, "lag": lag, "held": waiting, **totals}
        _log.info("consumed", extra=values)
        if self._path is not None:
            self._write(self._path, lag, waiting)

    def _write(self, path: Path, lag: int | None, waiting: int) -> None:
        from prometheus_client import CollectorRegistry, Gauge, write_to_textfile

        registry = CollectorRegistry()
        values = {f"{name}_total": (COUNTED[name], self.counts[name]) for name in COUNTED}
        values["held"] = ("outcomes that wait for their events", waiting)
        if lag is not None:
            values["lag"] = ("messages to be read", lag)
        for name, (meaning, value) in values.items():
            Gauge(f"everycase_stream_{name}", meaning, registry=registry).set(value)
        try:
            write_to_textfile(str(path), registry)
        except OSError as error:
            _log.warning("%s can't be written: %s", path, error)
