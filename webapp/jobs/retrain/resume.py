"""What an interrupted run left: a check that it decided and did not finish.

Nothing of it is done against what became known since: a promotion that it made stands, and so does
what a person did after it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from webapp.catalog.prepared import Prepared
from webapp.db.tables.checks import Check
from webapp.db.tables.ledger import Promotion
from webapp.jobs.retrain.execute import Work, changed, closed, finished
from webapp.services.context import Services
from webapp.services.predict import version_choice


@dataclass(frozen=True)
class Reigning:
    """The champion; ``line`` is the id of the ledger's last line, 0 where there is none."""

    line: int
    name: str
    prepared: Prepared


def reigning(services: Services) -> Reigning:
    """Who is champion, and by which line.

    Raises VersionNotReadyError and LogUnavailableError.
    """
    last = services.ledger.history(1)  # before the version is asked for: never newer than it
    name, prepared = version_choice.resolve(services, None)
    if last and last[0].version != name:
        raise version_choice.VersionNotReadyError(
            f"{last[0].version} became champion just now and is not ready here: try again soon"
        )
    return Reigning(last[0].id if last else 0, name, prepared)


def settled(work: Work, check: Check) -> Check | None:
    """The check as finished, where there is nothing to carry on; else None.

    Raises VersionNotReadyError and LogUnavailableError.
    """
    lines = work.services.ledger.after(check.evidence.get("ledger", 0))
    own = next((p for p in lines if p.evidence.get("token") == check.evidence["token"]), None)
    if own is not None:
        return _promoted(work, check, own, lines[0])
    if _was_cancelled(work, check):
        return closed(work, check, "cancelled", "It was cancelled.")
    champion = reigning(work.services)
    if champion.name != check.champion or champion.line != check.evidence.get("ledger"):
        why = f"It was interrupted, and {changed(work)}: a new check decides."
        return closed(work, check, "failed", why)
    return None


def _promoted(work: Work, check: Check, own: Promotion, last: Promotion) -> Check:
    """An earlier try came as far as the ledger. What a person did since stands."""
    told = f"{own.version} is champion now."
    if last.id != own.id:
        told = f"{own.version} was promoted; {last.actor} made {last.version} champion since."
    check = replace(check, version=own.version)
    return finished(work, check, check.evidence.get("gate"), told, promoted=True)


def _was_cancelled(work: Work, check: Check) -> bool:
    """Did somebody end the job of an earlier try?"""
    earlier = [work.services.jobs.get(job) for job in check.evidence.get("jobs", ())]
    return any(job is not None and job.state == "cancelled" for job in earlier)
