"""Receipts: only the browser that recorded a prediction in the form may record its outcome."""

from __future__ import annotations

import hmac
from hashlib import sha256

from itsdangerous import BadSignature, URLSafeSerializer

_PURPOSE = "everycase form receipt"  # signatures for other purposes don't verify


class ReceiptError(ValueError):
    """The receipt is missing or not of this app."""


class Receipts:
    """Event ids signed with the app's secret key."""

    def __init__(self, key: str | bytes) -> None:
        self._key = key.encode() if isinstance(key, str) else key
        self._serializer = URLSafeSerializer(key, salt=_PURPOSE)

    def issue(self, event_id: str) -> str:
        """The receipt for an event."""
        return str(self._serializer.dumps(event_id))

    def request_id(self, attempt: str) -> str:
        """The request id in the log for what a browser calls one attempt to record.

        The same attempt has the same id, so a retry is logged once; nobody else can compute it.
        """
        digest = hmac.new(self._key, f"{_PURPOSE}: {attempt}".encode(), sha256).hexdigest()
        return f"form-{digest[:32]}"

    def event_id(self, receipt: object) -> str:
        """The event that a receipt is for. Raises ReceiptError."""
        if not isinstance(receipt, str):
            raise ReceiptError("the receipt is missing: send the one that recording gave")
        try:
            return str(self._serializer.loads(receipt))
        except (BadSignature, UnicodeError):
            raise ReceiptError(
                "the receipt is invalid, or older than the last restart: record again"
            ) from None
