"""Notify a webhook when the champion, its headline verdict or harm changes: one POST a change."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable

from webapp.db.tables.alerts import Alert
from webapp.services.context import Services
from webapp.services.drift import reader
from webapp.services.drift.answer import NoAnswer
from webapp.services.drift.sentence import compose
from webapp.services.formatting import iso
from webapp.services.predict import version_choice
from webapp.services.traffic import windows

TIMEOUT = 10.0  # seconds
WAITS = (1.0, 3.0)  # seconds between attempts; the next run tries again


def note_changes(services: Services, now: int) -> bool:
    """Queue an alert for each new promotion, and one if the champion's verdict changed.

    Only real traffic counts. Returns True if the verdict changed. Raises LogUnavailableError.
    """
    services.alerts.note_promotions()
    try:
        answer = reader.answer_question(services, windows.read({}, now))
    except (version_choice.UnknownVersionError, version_choice.VersionNotReadyError):
        return False  # /readyz reports it
    if isinstance(answer, NoAnswer) or answer.scope.is_simulated:
        return False
    result, sentence = answer.result, compose(answer, now).text
    return services.alerts.note(
        answer.scope.version,
        result.headline.verdict,
        sentence,
        now,
        harm=result.performance.verdict,
    )


def deliver(services: Services, url: str, pause: Callable[[float], None] = time.sleep) -> int:
    """Send the queued alerts; returns how many arrived. Raises LogUnavailableError.

    An alert that fails stays queued for the next run. Each has an idempotency key of its own.
    """
    deliveries = 0
    while (alert := services.alerts.take()) is not None:
        is_sent = _send(url, alert)
        for wait in WAITS:
            if is_sent:
                break
            pause(wait)
            is_sent = _send(url, alert)
        services.alerts.record_delivery(alert, is_sent=is_sent)
        if not is_sent:
            break  # the receiver is down: the others would fail as well
        deliveries += 1
    return deliveries


def _send(url: str, alert: Alert) -> bool:
    """Post one alert. False if the receiver can't be reached or refuses it."""
    event = "champion.promoted" if alert.kind == "promotion" else "drift.verdict_changed"
    body = {
        "event": event,
        "id": alert.id,
        "at": iso(alert.at),
        "version": alert.version,
        "verdict": alert.verdict,
        "previous": alert.previous,
        "harm": alert.harm,
        "text": alert.sentence,  # what chat tools show
    }
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "everycase",
        "Idempotency-Key": f"everycase-alert-{alert.id}",
    }
    request = urllib.request.Request(url, json.dumps(body).encode(), headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as response:
            return bool(200 <= response.status < 300)
    except (OSError, ValueError):
        return False
