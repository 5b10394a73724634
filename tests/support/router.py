"""What the browser sends when it goes to a page of the app."""

from __future__ import annotations

from typing import Any


def router_body(path: str, search: object = "") -> dict[str, Any]:
    """The body for Dash's endpoint."""
    return {
        "output": ".._pages_content.children..._pages_store.data..",
        "outputs": [
            {"id": "_pages_content", "property": "children"},
            {"id": "_pages_store", "property": "data"},
        ],
        "inputs": [
            {"id": "_pages_location", "property": "pathname", "value": path},
            {"id": "_pages_location", "property": "search", "value": search},
        ],
        "changedPropIds": ["_pages_location.pathname"],
        "state": [],
    }
