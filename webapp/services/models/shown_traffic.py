"""Which traffic the Models page, the policy's status and jobs of its buttons are about."""

from __future__ import annotations

from dataclasses import replace

from webapp.catalog.prepared import Prepared
from webapp.db.database import LogUnavailableError
from webapp.services.context import Services
from webapp.services.predict import version_choice
from webapp.services.traffic import windows
from webapp.services.traffic.pool import TrafficPool
from webapp.services.traffic.source_choice import SIMULATED, ChosenSource


def find_reference(services: Services) -> Prepared | None:
    """The champion, or the first version that can answer: what the outcomes are those of."""
    best = version_choice.champion(services)
    able = [best, *services.catalog.versions()]
    return next((v.prepared for v in able if v is not None and v.prepared), None)


def is_simulated_shown(services: Services, now: int, source: ChosenSource | None = None) -> bool:
    """True if the last days are shown by simulated traffic, which is then what is learnt from.

    False while the log is unavailable.
    """
    reference = find_reference(services)
    if source is not None or reference is None:
        return source == "demo"
    try:
        pool = TrafficPool(services, services.counts, reference, None, windows.last_days(now))
    except LogUnavailableError:
        return False
    return pool.sources == SIMULATED


def follow_traffic(services: Services, now: int, source: ChosenSource | None = None) -> Services:
    """The services with a plan on the traffic that is shown."""
    if services.plan.simulated or not is_simulated_shown(services, now, source):
        return services
    return replace(services, plan=replace(services.plan, simulated=True))
