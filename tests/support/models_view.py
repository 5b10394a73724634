"""The Models page as a visitor reads it, and jobs to show on it."""

from __future__ import annotations

import re
from typing import Any

from dash import html

from tests.support.traffic import NOW
from webapp.api.auth import Access
from webapp.db.tables.jobs import Job
from webapp.pages.models import page
from webapp.services.context import Services


def texts(part: Any) -> str:
    """Everything that a page shows, inert parts too."""
    if part is None:
        return ""
    if isinstance(part, (list, tuple)):
        return " ".join(map(texts, part))
    if not hasattr(part, "to_plotly_json"):
        return str(part)
    props = part.to_plotly_json()["props"]
    own = [props.get("data-markup", ""), texts(props.get("children")), texts(props.get("label"))]
    return " ".join(text for text in own if text)


def plain(part: Any) -> str:
    """The same without tags, with plain spaces."""
    return " ".join(re.sub(r"<[^>]+>", " ", texts(part)).replace("\u00a0", " ").split())


def drawn(services: Services, permissions: Access, **query: str) -> html.Div:
    """The page now, for a link with this query."""
    return page.draw(services, query, NOW, permissions)


def job(**values: Any) -> Job:
    """A running retrain, with other values where given."""
    defaults: dict[str, Any] = {
        "id": "01900000-0000-7000-8000-000000000000",
        "kind": "retrain",
        "state": "running",
        "progress": 0.64,
        "step": "validate",
        "message": "validating on 1,000 held out",
        "version": "hgb_games_v2",
        "actor": "ann",
        "arguments": {},
        "result": None,
        "created_at": NOW,
        "started_at": NOW,
        "finished_at": None,
        "cancel_at": None,
        "seen_at": NOW,
    }
    return Job(**(defaults | values))
