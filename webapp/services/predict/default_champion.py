"""Who answers before anybody promoted a version: chosen once, and written to the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from webapp.catalog.versions import Version
from webapp.db.tables.ledger import DefaultChampion
from webapp.services.context import Services


def candidate(services: Services) -> Version | None:
    """The version that would be champion by default, ready or not: the app's own, or the oldest.

    In a folder without the app's own default it is the version whose model was made first, which
    MLflow notes. Versions that can't be served are left out. One that is still being prepared is
    waited for, if it is older than those that are ready: else the choice would depend on how long
    each takes.
    """
    own_default = services.catalog.get(services.champion)
    if own_default is not None:
        return own_default
    return min(_candidates(services), key=_age, default=None)


def choose(services: Services) -> DefaultChampion | None:
    """The champion by default with its reason; None if there is none that can answer."""
    version = candidate(services)
    if version is None or version.prepared is None:
        return None
    rule, reason = _explain(services, version, _candidates(services))
    return DefaultChampion(version.name, reason, {"default": rule})


def _candidates(services: Services) -> list[Version]:
    return [v for v in services.catalog.versions() if v.status in ("ready", "preparing")]


def _age(version: Version) -> tuple[bool, int, str]:
    """A key that sorts the oldest first; versions whose age nobody knows come last, by name."""
    return version.created is None, version.created or 0, version.name


def _explain(services: Services, version: Version, others: Sequence[Version]) -> tuple[str, str]:
    """The rule that chose the version, and a clause for people."""
    if version.name == services.champion:
        return "named", "the default of the models that come with the app"
    if len(others) == 1:
        return "only", "the only version that could answer"
    date = ""
    if version.created is not None:
        date = f", made on {datetime.fromtimestamp(version.created / 1000, UTC):%Y-%m-%d}"
    return "oldest", f"the oldest of {len(others):,} versions{date}"
