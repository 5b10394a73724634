"""What stands where there is nothing to show: what would be there, and the one way to it.

That is a command to copy, or a link. assets/js/52-copy.js copies, and says so on the button and to
screen readers. ``ways`` has the commands that several pages offer.
"""

from __future__ import annotations

import sys
from pathlib import Path

from dash import html
from dash.development.base_component import Component

import webapp

_ROOT = Path(webapp.__file__).resolve().parents[1]
_NAME = "everycase"


def empty_state(id_: str, title: str, text: str, *ways: Component | None) -> html.Section:
    """A card in place of what is missing: what is, what would be here, and the ways to it."""
    words = [html.H2(title), html.P(text) if text else None]
    parts = [part for part in (*words, *ways) if part is not None]
    return html.Section(parts, className="ec-card ec-empty", id=id_)


def command(arguments: str) -> html.Div:
    """A command of Everycase to copy, such as ``demo``, called as it is where the app runs."""
    return copyable(f"{program()} {arguments}", "command", "In a terminal where the server runs:")


def copyable(text: str, what: str, intro: str) -> html.Div:
    """A line of text with a button that copies it; ``what`` it is, such as *command*."""
    line = [
        html.Code(text, tabIndex=0),  # it scrolls sideways, also by keyboard
        html.Button(
            "Copy",
            type="button",
            className="ec-button ec-small",
            **{"data-copy": text, "aria-label": f"Copy the {what} {text}"},
        ),
    ]
    return html.Div(
        [html.P(intro, className="ec-caption"), html.Div(line, className="ec-command-line")],
        className="ec-command",
    )


def program() -> str:
    """How the command ``everycase`` is called here: by its path in a clone, else by its name."""
    path = Path(sys.prefix) / "bin" / _NAME
    if path.is_relative_to(_ROOT) and path.exists():
        return str(path.relative_to(_ROOT))
    return _NAME
