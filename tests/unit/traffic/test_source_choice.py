"""Which traffic is looked at where nobody chose: the rule, on both sides of where it turns."""

from __future__ import annotations

import pytest

from tests.support.event_logs import hand_services
from tests.support.events import make_event
from tests.support.traffic import NOW, A, shipped
from webapp.db.database import Database
from webapp.db.schema import Source
from webapp.services.context import Services
from webapp.services.models.leaderboard import read_leaderboard
from webapp.services.models.shown_traffic import follow_traffic, is_simulated_shown
from webapp.services.predict import version_choice
from webapp.services.traffic import outcomes_by_day, windows
from webapp.services.traffic.pool import TrafficPool
from webapp.services.traffic.source_choice import ChosenSource, NotShown, name_source
from webapp.timing import DAY_MS, HOUR_MS

WINDOW = windows.last_days(NOW)


@pytest.fixture
def services(database: Database) -> Services:
    return hand_services([shipped(A)], database)


def write(services: Services, n: int, source: Source, at: int = NOW) -> None:
    services.log.record([make_event(at=at, source=source, label=i % 2) for i in range(n)])


def pool(
    services: Services,
    source: ChosenSource | None = None,
    window: tuple[int, int] | None = WINDOW,
) -> TrafficPool:
    _, prepared = version_choice.resolve(services, None)
    return TrafficPool(services, services.counts, prepared, source, window)


def test_simulated_traffic_stays_until_there_is_enough_real(services: Services) -> None:
    write(services, 30, "demo")
    assert pool(services).sources == ("demo",)
    assert pool(services).not_shown == NotShown(0)
    write(services, 198, "api")
    write(services, 1, "batch")
    assert pool(services).not_shown == NotShown(199, ever=True)
    assert pool(services, "all").window(*WINDOW).total == 199
    assert is_simulated_shown(services, NOW)
    assert follow_traffic(services, NOW).plan.simulated
    board = read_leaderboard(services, NOW)
    assert (board.events, board.is_simulated, board.not_shown) == (
        30,
        True,
        NotShown(199, ever=True),
    )
    assert read_leaderboard(services, NOW, "all").events == 199
    assert not follow_traffic(services, NOW, "all").plan.simulated
    log = outcomes_by_day.read_outcomes(services, None, None)
    assert log.shown == "The log (simulated traffic; 199 real events are not shown)"
    write(services, 1, "replay")
    real = pool(services)
    assert (real.window(*WINDOW).total, real.not_shown) == (200, None)
    assert pool(services, "demo").window(*WINDOW).total == 30
    assert not is_simulated_shown(services, NOW)
    assert is_simulated_shown(services, NOW, "demo")
    assert not follow_traffic(services, NOW).plan.simulated
    log = outcomes_by_day.read_outcomes(services, None, None)
    assert log.shown == "The log (real traffic: api, batch, replay)"
    services.close()


def test_only_events_of_the_window_count(services: Services) -> None:
    write(services, 5, "demo")
    write(services, 400, "api", at=NOW - 40 * DAY_MS)
    assert pool(services).not_shown == NotShown(0, ever=True)
    assert pool(services, window=(WINDOW[0] - 30 * DAY_MS, WINDOW[1])).sources != ("demo",)
    hour = NOW - NOW % HOUR_MS
    write(services, 250, "api", at=hour - HOUR_MS)
    assert pool(services).not_shown is None
    assert pool(services, window=(hour, hour + HOUR_MS)).sources == ("demo",)
    services.close()


def test_a_window_without_either_is_that_of_the_latest_traffic(services: Services) -> None:
    assert pool(services).sources == services.evidence
    write(services, 3, "api", at=NOW - 60 * DAY_MS)
    assert pool(services).sources == services.evidence
    write(services, 3, "demo", at=NOW - 40 * DAY_MS)
    assert pool(services).sources == ("demo",)
    write(services, 3, "api", at=NOW - 35 * DAY_MS)
    assert pool(services).sources == services.evidence
    write(services, 3, "api")  # few, and no simulated ones beside them
    assert pool(services).sources == services.evidence
    services.close()


def test_predictions_of_the_form_are_named_where_they_count_for_nothing(
    services: Services,
) -> None:
    write(services, 5, "demo")
    write(services, 1, "form")
    assert pool(services).not_shown == NotShown(1, "form")
    write(services, 2, "api")
    assert pool(services).not_shown == NotShown(2, ever=True)
    services.close()


@pytest.mark.parametrize(
    ("not_shown", "text", "link", "hint"),
    [
        (NotShown(0), "No real events yet", "", "No real events yet."),
        (NotShown(0, ever=True), "No real events in this window", "", "in this window."),
        (NotShown(1), "1 real event is not shown", "show it", "--source all shows it."),
        (NotShown(1_234), "1,234 real events are not shown", "show them", "all shows them."),
        (
            NotShown(1, "form"),
            "1 prediction from the form is not shown",
            "show it",
            "form shows it.",
        ),
        (
            NotShown(2, "form"),
            "2 predictions from the form are not shown",
            "show them",
            "form shows",
        ),
    ],
)
def test_the_words(not_shown: NotShown, text: str, link: str, hint: str) -> None:
    assert (not_shown.text, not_shown.link) == (text, link)
    assert not_shown.hint.startswith(f"Simulated traffic. {text}")
    assert hint in not_shown.hint


def test_an_empty_source_is_named() -> None:
    assert name_source(None) == "traffic"
    assert name_source("all") == "real traffic"
    assert name_source("edge") == "traffic from functions"
