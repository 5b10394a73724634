"""Days and times are written one way; those of another year have it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from webapp.services.formatting import minute, past_day, short_day

NOW = int(datetime(2026, 11, 30, 12, tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("at", "day"),
    [
        (datetime(2026, 11, 7, 14, 5, tzinfo=UTC), "7 Nov"),
        (datetime(2026, 1, 1, 0, 0, tzinfo=UTC), "1 Jan"),
        (datetime(2025, 12, 31, 23, 59, tzinfo=UTC), "31 Dec 2025"),
        (datetime(2027, 1, 1, 0, 0, tzinfo=UTC), "1 Jan 2027"),
    ],
)
def test_a_time_of_another_year_has_it(at: datetime, day: str) -> None:
    ms = int(at.timestamp() * 1000)
    assert past_day(ms, NOW) == day
    assert minute(ms, NOW) == f"{day}, {at:%H:%M}\u00a0UTC"
    assert short_day(ms) == " ".join(day.split()[:2])


def test_now_is_this_year() -> None:
    now = datetime.now(UTC)
    assert str(now.year) not in past_day(int(now.timestamp() * 1000))
