"""Questions that differ in less than matters are one."""

from __future__ import annotations

import pytest

from webapp.services.compare.request import read_request
from webapp.services.rounding import round_amount, round_share
from webapp.services.traffic import windows
from webapp.timing import DAY_MS

NOW = 20_780 * DAY_MS


@pytest.mark.parametrize(
    ("value", "result"),
    [
        *[(0.0, 0.0), (1.0, 1.0), (0.5, 0.5), (0.2000001, 0.2), (0.12345, 0.1235)],
        *[(0.00012345, 0.000123), (0.99987654, 0.999877), (0.9999999, 0.9999999)],
    ],
)
def test_shares(value: float, result: float) -> None:
    assert round_share(value) == result == round_share(result)


def test_amounts() -> None:
    assert [round_amount(x) for x in (8.0, 8.00001, 123456.0, 0.0)] == [8.0, 8.0, 123500.0, 0.0]


def test_equal_questions() -> None:
    one = read_request({"threshold": "0.2000001", "gain": "8.00001", "cost": "1.0000001"}, NOW)
    assert one == read_request({}, NOW)
    assert windows.read({"margin": "0.0300001"}, NOW) == windows.read({}, NOW)
