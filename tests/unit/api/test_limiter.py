"""Rate limits: who is one client, when it may ask again, and what happens without Redis."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

import pytest
from flask import Flask

from tests.support.serving import free_port
from webapp.addresses import client_network
from webapp.api.errors import ApiError
from webapp.api.limiter import PAUSE_SECONDS, REDIS_SECONDS, Limiter

SERVER = Flask("test")


def ask(limiter: Limiter, address: str = "192.0.2.1") -> int | None:
    """Seconds to wait, None when the client may."""
    with SERVER.test_request_context("/", environ_base={"REMOTE_ADDR": address}):
        try:
            limiter.check()
        except ApiError as error:
            refusal = error
        else:
            return None
    assert (refusal.status, refusal.code) == (429, "too_many_requests")
    assert refusal.response().headers["Retry-After"] == str(refusal.retry_after)
    return refusal.retry_after


def test_one_too_many() -> None:
    limiter = Limiter("3/minute")
    assert [ask(limiter) for _ in range(3)] == [None] * 3
    wait = ask(limiter)
    assert wait is not None
    assert 55 <= wait <= 60


def test_clients_count_apart_and_so_do_limiters() -> None:
    limiter, other = Limiter("1/minute", name="a"), Limiter("1/minute", name="b")
    assert ask(limiter) is None
    assert ask(limiter) is not None
    assert ask(limiter, "192.0.2.2") is None
    assert ask(other) is None


def test_after_the_wait_the_client_may_again() -> None:
    limiter = Limiter("2/second")
    assert [ask(limiter), ask(limiter)] == [None, None]
    wait = ask(limiter)
    assert wait == 1
    time.sleep(wait)
    assert ask(limiter) is None


def test_of_several_limits_the_longest_wait_is_named() -> None:
    limiter = Limiter("1/second; 1/hour")
    assert ask(limiter) is None
    wait = ask(limiter)
    assert wait is not None
    assert wait > 3500


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("", ""),
    ],
)
def test_one_client(address: str, client: str) -> None:
    assert client_network(address) == client


def test_while_redis_is_unavailable_each_process_limits_for_itself(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    url = f"redis://:hidden@127.0.0.1:{free_port()}/0"
    limiter = Limiter("3/hour", url, clock=lambda: now[0])
    with caplog.at_level(logging.WARNING):
        start = time.monotonic()
        waits = [ask(limiter) for _ in range(50)]
        assert waits[:3] == [None] * 3
        assert None not in waits[3:]
        assert time.monotonic() - start < 4 * REDIS_SECONDS  # it was asked once, not 50 times
        now[0] += PAUSE_SECONDS
        assert ask(limiter) is not None
    assert len(caplog.records) == 1
    assert "Redis is unavailable" in caplog.text
    assert "hidden" not in caplog.text
    counts = counter_of_redis(monkeypatch)
    now[0] += PAUSE_SECONDS
    assert [ask(limiter) for _ in range(3)] == [None] * 3
    assert ask(limiter) is not None
    assert counts == [1, 2, 3, 4]
    assert "Redis is back" in caplog.text


def counter_of_redis(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """From now on Redis answers: what it counts."""
    from limits.storage import RedisStorage

    counts: list[int] = []

    def incr(_self: object, _key: str, _expiry: int, amount: int = 1) -> int:
        counts.append(len(counts) + amount)
        return counts[-1]

    values: dict[str, Callable[..., float]] = {
        "incr": incr,
        "get": lambda _self, _key: len(counts),
        "get_expiry": lambda _self, _key: time.time() + 30,
    }
    for name, value in values.items():
        monkeypatch.setattr(RedisStorage, name, value)
    return counts
