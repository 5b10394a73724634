"""Logs: JSON lines for machines, readable lines in a terminal."""

from __future__ import annotations

import json
import logging
import os
import re
import stat
import sys
from collections.abc import MutableMapping, Sequence
from contextvars import ContextVar
from typing import Any, TextIO

import structlog
from structlog.typing import Processor

from webapp.settings import Format

# The id of the request that this thread works on, empty outside of one.
REQUEST_ID: ContextVar[str] = ContextVar("everycase_request_id", default="")


def is_json(form: Format, stream: TextIO | None = None) -> bool:
    """True if lines are JSON; with ``auto``, unless ``stream`` is a terminal."""
    return form == "json" or (form == "auto" and not (stream or sys.stdout).isatty())


def is_kept(descriptor: int) -> bool:
    """True if what is written there stays: a file, or the socket of a service's journal."""
    mode = os.fstat(descriptor).st_mode
    return stat.S_ISREG(mode) or stat.S_ISSOCK(mode)


# Characters that move a terminal's cursor, hide text or turn it round; colours are not among them
_COLOUR = r"\x1b\[[0-9;]*m"
_CONTROLS = re.compile(
    rf"({_COLOUR})|[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)


def escape_controls(text: str, *, keeps_colours: bool = False) -> str:
    """The text with an escape, such as ``\\x1b``, for each character that a terminal would obey."""

    def escape(match: re.Match[str]) -> str:
        if match[1] and keeps_colours:
            return match[1]
        return match[0].encode("unicode_escape").decode("ascii")

    return _CONTROLS.sub(escape, text)


def _escape_values(
    _logger: Any, _method: str, line: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Texts on one line each: none can look like a line of its own, or colour itself."""
    for name, value in line.items():
        if isinstance(value, str):
            line[name] = escape_controls(value).replace("\n", "\\n")
    return line


class _Hiding(structlog.stdlib.ProcessorFormatter):
    """Formats records, and puts *** for secrets, whichever library wrote them."""

    def __init__(self, secrets: Sequence[str], *, is_text: bool, **options: Any) -> None:
        super().__init__(**options)
        self._is_text = is_text
        spellings = {text for secret in secrets for text in (secret, json.dumps(secret)[1:-1])}
        self._secrets = sorted(spellings, key=len, reverse=True)

    def format(self, record: logging.LogRecord) -> str:
        """The record's line."""
        line = str(super().format(record))
        if self._is_text:  # JSON escapes them by itself
            line = escape_controls(line, keeps_colours=True)
        for secret in self._secrets:
            if secret in line:
                line = line.replace(secret, "***")
        return line


def formatter(
    form: Format, stream: TextIO | None = None, secrets: Sequence[str] = ()
) -> logging.Formatter:
    """A formatter for the records of all libraries; a JSON line has the traceback in it.

    ``secrets`` are the texts that no line may hold.
    """
    before: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_request_id,
        structlog.stdlib.ExtraAdder(),
    ]
    last: list[Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if is_json(form, stream):
        last += [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    else:
        colors = (stream or sys.stdout).isatty()
        last += [_escape_values, structlog.dev.ConsoleRenderer(colors=colors, pad_event_to=0)]
    is_text = not is_json(form, stream)
    return _Hiding(secrets, is_text=is_text, foreign_pre_chain=before, processors=last)


def configure(form: Format, level: str, secrets: Sequence[str] = ()) -> None:
    """Send all records of this process to standard output, without ``secrets``."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(formatter(form, secrets=secrets))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.getLogger("alembic").setLevel(max(logging.WARNING, logging.getLevelName(level)))


def _add_request_id(
    _logger: Any, _method: str, line: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    if request_id := REQUEST_ID.get():
        line["request_id"] = request_id
    return line
