"""The end of a check: how it is written down, with a version and without one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from webapp.db.tables.checks import Check
from webapp.jobs.retrain.check_run import RunContext
from webapp.services.context import Services
from webapp.training.errors import PolicyError
from webapp.training.policy.state import PolicyMemory

CANCELLED = "Cancelled."


def close_check(context: RunContext, check: Check, verdict: str, reason: str) -> Check:
    """Finish a check that came to nothing, except perhaps a version that is not promoted."""
    services = context.services
    check = services.checks.last(check.traffic) or check  # with what was noted in the meantime
    closed_check = replace(
        check,
        finished_at=context.clock(),
        version=check.version or version_of(services, check.evidence["token"]),
        verdict=verdict,
        explanation=f"{check.explanation} {reason}",
        state=restart_memory(check),
    )
    services.checks.update(closed_check)
    return closed_check


def finish_check(
    context: RunContext,
    check: Check,
    gate: dict[str, Any] | None,
    ending: str,
    *,
    is_promoted: bool = False,
) -> Check:
    """Finish a check that made a version; ``gate`` is the gate's report, with its sentence."""
    sentence = str(gate["sentence"]) if gate else f"{check.version} passed the gate."
    finished_check = replace(
        check,
        finished_at=context.clock(),
        verdict=check.verdict or "promote",
        explanation=f"{check.explanation} {sentence} {ending}",
        evidence={**check.evidence, "gate": gate, "promoted": is_promoted},
        state=restart_memory(check),
    )
    context.services.checks.update(finished_check)
    return finished_check


def version_of(services: Services, token: str) -> str | None:
    """The version that the check with this token made, or None."""
    for version in services.catalog.versions():
        if version.prepared and version.prepared.facts.training.get("check") == token:
            return version.name
    return None


def describe_champion_change(services: Services) -> str:
    """A clause that names the champion made in the meantime, and who made it."""
    last = services.ledger.history(1)
    if not last:
        return "another version is champion now"
    return f"{last[0].actor} made {last[0].version} champion meanwhile"


def restart_memory(check: Check) -> dict[str, Any] | None:
    """The policy's memory with its evidence at zero, or it would fire again at the next check."""
    if check.state is None:
        return None
    try:
        return PolicyMemory.from_dict(check.state).restart().as_dict()
    except PolicyError:
        return None
