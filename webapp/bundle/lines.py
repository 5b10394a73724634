"""JSON lines on standard output, which CloudWatch and Cloud Logging keep."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_LONGEST = 100_000  # characters of an unreadable message


def write_not_logged(event: dict[str, Any], reason: str) -> None:
    """Write a prediction that was returned but isn't in the log, so that it can be sent later."""
    _write({"severity": "WARNING", "everycase": "not logged", "reason": reason, "event": event})


def write_refused(request_id: str, reason: str, message: object) -> None:
    """Write a message that is not tried again, with its content."""
    excerpt = message[:_LONGEST] if isinstance(message, str) else message
    line = {"severity": "ERROR", "everycase": "refused", "reason": reason}
    _write({**line, "request_id": request_id, "message": excerpt})


def write_unavailable(reason: str, count: int) -> None:
    """Write that a batch of ``count`` events will be tried again."""
    _write({"severity": "ERROR", "everycase": "away", "reason": reason, "events": count})


def _write(values: dict[str, Any]) -> None:
    import json

    print(json.dumps(values), flush=True)
