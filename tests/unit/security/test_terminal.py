"""Nothing that a client sends moves a terminal's cursor or makes a line of the log."""

from __future__ import annotations

import io
import logging

import pytest

from webapp.server import logging_setup
from webapp.server.access_log import _as_text

EVIL = "/\x1b]0;owned\x07\x1b[2J\x9b31m\r\n2026-11-29 [info] all is well\u202e"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("stream", [io.StringIO(), Terminal()], ids=["file", "terminal"])
def test_a_line_stays_a_line(stream: io.StringIO) -> None:
    formatter = logging_setup.formatter("text", stream)
    record = logging.LogRecord("x", logging.INFO, "", 0, "asked for %s", (EVIL,), None)
    record.more = EVIL  # type: ignore[attr-defined]
    line = formatter.format(record)
    assert "\\x1b]0;owned" in line
    assert not set(logging_setup.escape_controls(line, keeps_colours=True)) ^ set(line)
    assert "\n" not in line
    assert not {"\x07", "\x9b", "\r", "\u202e"} & set(line)
    assert "\x1b[2J" not in line


def test_an_error_text_has_no_escapes_either() -> None:
    formatter = logging_setup.formatter("text", io.StringIO())
    try:
        raise ValueError(EVIL)
    except ValueError as error:
        info = (type(error), error, error.__traceback__)
    line = formatter.format(logging.LogRecord("x", logging.ERROR, "", 0, "failed", (), info))
    assert "Traceback" in line
    assert not {"\x1b", "\x07", "\x9b", "\r"} & set(line)


def test_the_line_of_a_request() -> None:
    values = dict.fromkeys(("client", "method", "status", "bytes", "ms", "request_id"), "-")
    line = _as_text(values | {"path": EVIL.replace("\n", "")})
    assert line.isprintable()
