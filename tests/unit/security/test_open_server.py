"""A server that is open says so at its start, and what closes it."""

from __future__ import annotations

import logging

import pytest

from webapp.server import exposure
from webapp.settings import Settings


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, ["at every address of this machine", "ALLOWED_HOSTS is unset"]),
        ({"host": "10.0.0.7"}, ["port 8050 at 10.0.0.7", "ALLOWED_HOSTS is unset"]),
        ({"host": "127.0.0.1", "trusted_proxies": 1}, ["at 127.0.0.1", "ALLOWED_HOSTS"]),
        ({"allowed_hosts": ("a.b",)}, ["API_TOKEN is unset"]),
        ({"host": "127.0.0.1"}, []),
        ({"api_token": "t" * 16}, []),
    ],
)
def test_what_is_open_is_said(
    settings: dict[str, object], words: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    exposure.log_openings(Settings(**settings))  # type: ignore[arg-type]
    messages = [record.getMessage() for record in caplog.records]
    assert len(messages) == len(words)
    assert all(word in message for word, message in zip(words, messages, strict=True))
    assert all(record.levelno == logging.WARNING for record in caplog.records)
