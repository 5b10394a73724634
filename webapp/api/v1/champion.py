"""The champion: which version answers, who promoted it, when and why; and its change."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from webapp.api import auth
from webapp.api.bodies import read_object
from webapp.api.errors import ApiError
from webapp.cases import InputError
from webapp.db.tables.ledger import Promotion
from webapp.services.context import Services
from webapp.services.models.champion import make_champion
from webapp.services.predict import version_choice

MAX_REASON = 1000
MAX_ACTOR = 100


def get(services: Services) -> dict[str, Any]:
    """The champion, with who promoted it, when and why.

    Before the first promotion a version answers by default: `actor` is `default`, and `reason` says
    why it is this one. A `status` other than `ready` means that predictions without a `version` are
    refused until that is fixed.
    """
    version_choice.newest_champion(services)  # writes the champion by default to an empty ledger
    return _answer(services, services.ledger.champion())


def put(services: Services) -> dict[str, Any]:
    """Promote a version to champion.

    It answers in every worker and process within 5 seconds. `reason` and `evidence` (an object of
    your own) are recorded in the ledger; its `actor` is whose token or browser it was, and an
    `actor` that is sent becomes part of the reason. A version that can't be
    served can't be promoted (409). Promoting the champion again changes nothing.
    """
    body = read_object()
    for name in body:
        if name not in ("version", "reason", "actor", "evidence"):
            raise InputError(name, "is unknown: send version, reason, actor, evidence")
    version = body.get("version")
    if not isinstance(version, str) or not version.strip():
        raise InputError("version", "is missing: send the name of the version to promote")
    evidence = body.get("evidence")
    if evidence is not None and not isinstance(evidence, dict):
        raise InputError("evidence", "must be an object")
    promotion = make_champion(
        services,
        version.strip(),
        actor=auth.current().actor(),
        reason=_reason(body),
        evidence=evidence or {},
    )
    return _answer(services, promotion)


def _reason(body: dict[str, Any]) -> str:
    """The reason, with the name that the sender gives: that is free text, and proves nothing."""
    reason, sender = _text(body, "reason", MAX_REASON), _text(body, "actor", MAX_ACTOR)
    text = f"{reason} (said to be by {sender})".strip() if sender else reason
    if len(text) > MAX_REASON:
        raise InputError("reason", f"and actor must have at most {MAX_REASON:,} characters")
    return text


def _text(body: dict[str, Any], field: str, longest: int) -> str:
    value = body.get(field)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > longest or "\0" in value:
        raise InputError(field, f"must be a text of at most {longest:,} characters")
    return value.strip()


def _answer(services: Services, promotion: Promotion | None) -> dict[str, Any]:
    version = version_choice.champion(services)
    if version is None:
        raise ApiError(404, "no_champion", "there is no version yet: add one to the models folder")
    last = promotion
    return {
        "version": version.name,
        "status": version.status,
        "problem": version.reason,
        "previous": None if last is None else last.previous,
        "at": None if last is None else _iso(last.at),
        "actor": None if last is None else last.actor,
        "reason": None if last is None else last.reason,
        "evidence": None if last is None else dict(last.evidence),
    }


def _iso(ms: int) -> str:
    when = datetime.fromtimestamp(ms / 1000, UTC)
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")
