"""Lines of the log on who signed in, who couldn't, and what administrators did.

They have the logger ``everycase.audit`` and are written whatever LOG_LEVEL is. No token is in them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from flask import Response, request

from webapp.api.errors import ApiError

LOGGER = "everycase.audit"
_log = logging.getLogger(LOGGER)
_log.setLevel(logging.INFO)


def note(event: str, **facts: str | int) -> None:
    """Write a line on an event of the current request: its name, the client, and more facts."""
    where = {"client": request.remote_addr or "", "method": request.method, "path": request.path}
    _log.info(event, extra={**where, **facts})


def note_act(actor: str, act: Callable[[], Response]) -> Response:
    """Carry out what only an administrator may, and write who did it and the answer's status."""
    status = 500
    try:
        response = act()
        status = response.status_code
        return response
    except ApiError as error:
        status = error.status
        raise
    finally:
        note("administrator's act", actor=actor, status=status)


def facts_of(record: logging.LogRecord) -> dict[str, Any]:
    """The facts in a line's record, for tests and for whoever handles records."""
    names = ("client", "method", "path", "actor", "status", "way", "said")
    return {name: value for name in names if (value := getattr(record, name, None)) is not None}
