"""Keeps the alias ``champion`` of a registry and the promotion ledger in step, whoever moves first.

What both named when they last agreed is remembered, to tell who moved since. If only the ledger
did, the alias is set. If only the alias did, the ledger gets a line that says so, once its version
can be served here. If both did, the later wins. MLflow keeps no time of an alias, so its move
counts from when it was first noticed, one look late at most: it overtakes what was promoted before
that, and both stand in the ledger.

Each step is remembered before it is taken (``sent``, ``noticed``): a process that is killed in
between doesn't mistake its own doing for somebody else's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol

from webapp.db.tables.ledger import LedgerMovedError, Promotion
from webapp.db.tables.registry_alias import AliasMemory, Remembered
from webapp.services.context import Services
from webapp.services.models import promote

ACTOR, REASON = "mlflow", "the alias champion was moved in the registry"


class Alias(Protocol):
    """The alias in a registry. Its methods raise what the registry's client raises."""

    def alias(self) -> str | None:
        """The version that it is on."""
        ...

    def set_alias(self, version: str) -> None:
        """Move it."""
        ...

    def holds(self, version: str) -> bool:
        """Is it the name of a version of this model, there or not?"""
        ...


@dataclass(frozen=True)
class Step:
    """What was done, for a person to read; ``waits``: why the alias was not followed yet."""

    said: str | None = None
    waits: str | None = None


def keep_in_step(
    services: Services, memory: AliasMemory, alias: Alias, clock: Callable[[], int]
) -> Step:
    """Bring the one that did not move after the one that did. ``clock`` tells ms since 1970.

    Raises LogUnavailableError and what ``alias`` raises; the next call carries on.
    """
    with memory.locked() as ours:
        if not ours:
            return Step()
        last = next(iter(services.ledger.history(1)), None)
        found, known = alias.alias(), memory.recall()
        if found == (last.version if last else None):
            _agree(memory, known, found)
            return Step()
        if found is not None and found not in (known.version, known.sent):
            known = _notice(memory, known, found, clock())
            if not _moved_after(last, known):
                return _follow(services, memory, last, known)
        return _lead(memory, alias, last, found)


def _moved_after(last: Promotion | None, known: Remembered) -> bool:
    """Did the ledger move, and after the alias was noticed to have moved?"""
    if last is None or last.version == known.version or known.noticed_at is None:
        return False
    return last.at > known.noticed_at


def _agree(memory: AliasMemory, known: Remembered, version: str | None) -> None:
    agreed = Remembered(version)
    if known != agreed:
        memory.remember(agreed)


def _notice(memory: AliasMemory, known: Remembered, found: str, now: int) -> Remembered:
    if known.noticed != found:
        known = replace(known, noticed=found, noticed_at=now)
        memory.remember(known)
    return known


def _follow(
    services: Services, memory: AliasMemory, last: Promotion | None, known: Remembered
) -> Step:
    """The alias leads: write it to the ledger, if its version can be served here."""
    version = str(known.noticed)
    reason = _not_servable(services, version)
    if reason is not None:
        return Step(waits=f"The alias champion is on {version}, which can't answer here: {reason}.")
    overtaken = last.version if last and last.version != known.version else None
    noticed = datetime.fromtimestamp((known.noticed_at or 0) / 1000, UTC)
    evidence = {"registry": memory.place, "noticed_at": noticed.isoformat(timespec="seconds")}
    try:
        promote.promote(
            services,
            version,
            actor=ACTOR,
            reason=REASON,
            evidence=evidence | ({"overtakes": overtaken} if overtaken else {}),
            follows=last.id if last else 0,
        )
    except LedgerMovedError:
        return Step()  # the next call knows it
    memory.remember(Remembered(version))
    return Step(f"The alias champion was moved to {version}: it is champion here now.")


def _not_servable(services: Services, version: str) -> str | None:
    found = services.catalog.get(version)
    if found is None:
        return "it has not come yet"
    if found.prepared is None:
        return (found.reason or "it is being prepared").rstrip(".")
    return None


def _lead(memory: AliasMemory, alias: Alias, last: Promotion | None, found: str | None) -> Step:
    """The ledger leads: set the alias, if the registry has its version."""
    if last is None:
        return Step()
    if not alias.holds(last.version):
        return Step(waits=f"The champion {last.version} is no version of the registry's model.")
    memory.remember(replace(memory.recall(), sent=last.version))
    alias.set_alias(last.version)
    memory.remember(Remembered(last.version))
    was = f" (it was on {found})" if found else ""
    return Step(f"The alias champion was set to {last.version}{was}.")
