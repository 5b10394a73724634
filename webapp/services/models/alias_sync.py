"""Synchronisation of a registry's alias ``champion`` with the promotion ledger, in both directions.

The version on which both last agreed is stored, to find out which of them moved since. If only the
ledger did, the alias is set. If only the alias did, the ledger gets a line about it, as soon as
the version can be served here. If both did, the later one wins. MLflow records no time for an
alias, so its move counts from when it was first noticed, which is at most one poll late: it then
overtakes what was promoted before that, and the ledger has both.

A champion by default counts as no move: it was nobody's decision, so it neither sets the alias nor
stands against one.

Each step is stored before it is taken (``sent``, ``noticed``), so that a process that is killed in
between doesn't mistake its own change for somebody else's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol

from webapp.db.tables.ledger import LedgerMovedError, Promotion
from webapp.db.tables.registry_alias import AliasMemory, Remembered
from webapp.services.context import Services
from webapp.services.models.champion import make_champion

ACTOR, REASON = "mlflow", "the alias champion was moved in the registry"


class Alias(Protocol):
    """The alias in a registry. Its methods raise what the registry's client raises."""

    def alias(self) -> str | None:
        """The name of the version that it points to."""
        ...

    def set_alias(self, version: str) -> None:
        """Point it to another version."""
        ...

    def holds(self, version: str) -> bool:
        """True if this names a version of the registry's model, whether or not it exists."""
        ...


@dataclass(frozen=True)
class SyncStep:
    """The step that was taken, for people; ``waits`` is why the alias could not be followed yet."""

    message: str | None = None
    waits: str | None = None


def sync_alias(
    services: Services, memory: AliasMemory, alias: Alias, clock: Callable[[], int]
) -> SyncStep:
    """Bring alias and ledger together: the one that moved wins. ``clock`` gives ms since 1970.

    Raises LogUnavailableError and what ``alias`` raises; the next call carries on.
    """
    with memory.locked() as is_alone:
        if not is_alone:
            return SyncStep()
        newest = next(iter(services.ledger.history(1)), None)
        last = None if newest is None or newest.is_default else newest
        current, record = alias.alias(), memory.recall()
        if current == (last.version if last else None):
            _agree(memory, record, current)
            return SyncStep()
        if current is not None and current not in (record.version, record.sent):
            record = _notice(memory, record, current, clock())
            if not _moved_after(last, record):
                return _apply_alias(services, memory, newest, record)
        return _apply_ledger(memory, alias, last, current)


def _moved_after(last: Promotion | None, record: Remembered) -> bool:
    """True if the ledger moved after the alias was noticed to have moved."""
    if last is None or last.version == record.version or record.noticed_at is None:
        return False
    return last.at > record.noticed_at


def _agree(memory: AliasMemory, record: Remembered, version: str | None) -> None:
    agreement = Remembered(version)
    if record != agreement:
        memory.remember(agreement)


def _notice(memory: AliasMemory, record: Remembered, current: str, now: int) -> Remembered:
    if record.noticed != current:
        record = replace(record, noticed=current, noticed_at=now)
        memory.remember(record)
    return record


def _apply_alias(
    services: Services, memory: AliasMemory, newest: Promotion | None, record: Remembered
) -> SyncStep:
    """Write the alias's version to the ledger after its ``newest`` line, if it can be served."""
    version = str(record.noticed)
    reason = _not_servable(services, version)
    if reason is not None:
        return SyncStep(
            waits=f"The alias champion is on {version}, which can't answer here: {reason}."
        )
    last = None if newest is None or newest.is_default else newest
    overtaken_version = last.version if last and last.version != record.version else None
    noticed_at = datetime.fromtimestamp((record.noticed_at or 0) / 1000, UTC)
    evidence = {"registry": memory.place, "noticed_at": noticed_at.isoformat(timespec="seconds")}
    try:
        make_champion(
            services,
            version,
            actor=ACTOR,
            reason=REASON,
            evidence=evidence | ({"overtakes": overtaken_version} if overtaken_version else {}),
            follows=newest.id if newest else 0,
        )
    except LedgerMovedError:
        return SyncStep()  # the next call finds it
    memory.remember(Remembered(version))
    return SyncStep(f"The alias champion was moved to {version}: it is champion here now.")


def _not_servable(services: Services, version: str) -> str | None:
    entry = services.catalog.get(version)
    if entry is None:
        return "it has not arrived yet"
    if entry.prepared is None:
        return (entry.reason or "it is being prepared").rstrip(".")
    return None


def _apply_ledger(
    memory: AliasMemory, alias: Alias, last: Promotion | None, current: str | None
) -> SyncStep:
    """Point the alias to the ledger's version, if the registry has it."""
    if last is None:
        return SyncStep()
    if not alias.holds(last.version):
        return SyncStep(
            waits=f"The champion {last.version} is not a version of the registry's model."
        )
    memory.remember(replace(memory.recall(), sent=last.version))
    alias.set_alias(last.version)
    memory.remember(Remembered(last.version))
    was = f" (it was on {current})" if current else ""
    return SyncStep(f"The alias champion was set to {last.version}{was}.")
