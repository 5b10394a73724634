"""Receipts: only the browser that recorded a prediction in the form may record its outcome.

And only the one that recorded either may take it back.
"""

from __future__ import annotations

import hmac
from hashlib import sha256
from typing import Any

from itsdangerous import BadSignature, URLSafeSerializer

# Signatures for other purposes don't verify
_PURPOSE = "everycase form receipt"
_OUTCOME = "everycase form outcome"


class ReceiptError(ValueError):
    """The receipt is missing or not of this app."""


class Receipts:
    """Event ids signed with the app's secret key."""

    def __init__(self, key: str | bytes) -> None:
        self._key = key.encode() if isinstance(key, str) else key
        self._serializer = URLSafeSerializer(key, salt=_PURPOSE)
        self._outcomes = URLSafeSerializer(key, salt=_OUTCOME)

    def issue(self, event_id: str) -> str:
        """The receipt for an event."""
        return str(self._serializer.dumps(event_id))

    def issue_outcome(self, event_id: str, at: int) -> str:
        """The receipt for the outcome that was recorded for an event at this time."""
        return str(self._outcomes.dumps([event_id, at]))

    def outcome(self, receipt: object) -> tuple[str, int]:
        """The event and the time of the outcome that a receipt is for. Raises ReceiptError."""
        event_id, at = _load(self._outcomes, receipt)
        return str(event_id), int(at)

    def request_id(self, attempt: str) -> str:
        """The request id in the log for what a browser calls one attempt to record.

        The same attempt has the same id, so a retry is logged once; nobody else can compute it.
        """
        digest = hmac.new(self._key, f"{_PURPOSE}: {attempt}".encode(), sha256).hexdigest()
        return f"form-{digest[:32]}"

    def event_id(self, receipt: object) -> str:
        """The event that a receipt is for. Raises ReceiptError."""
        return str(_load(self._serializer, receipt))


def _load(serializer: URLSafeSerializer, receipt: object) -> Any:
    if not isinstance(receipt, str):
        raise ReceiptError("the receipt is missing: send the one that recording gave")
    try:
        return serializer.loads(receipt)
    except (BadSignature, UnicodeError):
        raise ReceiptError(
            "the receipt is invalid, or older than the last restart: record again"
        ) from None
