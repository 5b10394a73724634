"""Questions read from text: every mistake names the field and the fix."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from webapp.cases import InputError
from webapp.grammar import NBSP
from webapp.services import formatting
from webapp.services.traffic import windows
from webapp.stats.rates import Interval
from webapp.timing import DAY_MS, start_of_day

NOW = int(datetime(2026, 11, 21, 15, 30, tzinfo=UTC).timestamp() * 1000)


def day(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("params", "since", "until"),
    [
        ({}, "2026-10-25", "2026-11-22"),
        ({"days": "1"}, "2026-11-21", "2026-11-22"),
        ({"to": "2026-11-10", "days": "7"}, "2026-11-04", "2026-11-11"),
        ({"from": "2026-11-01", "to": "2026-11-01"}, "2026-11-01", "2026-11-02"),
        ({"from": "2026-11-20T13:00Z"}, "2026-11-20T13:00", "2026-11-22"),
        ({"from": "2026-11-20T13:00+01:00", "to": " "}, "2026-11-20T12:00", "2026-11-22"),
    ],
)
def test_windows(params: dict[str, str], since: str, until: str) -> None:
    question = windows.read(params, NOW)
    assert (question.since, question.until) == (day(since), day(until))
    assert question.grain == ("hour" if "T" in since else "day")


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"from": "yesterday"}, "from"),
        ({"to": "2026-13-01"}, "to"),
        ({"to": "9999-12-31"}, "to"),
        ({"from": "2026-11-20T13:30Z"}, "from"),
        ({"from": "2026-11-20", "to": "2026-11-10"}, "to"),
        ({"from": "1990-01-01"}, "from"),
        ({"from": "2026-11-01", "days": "3"}, "days"),
        ({"days": "0"}, "days"),
        ({"days": "two"}, "days"),
        ({"days": "9" * 400}, "days"),
        ({"source": "mail"}, "source"),
        ({"margin": "3"}, "margin"),
        ({"margin": "nan"}, "margin"),
        ({"every": "minute"}, "every"),
        ({"every": "hour", "days": "30"}, "every"),
        ({"from": "2026-11-01T13:00Z"}, "from"),
        ({"from": "2026-11-14T13:00Z", "baseline": "previous"}, "from"),
        ({"form": "2026-11-01"}, "form"),
    ],
)
def test_mistakes_are_named(params: dict[str, str], field: str) -> None:
    with pytest.raises(InputError) as caught:
        windows.read(params, NOW)
    assert caught.value.field == field


def test_days_begin_at_midnight() -> None:
    assert start_of_day(NOW) == start_of_day(day("2026-11-21")) == day("2026-11-21")


def test_words_for_numbers_and_days() -> None:
    nbsp = NBSP
    assert formatting.share(0.571) == f"57{nbsp}%"
    assert formatting.share(0.0421) == f"4.2{nbsp}%"
    assert formatting.share(0.0002) == f"under 0.1{nbsp}%"
    assert formatting.share(0) == f"0{nbsp}%"
    assert formatting.plus_minus(Interval(-0.006, -0.019, 0.007)) == f"−0.6{nbsp}%{nbsp}±{nbsp}1.3"
    assert formatting.number(-0.0001, 1) == "0.0"
    assert formatting.points(0.01) == f"1.0{nbsp}point"
    assert formatting.span(day("2026-11-08"), day("2026-11-22")) == "8–21 Nov 2026"
    assert formatting.span(day("2026-10-25"), day("2026-11-22")) == "25 Oct – 21 Nov 2026"
    assert formatting.span(day("2025-12-25"), day("2026-01-02")) == "25 Dec 2025 – 1 Jan 2026"
    assert formatting.span(day("2026-11-08"), day("2026-11-08") + DAY_MS) == "8 Nov 2026"
    assert formatting.during(day("2026-11-08"), day("2026-11-09")) == "on 8 Nov 2026"
    assert formatting.during(day("2026-11-08"), day("2026-11-22")) == "over 8–21 Nov 2026"
    assert formatting.during(day("2026-10-25"), day("2026-11-22")) == "over 25 Oct to 21 Nov 2026"
