"""The mark of a version beside its name: its colour, and the dash of its lines.

A version's place in the list of looks (services/version_looks.py) gives both.
"""

from __future__ import annotations

from dash import html

COLOURS = 5  # tokens $v0 to $v4, assets/css/data-pages.css
DASHES = ("solid", "dash", "dot", "dashdot")  # as Plotly calls them; the same in the styles


def colour(look: int) -> str:
    """The token of a version's colour."""
    return f"$v{look % COLOURS}"


def dash_of(look: int) -> str:
    """The dash of a version's lines."""
    return DASHES[look // COLOURS % len(DASHES)]


def class_names(look: int) -> str:
    """The classes that give an element the version's colour and dash."""
    return f"ec-version-key-{look % COLOURS} ec-version-dash-{look // COLOURS % len(DASHES)}"


def version_key(look: int) -> html.Span:
    """A short line as the version's lines are."""
    return html.Span(className=f"ec-version-key {class_names(look)}", **{"aria-hidden": "true"})
