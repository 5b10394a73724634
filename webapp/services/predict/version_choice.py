"""The version that answers: the champion, or one by name."""

from __future__ import annotations

from webapp.cases import shorten
from webapp.catalog.prepared import Prepared
from webapp.catalog.versions import Version
from webapp.db.tables.ledger import Promotion
from webapp.services.context import Services
from webapp.services.predict import default_champion
from webapp.timing import now_ms

ARRIVAL_MS = 120_000  # for a new champion to reach every machine


class UnknownVersionError(LookupError):
    """No version has that name; ``field`` is the parameter that named it."""

    def __init__(self, message: str, field: str = "version") -> None:
        super().__init__(message)
        self.field = field


class VersionNotReadyError(LookupError):
    """The version exists and can't answer now; the message has the reason.

    ``lasting``: it was requested by name, and waiting won't help.
    """

    def __init__(self, message: str, *, lasting: bool = False) -> None:
        super().__init__(message)
        self.lasting = lasting


def champion(services: Services) -> Version | None:
    """The version that answers requests without a version: the ledger's last line names it.

    Whoever asks first of an empty ledger writes the champion by default to it; until there is one
    that can answer, it is the version that is waited for, if any. A champion that is broken or gone
    is never replaced silently: only a promotion changes it.
    """
    promotion = services.ledger.champion()
    if promotion is None:
        return _default(services)
    version = services.catalog.get(promotion.version)
    if version is None or version.status == "preparing":
        stand_in = _stand_in(services, promotion)
        return stand_in or version or _absent_version(services, promotion.version)
    return version


def newest_champion(services: Services) -> Version | None:
    """The champion as the ledger has it now, for pages and answers that follow a promotion.

    Another process may have promoted it less than a second ago, and this one not know it yet.
    """
    services.ledger.refresh()
    return champion(services)


def _default(services: Services) -> Version | None:
    name = services.ledger.decide_default(lambda: default_champion.choose(services))
    if name is None:
        return default_champion.candidate(services)
    return services.catalog.get(name) or _absent_version(services, name)


def _absent_version(services: Services, name: str) -> Version:
    """A champion that the ledger names and the catalog lacks, with the likely reason."""
    reason = "it is not in the models folder"
    if services.forgets_models:
        reason += " (a dyno's models are lost with its disk: set MODELS_URI)"
    reason += "; restore it, or promote another version"
    return Version(name, "unavailable", reason)


def _stand_in(services: Services, promotion: Promotion) -> Version | None:
    """The previous champion, which answers while the new one isn't ready on this machine.

    For at most two minutes after the promotion, and only if it can answer.
    """
    if promotion.previous is None or now_ms() - promotion.at > ARRIVAL_MS:
        return None
    previous = services.catalog.get(promotion.previous)
    return previous if previous is not None and previous.prepared is not None else None


def resolve(services: Services, name: str | None) -> tuple[str, Prepared]:
    """The version of that name, or the champion: its name and its prepared form.

    Raises UnknownVersionError and VersionNotReadyError.
    """
    version = services.catalog.get(name) if name else champion(services)
    if version is None and name:
        raise UnknownVersionError(f"there is no version {shorten(name)}")
    if version is None:
        raise VersionNotReadyError("no version is ready to answer")
    if version.prepared is None:
        raise VersionNotReadyError(
            f"{version.name} {version.standing}: {version.reason or 'wait'}",
            lasting=bool(name) and version.status != "preparing",
        )
    return version.name, version.prepared


def picker_order(services: Services) -> list[Version]:
    """All versions for a list: the champion, then ready ones, then the others; each by name."""
    best = champion(services)
    return sorted(
        services.catalog.versions(),
        key=lambda v: (best is None or v.name != best.name, v.prepared is None, v.name),
    )
