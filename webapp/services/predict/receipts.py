"""Receipts: who recorded a prediction in the form may say what came of it, and nobody else."""

from __future__ import annotations

from itsdangerous import BadSignature, URLSafeSerializer

_PURPOSE = "everycase form receipt"  # a signature made for anything else is none here


class ReceiptError(ValueError):
    """What was sent is no receipt of this app."""


class Receipts:
    """Event ids, signed with a key that only this app's processes have."""

    def __init__(self, key: str | bytes) -> None:
        self._serializer = URLSafeSerializer(key, salt=_PURPOSE)

    def give(self, event_id: str) -> str:
        """The receipt for an event."""
        return str(self._serializer.dumps(event_id))

    def event_id(self, receipt: object) -> str:
        """The event that a receipt is for. Raises ReceiptError."""
        if not isinstance(receipt, str):
            raise ReceiptError("the receipt is missing: send the one that recording gave")
        try:
            return str(self._serializer.loads(receipt))
        except (BadSignature, UnicodeError):
            raise ReceiptError(
                "the receipt is not from here, or from before a restart: record again"
            ) from None
