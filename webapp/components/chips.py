"""Chips: verdicts in a word, with a mark and a colour."""

from __future__ import annotations

from dash import html


def chip(word: str, tone: str, mark: str = "") -> html.Span:
    """A word in the colour of ``tone``, after an optional ``mark``."""
    return html.Span(
        [html.Span(mark, **{"aria-hidden": "true"}), word], className=f"ec-verdict ec-tone-{tone}"
    )
