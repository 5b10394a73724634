"""Use cases that pages, API and CLI share."""

from __future__ import annotations

from dataclasses import dataclass

from webapp.catalog.versions import Catalog

DEFAULT_CHAMPION = "logit_games_v1"


@dataclass(frozen=True)
class Services:
    """What a page or a view may call upon; made once an app by ``create_app``."""

    catalog: Catalog
    champion: str = DEFAULT_CHAMPION
