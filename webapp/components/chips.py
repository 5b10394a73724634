"""Chips: a verdict as an icon and a word."""

from __future__ import annotations

from dash import html


def chip(word: str, tone: str, mark: str = "") -> html.Span:
    """An icon and a word."""
    return html.Span(
        [html.Span(mark, **{"aria-hidden": "true"}), word], className=f"ec-verdict ec-tone-{tone}"
    )
