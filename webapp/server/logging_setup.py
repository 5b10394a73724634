"""Logs: JSON lines for machines, readable lines in a terminal."""

from __future__ import annotations

import json
import logging
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


class _Hiding(structlog.stdlib.ProcessorFormatter):
    """Formats records, and puts *** for secrets, whichever library wrote them."""

    def __init__(self, secrets: Sequence[str], **options: Any) -> None:
        super().__init__(**options)
        spellings = {text for secret in secrets for text in (secret, json.dumps(secret)[1:-1])}
        self._secrets = sorted(spellings, key=len, reverse=True)

    def format(self, record: logging.LogRecord) -> str:
        """The record's line."""
        line = str(super().format(record))
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
        last.append(structlog.dev.ConsoleRenderer(colors=colors, pad_event_to=0))
    return _Hiding(secrets, foreign_pre_chain=before, processors=last)


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
