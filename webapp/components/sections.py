"""What sections of analysts' pages are made of."""

from __future__ import annotations

from dash import html


def section(title: str, caption: object, *children: object) -> html.Section:
    """A question of a page, and what answers it."""
    return html.Section(
        [html.H2(title), html.P(caption, className="ec-caption ec-section-caption"), *children],
        className="ec-section",
    )


def card(*children: object, title: str | None = None) -> html.Div:
    """A chart or a table."""
    head = [html.H3(title)] if title else []
    return html.Div([*head, *children], className="ec-card ec-drift-card")


def graph(name: str, height: int, text: str) -> html.Div:
    """A figure's place; the browser puts it in, in the colours of the theme."""
    return html.Div(
        role="figure",
        className="ec-figure",
        style={"height": f"{height}px"},
        **{"aria-label": text, "data-figure": name},
    )
