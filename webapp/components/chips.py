"""Chips: verdicts in a word, with a mark and a colour."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from webapp.components.glossary import find_term
from webapp.components.terms import button


def chip(word: str, tone: str, mark: str = "") -> Component:
    """A word in the colour of ``tone``, after an optional ``mark``; it explains itself."""
    children = [html.Span(mark, **{"aria-hidden": "true"}), f" {word}"]
    classes, term = f"ec-verdict ec-tone-{tone}", find_term(word)
    if term is None:
        return html.Span(children, className=classes)
    return button(children, term, f"{classes} ec-term")
