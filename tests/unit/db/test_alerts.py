"""Each promotion raises one alert, whoever promoted and however many processes look."""

from __future__ import annotations

import pytest

from tests.support.event_logs import hand_services
from tests.support.versions import ready
from webapp.db.database import Database
from webapp.db.tables.alerts import Alerts
from webapp.db.tables.ledger import Ledger
from webapp.services.context import Services
from webapp.services.models.champion import make_champion


@pytest.fixture
def services() -> Services:
    return hand_services([ready("logit_games_v1"), ready("a_v1"), ready("b_v1")])


def test_what_was_before_the_first_look_is_old_news(services: Services) -> None:
    make_champion(services, "a_v1", actor="ann", reason="first")
    assert services.alerts.note_promotions() == 0
    assert services.alerts.take() is None
    make_champion(services, "b_v1", actor="ann", reason="better on May")
    assert services.alerts.note_promotions() == 1
    assert services.alerts.note_promotions() == 0
    alert = services.alerts.take()
    assert alert is not None
    assert (alert.kind, alert.version, alert.verdict, alert.previous) == (
        "promotion",
        "b_v1",
        "promoted",
        "a_v1",
    )
    assert alert.sentence == "b_v1 is now champion, replacing a_v1 (by ann). better on May"
    services.alerts.record_delivery(alert, is_sent=True)
    assert services.alerts.take() is None


def test_promotions_and_verdicts_do_not_mix(database: Database) -> None:
    alerts, ledger = Alerts(database), Ledger(database)
    alerts.note_promotions()
    assert alerts.note("a_v1", "drifted", "It drifted.", 1, harm="unknown")
    ledger.promote("a_v1", actor="ann", reason="")
    assert alerts.note_promotions() == 1
    assert not alerts.note("a_v1", "drifted", "It drifted.", 2, harm="unknown"), (
        "the verdict is what it was"
    )
    kinds = []
    while (alert := alerts.take()) is not None:
        kinds.append(alert.kind)
        alerts.record_delivery(alert, is_sent=True)
    assert kinds == ["drift", "promotion"]


def test_harm_is_news_also_where_the_verdict_stays(database: Database) -> None:
    alerts = Alerts(database)
    steps = [
        ("stable", "no difference that matters", False),  # the first, and calm
        ("unknown", "unknown", True),  # outcomes stopped coming
        ("drifted", "unknown", True),
        ("drifted", "no difference that matters", False),  # no news
        ("drifted", "worse", True),
        ("drifted", "worse", False),
        ("drifted", "unknown", True),
    ]
    notes = [alerts.note("a_v1", v, "So.", at, harm=h) for at, (v, h, _) in enumerate(steps)]
    assert notes == [is_news for *_, is_news in steps]
    bodies = []
    while (alert := alerts.take()) is not None:
        bodies.append((alert.verdict, alert.harm))
        alerts.record_delivery(alert, is_sent=True)
    assert bodies == [(v, h) for v, h, is_news in steps if is_news]
