"""Make a version the champion, on the record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from webapp.cases import shorten
from webapp.db.tables.ledger import Promotion
from webapp.services.context import Services
from webapp.services.predict import version_choice


class NotServableError(ValueError):
    """The version can't answer, so it can't be champion; the message says why."""


def promote(
    services: Services,
    version: str,
    *,
    actor: str,
    reason: str = "",
    evidence: Mapping[str, Any] | None = None,
    follows: int | None = None,
) -> Promotion:
    """Append to the ledger; the last line when that is for this version already.

    ``follows`` as in ``Ledger.promote``. Raises UnknownVersionError, NotServableError,
    LedgerMovedError and LogUnavailableError; then nothing changed.
    """
    found = services.catalog.get(version)
    if found is None:
        raise version_choice.UnknownVersionError(f"there is no version {shorten(version)}")
    if found.prepared is None:
        why = found.reason or "it is being prepared: try again in a moment"
        raise NotServableError(f"{version} is {found.status}: {why}")
    before = version_choice.champion(services)
    return services.ledger.promote(
        version,
        actor=actor,
        reason=reason,
        evidence=evidence,
        default=before.name if before and before.name != version else None,
        follows=follows,
    )
