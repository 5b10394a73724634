"""Metrics for Prometheus: requests of all workers, and the state of champion, log and retraining.

Workers share their counts through files, in a folder that gunicorn.conf.py sets before this module
is imported.
"""

from __future__ import annotations

import os
import time
from collections import Counter as Tally
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from threading import Lock

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
)
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from webapp.db.database import LogUnavailableError
from webapp.server.metric_files import locked
from webapp.services.context import Services
from webapp.services.models import policy_state
from webapp.services.models.shown_traffic import follow_traffic
from webapp.services.status import status
from webapp.timing import now_ms

FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # read by the library
CONTENT_TYPE = CONTENT_TYPE_LATEST
KEPT_SECONDS = 1.0  # for which the sums over all counts are given again
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class AppMetrics:
    """The metrics of one app."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._registry = CollectorRegistry()
        requests = Counter(
            "everycase_http_requests",
            "Answered requests.",
            ("method", "route", "status"),
            registry=self._registry,
        )
        seconds = Histogram(
            "everycase_http_request_duration_seconds",
            "Time to answer a request.",
            ("route",),
            buckets=_SECONDS,
            registry=self._registry,
        )
        # Finding the child of some labels takes longer than counting.
        self._lock, self._until, self._last = Lock(), 0.0, list[Metric]()
        self._requests = lru_cache(requests.labels)
        self._seconds = lru_cache(seconds.labels)

    def note(self, method: str, route: str, code: str, seconds: float) -> None:
        """Count a request; ``route`` is the rule of its address, so that there are few series."""
        self._requests(method if method in _METHODS else "other", route, code).inc()
        self._seconds(route).observe(seconds)

    def exposition(self) -> bytes:
        """All metrics in Prometheus' text format. Never fails."""
        return self._requests_text() + generate_latest(_State(self._services, self._slow()))

    def _requests_text(self) -> bytes:
        if FOLDER not in os.environ:
            return generate_latest(self._registry)
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        with locked(Path(os.environ[FOLDER]), alone=False):  # no worker's file goes meanwhile
            return generate_latest(registry)

    def _slow(self) -> list[Metric]:
        """What adds up all counts: made by one thread at a time, at most once in a moment."""
        with self._lock:
            if time.monotonic() >= self._until:
                state = _SlowState(self._services)
                self._last = [*state.collect()]
                self._until = time.monotonic() + KEPT_SECONDS
            return self._last


class _State(Collector):
    """The state of the app now, the same from whichever worker."""

    def __init__(self, services: Services, others: Sequence[Metric]) -> None:
        self._services, self._others = services, others

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics, read now."""
        state = status(self._services)
        champion = GaugeMetricFamily(
            "everycase_champion_ready", "1 if the champion can answer.", labels=("version",)
        )
        champion.add_metric(
            (state.champion or "",), state.champion is not None and not state.problem
        )
        yield champion
        versions = GaugeMetricFamily(
            "everycase_versions", "Model versions by status.", labels=("status",)
        )
        for name, count in Tally(v.status for v in self._services.catalog.versions()).items():
            versions.add_metric((name,), count)
        yield versions
        if self._services.mirror is not None:
            reachable = GaugeMetricFamily(
                "everycase_models_reached", "1 if the registry or bucket can be reached."
            )
            reachable.add_metric((), self._services.mirror.away_since() is None)
            yield reachable
        yield from self._others


class _SlowState:
    """What of the state takes a look at all counts."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics, read now."""
        yield from self._log()
        yield from self._retraining()

    def _retraining(self) -> Iterator[Metric]:
        """Only metrics with a value: some need a promotion, a check, or the event log."""
        age = GaugeMetricFamily(
            "everycase_champion_age_seconds", "Time since the champion's promotion."
        )
        is_simulated = GaugeMetricFamily(
            "everycase_simulated_traffic",
            "1 if the next two are of simulated traffic, as there is too little real.",
        )
        since = GaugeMetricFamily(
            "everycase_champion_matured_events", "Events since then whose outcome is known."
        )
        distance = GaugeMetricFamily(
            "everycase_retrain_distance",
            "Share of the way to the policy's firing, from 0 to 1.",
            labels=("policy",),
        )
        try:
            now = now_ms()
            reader = follow_traffic(self._services, now)
            state = policy_state.read_status(reader, now, with_next_check=False)
        except LogUnavailableError:
            return
        if state.age_ms is not None:
            age.add_metric((), state.age_ms / 1000)
        is_simulated.add_metric((), state.traffic == "simulated")
        since.add_metric((), state.matured)
        if state.distance is not None:
            distance.add_metric((state.policy,), state.distance)
        yield from (age, is_simulated, since, distance)

    def _log(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("everycase_log_up", "1 if the event log answers.")
        events = GaugeMetricFamily("everycase_events", "Events logged.", labels=("source",))
        matured = GaugeMetricFamily(
            "everycase_matured_events", "Events whose outcome is known.", labels=("source",)
        )
        try:
            totals, matured_totals = self._services.log.totals(), self._services.log.matured()
        except LogUnavailableError:
            up.add_metric((), 0)
        else:
            up.add_metric((), 1)
            for source, n in totals.items():
                events.add_metric((source,), n)
                matured.add_metric((source,), matured_totals.get(source, 0))
        yield from (up, events, matured)
