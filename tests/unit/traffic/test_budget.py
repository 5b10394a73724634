"""What one question may read and make, and the sentence that says how to ask for less."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.event_logs import hand_services
from tests.support.events import make_event
from tests.support.versions import ready
from webapp.cases import InputError
from webapp.services.compare.reader import answer_request
from webapp.services.compare.request import read_request
from webapp.services.context import Services
from webapp.services.drift import reader
from webapp.services.drift.answer import TrafficReport
from webapp.services.traffic import budget, windows
from webapp.timing import DAY_MS

NOW = 20_780 * DAY_MS + DAY_MS // 2


@pytest.fixture
def services() -> Iterator[Services]:
    """Two versions, and three events on each of the last ten days."""
    services = hand_services([ready("a_v1"), ready("b_v1", seed=1)])
    events = [
        make_event(version="a_v1", at=NOW - day * DAY_MS, case=case, label=1)
        for day in range(10)
        for case in range(3)
    ]
    services.log.record(events)
    yield services
    services.close()


def test_a_question_that_reads_too_much_says_from_when_on_it_may_ask(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(budget, "ROWS", 12)
    ask = {"version": "a_v1", "days": "10"}
    with pytest.raises(InputError, match=r"30 counts.*12 at most: send from=2026-11-20 or") as no:
        reader.answer_question(services, windows.read(ask, NOW))
    assert no.value.field == "from"
    with pytest.raises(InputError, match="from=2026-11-20"):
        answer_request(services, read_request({"versions": "a_v1,b_v1", "days": "10"}, NOW))
    later = {"version": "a_v1", "from": "2026-11-20"}
    answer = reader.answer_question(services, windows.read(later, NOW))
    assert isinstance(answer, TrafficReport)
    assert answer.window.total == 12


def test_a_table_of_too_many_periods_says_how_to_ask_for_fewer(services: Services) -> None:
    ask = {"versions": "a_v1,b_v1", "days": "3660"}
    budget.check_table(20, 523)  # ten years of weeks
    assert answer_request(services, read_request(ask, NOW)).events.sum() == 30
    assert answer_request(services, read_request(ask | {"every": "day"}, NOW))
    with pytest.raises(InputError, match=r"3,660 periods of 4 versions.*send every=week"):
        budget.check_table(4, 3660)
