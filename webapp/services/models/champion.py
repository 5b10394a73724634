"""Making a version the champion, with a line in the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from webapp.cases import shorten
from webapp.db.tables.ledger import Promotion
from webapp.services.context import Services
from webapp.services.predict import default_champion, version_choice


class NotServableError(ValueError):
    """The version can't answer, so it can't be champion; the message has the reason."""


def make_champion(
    services: Services,
    version: str,
    *,
    actor: str,
    reason: str = "",
    evidence: Mapping[str, Any] | None = None,
    follows: int | None = None,
) -> Promotion:
    """Append a promotion to the ledger, unless the version is champion already.

    Returns the last line of the ledger. ``follows`` as in ``Ledger.promote``. Raises
    UnknownVersionError, NotServableError, LedgerMovedError and LogUnavailableError; then nothing
    changed.
    """
    entry = services.catalog.get(version)
    if entry is None:
        raise version_choice.UnknownVersionError(f"there is no version {shorten(version)}")
    if entry.prepared is None:
        why = entry.reason or "it is being prepared: try again in a moment"
        raise NotServableError(f"{version} {entry.standing}: {why}")
    default = default_champion.choose(services)  # it answers, if the ledger is empty
    return services.ledger.promote(
        version,
        actor=actor,
        reason=reason,
        evidence=evidence,
        default=default.version if default else None,
        follows=follows,
    )
