"""Finishes checks that an interrupted run decided and left open.

Nothing done since is undone: a promotion by the interrupted run stays, and so does what a person
did after it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from webapp.db.tables.checks import Check
from webapp.db.tables.ledger import Promotion
from webapp.jobs.retrain.check_run import NamedVersion, RunContext
from webapp.jobs.retrain.finish import (
    CANCELLED,
    close_check,
    describe_champion_change,
    finish_check,
)
from webapp.services.context import Services
from webapp.services.predict import version_choice


@dataclass(frozen=True)
class CurrentChampion:
    """The champion; ``line`` is the id of the ledger's last line, 0 if the ledger is empty."""

    line: int
    version: NamedVersion


def current_champion(services: Services) -> CurrentChampion:
    """The champion now, with the line of the ledger that made it so.

    Raises VersionNotReadyError and LogUnavailableError.
    """
    version_choice.champion(services)  # writes the champion by default to an empty ledger
    last = services.ledger.history(1)  # before the version is asked for: never newer than it
    name, prepared = version_choice.resolve(services, None)
    if last and last[0].version != name:
        raise version_choice.VersionNotReadyError(
            f"{last[0].version} became champion just now and is not ready here: try again soon"
        )
    return CurrentChampion(last[0].id if last else 0, NamedVersion(name, prepared))


def settle(context: RunContext, check: Check) -> Check | None:
    """Finish an open check with which nothing is left to do. Returns None if it can go on.

    Raises VersionNotReadyError and LogUnavailableError.
    """
    services = context.services
    lines = services.ledger.after(check.evidence.get("ledger", 0))
    own = next((p for p in lines if p.evidence.get("token") == check.evidence["token"]), None)
    if own is not None:
        return _finish_promoted(context, check, own, lines[0])
    if _was_cancelled(services, check):
        return close_check(context, check, "cancelled", CANCELLED)
    champion = current_champion(services)
    if champion.version.name != check.champion or champion.line != check.evidence.get("ledger"):
        change = describe_champion_change(services)
        reason = f"It was interrupted, and {change}: a new check decides."
        return close_check(context, check, "failed", reason)
    return None


def _finish_promoted(context: RunContext, check: Check, own: Promotion, last: Promotion) -> Check:
    """Finish a check whose version is in the ledger. What a person did since stays."""
    ending = f"{own.version} is champion now."
    if last.id != own.id:
        ending = f"{own.version} was promoted; {last.actor} made {last.version} champion since."
    check = replace(check, version=own.version)
    return finish_check(context, check, check.evidence.get("gate"), ending, is_promoted=True)


def _was_cancelled(services: Services, check: Check) -> bool:
    """True if the job of an earlier try was cancelled."""
    jobs = [services.jobs.get(job) for job in check.evidence.get("jobs", ())]
    return any(job is not None and job.state == "cancelled" for job in jobs)
