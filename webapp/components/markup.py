"""Static parts of a page, which no callback changes, as HTML text.

Dash mounts every component separately, at about a millisecond each: a table of ten rows would take
longer than all the statistics in it. ``assets/js/65-markup.js`` inserts the text.
"""

from __future__ import annotations

import re
from html import escape
from typing import Any

from dash import html
from dash.development.base_component import Component

_VOID = ("Br", "Hr", "Img")
_NAMES = {"className": "class"}
_TERM = re.compile(r'<button [^>]*?data-term="([^"]+)"')


def static_html(part: Component) -> html.Div:
    """An element that the browser fills with the markup of these HTML components."""
    return html.Div(className="ec-inert", **{"data-markup": _explain_once(markup(part))})


def _explain_once(text: str) -> str:
    """The text with only the first of each term in the order of the tab key, however many rows."""
    terms: set[str] = set()

    def skip_repeat(match: re.Match[str]) -> str:
        if match[1] in terms:
            return f'{match[0]} tabindex="-1"'
        terms.add(match[1])
        return match[0]

    return _TERM.sub(skip_repeat, text)


def markup(part: Any) -> str:
    """The HTML of components, texts and numbers, and of lists of them. Texts are escaped.

    Raises TypeError for a component other than HTML elements and dcc.Link.
    """
    if part is None:
        return ""
    if isinstance(part, (list, tuple)):
        return "".join(map(markup, part))
    if not isinstance(part, Component):
        return escape(str(part))
    return _element(part)


def _element(part: Component) -> str:
    form = part.to_plotly_json()
    kind, properties = form["type"], dict(form["props"])
    inside = markup(properties.pop("children", None))
    if kind == "Link":
        kind = "A"
        properties["data-inside"] = ""  # followed without loading the page again
    elif form["namespace"] != "dash_html_components":
        raise TypeError(f"{kind} is no HTML element, so it has no markup")
    tag = kind.lower()
    attributes = "".join(_attribute(name, value) for name, value in properties.items())
    return f"<{tag}{attributes}>" + ("" if kind in _VOID else f"{inside}</{tag}>")


def _attribute(name: str, value: Any) -> str:
    if value is None:
        return ""
    if name == "style":
        value = ";".join(f"{key}:{text}" for key, text in value.items())
    return f' {_NAMES.get(name, name.lower())}="{escape(str(value))}"'
