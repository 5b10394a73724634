"""Which version answers, and what the Predict page shows of it."""

from __future__ import annotations

from webapp.cases import shorten
from webapp.catalog.prepared import Prepared
from webapp.catalog.versions import Version
from webapp.db.tables.ledger import Promotion
from webapp.services.context import Services
from webapp.timing import now_ms

ARRIVAL_MS = 120_000  # in which a new champion reaches every machine


class UnknownVersionError(LookupError):
    """No version has that name; ``field`` says what asked for it."""

    def __init__(self, message: str, field: str = "version") -> None:
        super().__init__(message)
        self.field = field


class VersionNotReadyError(LookupError):
    """The version is there and can't answer now; the message says why.

    ``lasting``: it was asked for by name, and waiting won't help.
    """

    def __init__(self, message: str, *, lasting: bool = False) -> None:
        super().__init__(message)
        self.lasting = lasting


def champion(services: Services) -> Version | None:
    """The version that answers when none is named: the one that was promoted last.

    Until one is, it is the default; a folder that doesn't hold that at all is somebody's own, and
    its first ready version answers. A champion that is broken or gone is never replaced silently.
    """
    promoted = services.ledger.champion()
    if promoted is not None:
        found = services.catalog.get(promoted.version)
        if found is None or found.status == "preparing":
            before = _on_its_way(services, promoted)
            return before or found or _missing(services, promoted.version)
        return found
    version = services.catalog.get(services.champion)
    if version is not None:
        return version
    return next((v for v in services.catalog.versions() if v.status == "ready"), None)


def _missing(services: Services, name: str) -> Version:
    """A champion that the ledger names and nobody has, with the likely reason."""
    reason = "it is not in the models folder"
    if services.forgets_models:
        reason += " (what was made on a dyno went with its disk: set MODELS_URI)"
    return Version(name, "unavailable", reason)


def _on_its_way(services: Services, promoted: Promotion) -> Version | None:
    """Who answers while a new champion is on its way to this machine, or is being prepared here:
    the one before it, for two minutes at most. None: nobody.
    """
    if promoted.previous is None or now_ms() - promoted.at > ARRIVAL_MS:
        return None
    before = services.catalog.get(promoted.previous)
    return before if before is not None and before.prepared is not None else None


def resolve(services: Services, name: str | None) -> tuple[str, Prepared]:
    """The version of that name, or the champion: its own name, and what it answers with.

    Raises UnknownVersionError and VersionNotReadyError.
    """
    version = services.catalog.get(name) if name else champion(services)
    if version is None and name:
        raise UnknownVersionError(f"there is no version {shorten(name)}")
    if version is None:
        raise VersionNotReadyError("no version is ready to answer")
    if version.prepared is None:
        raise VersionNotReadyError(
            f"{version.name} is {version.status}: {version.reason or 'wait'}",
            lasting=bool(name) and version.status == "unavailable",
        )
    return version.name, version.prepared


def picker_order(services: Services) -> list[Version]:
    """All versions for a list: champion first, then the served ones, then the others by name."""
    best = champion(services)
    return sorted(
        services.catalog.versions(),
        key=lambda v: (best is None or v.name != best.name, v.prepared is None, v.name),
    )
