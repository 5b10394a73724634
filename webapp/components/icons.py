"""Icons: a span that an SVG in ``assets/icons`` masks, so that it takes the text's colour."""

from __future__ import annotations

from dash import html


def icon(name: str) -> html.Span:
    """The decorative icon ``assets/icons/<name>.svg``."""
    return html.Span(className=f"ec-icon ec-icon-{name}", **{"aria-hidden": "true"})
