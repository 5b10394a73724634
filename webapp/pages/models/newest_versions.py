"""The card of versions for a page that is open while versions come, change, break and go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from webapp.api import auth
from webapp.components import report_page
from webapp.pages.models import sections
from webapp.services.context import Services
from webapp.services.models.leaderboard import read_leaderboard
from webapp.services.predict import version_choice
from webapp.services.traffic import windows
from webapp.services.traffic.source_choice import ChosenSource


def newest_versions(
    services: Services, query: Mapping[str, str], now: int, permissions: auth.Access
) -> dict[str, Any]:
    """The sentence below the title, and the card as HTML, for the query of the page's link."""
    source, _ = read_source(query, now)
    best = version_choice.newest_champion(services)
    leaderboard = read_leaderboard(services, now, source)
    champion = best.name if best else None
    card = sections.versions(
        services,
        champion,
        leaderboard,
        can_admin=permissions.signed_in(),
        has_token=bool(permissions.api_token),
    )
    table = card.to_plotly_json()["props"]["data-markup"]
    return {"summary": sections.summarize(services, champion), "table": table}


def read_source(query: Mapping[str, str], now: int) -> tuple[ChosenSource | None, list[str]]:
    """The source of a link, and what is wrong with it."""
    return report_page.read_link(
        lambda params, _now: windows.source(params.get("source", "")), query, now
    )
