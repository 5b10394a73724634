"""Tell a webhook when the champion or its headline verdict changes: one POST a change."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable

from webapp.db.tables.alerts import Alert
from webapp.services.context import Services
from webapp.services.drift import reader
from webapp.services.drift.sentence import compose
from webapp.services.formatting import iso
from webapp.services.predict import version_choice
from webapp.services.traffic import windows

TIMEOUT = 10.0  # seconds
WAITS = (1.0, 3.0)  # seconds between tries; a later run goes on


def look(services: Services, now: int) -> bool:
    """Note promotions, and the champion's verdict on real traffic: is there news of the verdict?

    Raises LogUnavailableError.
    """
    services.alerts.note_promotions()
    try:
        answer = reader.ask(services, windows.read({}, now))
    except (version_choice.UnknownVersionError, version_choice.VersionNotReadyError):
        return False  # /readyz says so
    if answer.result is None or answer.simulated:
        return False
    verdict = answer.result.headline.verdict
    return services.alerts.note(answer.version, verdict, compose(answer, now).text, now)


def deliver(services: Services, url: str, pause: Callable[[float], None] = time.sleep) -> int:
    """Send what is to be sent: how many arrived. Raises LogUnavailableError.

    What fails is left for the next run. Each change has an idempotency key of its own.
    """
    arrived = 0
    while (alert := services.alerts.take()) is not None:
        sent = _send(url, alert)
        for wait in WAITS:
            if sent:
                break
            pause(wait)
            sent = _send(url, alert)
        services.alerts.record_delivery(alert, is_sent=sent)
        if not sent:
            break  # the others would wait as long in vain
        arrived += 1
    return arrived


def _send(url: str, alert: Alert) -> bool:
    event = "champion.promoted" if alert.kind == "promotion" else "drift.verdict_changed"
    body = {
        "event": event,
        "id": alert.id,
        "at": iso(alert.at),
        "version": alert.version,
        "verdict": alert.verdict,
        "previous": alert.previous,
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
        return False  # refused, timed out, or an answer that says no
