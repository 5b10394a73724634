"""Warnings at the start about what several machines must share, without secrets."""

from __future__ import annotations

import pytest

from webapp.server import multi_machine
from webapp.settings import Settings

POSTGRESQL = "postgresql://me:hunter2@db.example/everycase"
REDIS = "rediss://:hunter2@redis.example:6380/0"


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        ({}, []),
        ({"redis_url": REDIS}, ["SECRET_KEY", "DATABASE_URL"]),
        ({"redis_url": REDIS, "secret_key": "k" * 16}, ["DATABASE_URL"]),
        ({"redis_url": REDIS, "secret_key": "k" * 16, "database_url": POSTGRESQL}, []),
        ({"jobs": False}, ["JOBS=0 without REDIS_URL"]),
        ({"jobs": False, "redis_url": REDIS, "database_url": POSTGRESQL}, ["SECRET_KEY"]),
    ],
)
def test_warnings_name_the_setting(
    settings: dict[str, object], names: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    multi_machine.log_warnings(Settings(**settings))  # type: ignore[arg-type]
    messages = [record.getMessage() for record in caplog.records]
    assert len(messages) == len(names)
    assert all(text.startswith(name) for text, name in zip(messages, names, strict=True))


def test_the_queue_is_named_without_its_password() -> None:
    assert multi_machine.queue_name(Settings(redis_url=REDIS)) == "Redis at redis.example:6380/0"
    assert multi_machine.queue_name(Settings(redis_url="redis://h:6379/0")) == "Redis at h:6379/0"
    assert "the queue in" in multi_machine.queue_name(Settings())
