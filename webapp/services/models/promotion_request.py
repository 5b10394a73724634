"""A change of champion by a person: checked, and carried out with its evidence in the ledger.

Programs promote through ``champion.make_champion``.
"""

from __future__ import annotations

from dataclasses import dataclass

from webapp.cases import InputError
from webapp.db.tables.ledger import LedgerMovedError, Promotion
from webapp.services.context import Services
from webapp.services.models import promotion_evidence
from webapp.services.models.champion import make_champion
from webapp.services.models.promotion_evidence import PromotionAction
from webapp.services.predict import version_choice

MAX_REASON = 1000


@dataclass(frozen=True)
class PromotionRequest:
    """A person's request from the dialog. ``champion`` is the one that the dialog showed."""

    version: str
    champion: str
    reason: str
    action: PromotionAction = "promote"
    override: bool = False


def promote_with_evidence(
    services: Services, request: PromotionRequest, actor: str, now: int
) -> Promotion:
    """Promote or roll back, with the evidence in the ledger.

    Raises InputError, NotServableError, UnknownVersionError, VersionNotReadyError and
    LogUnavailableError; then nothing changed.
    """
    reason = request.reason.strip()
    if not reason:
        raise InputError("reason", "is missing: it is recorded in the ledger")
    if len(reason) > MAX_REASON or "\0" in reason:
        raise InputError("reason", f"must be a text of at most {MAX_REASON:,} characters")
    last_line = _last_line(services, request.champion)
    evidence = promotion_evidence.gather(services, request.version, now)
    if evidence.preview.champion != request.champion:
        raise _champion_changed(str(evidence.preview.champion))
    if not evidence.passes and not request.override:
        why = ", ".join(evidence.objections)
        raise InputError("override", f"is required, as the gate objects: {why}")
    form = evidence.as_json(request.action, override=not evidence.passes)
    try:
        return make_champion(
            services,
            request.version,
            actor=actor,
            reason=reason,
            evidence=form,
            follows=last_line,
        )
    except LedgerMovedError:
        raise _champion_changed("another version") from None


def _last_line(services: Services, champion: str) -> int:
    """The id of the ledger's last line, 0 if it is empty.

    Raises InputError if ``champion`` is no longer the champion.
    """
    best = version_choice.champion(services)  # first: it may write the champion by default
    lines = services.ledger.history(1)
    current = lines[0].version if lines else best.name if best else None
    if current != champion:
        raise _champion_changed(current or "unknown")
    return lines[0].id if lines else 0


def _champion_changed(current: str) -> InputError:
    return InputError("champion", f"is {current} now: review the evidence again")
