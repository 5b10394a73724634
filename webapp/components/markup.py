"""Parts of a page that no callback touches, as one text of HTML.

Dash mounts every component by itself, at about a millisecond each: a table of ten rows would be
longer in coming than all the statistics in it. ``assets/js/65-markup.js`` puts the text in.
"""

from __future__ import annotations

from html import escape
from typing import Any

from dash import html
from dash.development.base_component import Component

_VOID = ("Br", "Hr", "Img")
_NAMES = {"className": "class"}


def static_html(part: Component) -> html.Div:
    """The place of a tree of HTML components, which the browser fills with their markup."""
    return html.Div(className="ec-inert", **{"data-markup": markup(part)})


def markup(part: Any) -> str:
    """HTML of components, texts and numbers, and lists of them. Texts are escaped.

    Raises TypeError for a component that is more than an HTML element, save dcc.Link.
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
        properties["data-inside"] = ""  # what it leads to is drawn without loading the page anew
    elif form["namespace"] != "dash_html_components":
        raise TypeError(f"{kind} is no HTML element: it can't be inert")
    tag = kind.lower()
    begun = "".join(_attribute(name, value) for name, value in properties.items())
    return f"<{tag}{begun}>" + ("" if kind in _VOID else f"{inside}</{tag}>")


def _attribute(name: str, value: Any) -> str:
    if value is None:
        return ""
    if name == "style":
        value = ";".join(f"{key}:{text}" for key, text in value.items())
    return f' {_NAMES.get(name, name.lower())}="{escape(str(value))}"'
