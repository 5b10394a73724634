"""Lines on standard output, as JSON: what CloudWatch and Cloud Logging keep."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_LONGEST = 100_000  # characters of a message that couldn't be read


def write_not_logged(event: dict[str, Any], reason: str) -> None:
    """A prediction that was given and is not in the log; it can be sent there later."""
    _write({"severity": "WARNING", "everycase": "not logged", "reason": reason, "event": event})


def write_refused(request_id: str, reason: str, message: object) -> None:
    """A message that is not tried again, with what was in it."""
    excerpt = message[:_LONGEST] if isinstance(message, str) else message
    line = {"severity": "ERROR", "everycase": "refused", "reason": reason}
    _write({**line, "request_id": request_id, "message": excerpt})


def write_unavailable(reason: str, count: int) -> None:
    """A batch that will be tried again."""
    _write({"severity": "ERROR", "everycase": "away", "reason": reason, "events": count})


def _write(values: dict[str, Any]) -> None:
    import json

    print(json.dumps(values), flush=True)
