"""Numbers for Prometheus: requests as all workers served them, and how the log and champion are.

Several workers share their numbers through files, whose folder gunicorn's configuration names
before this module is imported.
"""

from __future__ import annotations

import os
from collections import Counter as Tally
from collections.abc import Iterator
from functools import lru_cache

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
from webapp.services.context import Services
from webapp.services.models import policy_state
from webapp.services.status import status
from webapp.timing import now_ms

FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # the library's name for it
CONTENT_TYPE = CONTENT_TYPE_LATEST
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Metrics:
    """The numbers of one app."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._registry = CollectorRegistry()
        requests = Counter(
            "everycase_http_requests",
            "Requests that were answered.",
            ("method", "route", "status"),
            registry=self._registry,
        )
        seconds = Histogram(
            "everycase_http_request_duration_seconds",
            "How long answering took.",
            ("route",),
            buckets=_SECONDS,
            registry=self._registry,
        )
        # Finding the one to add to takes longer than adding.
        self._requests = lru_cache(requests.labels)
        self._seconds = lru_cache(seconds.labels)

    def note(self, method: str, route: str, code: str, seconds: float) -> None:
        """Count a request; ``route`` is the rule of its address, so that there are few."""
        self._requests(method if method in _METHODS else "other", route, code).inc()
        self._seconds(route).observe(seconds)

    def exposition(self) -> bytes:
        """Everything in Prometheus' text format. Never fails."""
        registry = self._registry
        if FOLDER in os.environ:
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry) + generate_latest(_State(self._services))


class _State(Collector):
    """How the champion and the log are now: the same whichever worker is asked."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def collect(self) -> Iterator[Metric]:
        """The numbers, made anew."""
        found = status(self._services)
        champion = GaugeMetricFamily(
            "everycase_champion_ready", "Can the champion answer?", labels=("version",)
        )
        champion.add_metric(
            (found.champion or "",), found.champion is not None and not found.problem
        )
        yield champion
        versions = GaugeMetricFamily(
            "everycase_versions", "Model versions by status.", labels=("status",)
        )
        for name, count in Tally(v.status for v in self._services.catalog.versions()).items():
            versions.add_metric((name,), count)
        yield versions
        if self._services.mirror is not None:
            reached = GaugeMetricFamily(
                "everycase_models_reached", "Can the place of the versions be reached?"
            )
            reached.add_metric((), self._services.mirror.away_since() is None)
            yield reached
        yield from self._log()
        yield from self._retraining()

    def _retraining(self) -> Iterator[Metric]:
        """Nothing of what isn't known: before the first promotion, a check, or without the log."""
        age = GaugeMetricFamily("everycase_champion_age_seconds", "Since the champion was made so.")
        since = GaugeMetricFamily(
            "everycase_champion_matured_events", "Events whose outcome is known, since then."
        )
        distance = GaugeMetricFamily(
            "everycase_retrain_distance",
            "How far the policy is on its way to firing, from 0 to 1.",
            labels=("policy",),
        )
        try:
            found = policy_state.read_status(self._services, now_ms(), with_next_check=False)
        except LogUnavailableError:
            return
        if found.age_ms is not None:
            age.add_metric((), found.age_ms / 1000)
        since.add_metric((), found.matured)
        if found.distance is not None:
            distance.add_metric((found.policy,), found.distance)
        yield from (age, since, distance)

    def _log(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("everycase_log_up", "Does the event log answer?")
        events = GaugeMetricFamily("everycase_events", "Events logged.", labels=("source",))
        matured = GaugeMetricFamily(
            "everycase_matured_events", "Events whose outcome is known.", labels=("source",)
        )
        try:
            totals, known = self._services.log.totals(), self._services.log.matured()
        except LogUnavailableError:
            up.add_metric((), 0)
        else:
            up.add_metric((), 1)
            for source, n in totals.items():
                events.add_metric((source,), n)
                matured.add_metric((source,), known.get(source, 0))
        yield from (up, events, matured)
