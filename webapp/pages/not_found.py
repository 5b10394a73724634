"""The page for addresses without a page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dash
from dash import Dash, dcc, html

from webapp.services.context import Services

# Dash shows the page with this module name if no path matches.
MODULE = "webapp.pages.not_found_404"
TITLE = "Not found · Everycase"


def layout(**_query: str) -> html.Div:
    """A heading, and a link to Predict."""
    return html.Div(
        [
            html.H1("This page doesn't exist"),
            html.P("The address may be mistyped, or the page has moved.", className="ec-subtitle"),
            dcc.Link("Go to Predict", href="/", className="ec-link"),
        ],
        className="ec-page",
        **{"data-page": "not-found"},
    )


def is_page(path: str) -> bool:
    """True if there is a page at the address, other than this one."""
    pages = dash.page_registry.items()
    return path.strip("/") in {page["path"].strip("/") for name, page in pages if name != MODULE}


def add(register_page: Callable[..., Any]) -> None:
    """Enter the page in Dash's registry, outside the navigation."""
    register_page(MODULE, path="/404", title=TITLE, layout=layout, name="")


def register(app: Dash, services: Services) -> None:
    """Register nothing: the page is static."""
