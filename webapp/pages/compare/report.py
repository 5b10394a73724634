"""A comparison as one file of HTML that needs neither a network nor a server.

It is the page itself: the same markup, styles and scripts, and Plotly, all written into the file.
"""

from __future__ import annotations

import json
from html import escape
from pathlib import Path
from typing import Any

from dash import html

from webapp.components.document import PLOTLY
from webapp.components.markup import markup
from webapp.pages.compare import browser_data, sections
from webapp.services.compare.answer import Answer
from webapp.services.compare.sentence import compose
from webapp.services.formatting import iso, span

_ASSETS = Path(__file__).parents[3] / "assets"
_STYLES = ("css/everycase.css", "css/data-pages.css", "css/compare.css")
_SCRIPTS = tuple(
    f"js/{name}.js"
    for name in (
        *("05-page", "10-cases", "12-rates", "14-decisions", "20-format"),
        *("65-markup", "66-address", "68-plotly", "70-figures", "71-save"),
        *("73-flips", "73-threshold", "74-compare"),
    )
)
# What the page's scripts ask of Dash; a report has nowhere to go.
_BEFORE = """
document.documentElement.dataset.mantineColorScheme =
  matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
window.dash_clientside = { set_props() {} };
window.everycase = { copyText() {} };
"""
_AFTER = """
window.everycase.visit = () => {};
window.everycase.address.go = () => {};
window.everycase.address.openCase = () => {};
window.dash_clientside.everycaseCompare.draw(JSON.parse(document.getElementById("data").textContent));
"""


def render(answer: Answer, now: int) -> str:
    """The file; ``now`` in ms says when it was made. Without events it says so."""
    conclusion = compose(answer)
    names = ", ".join(version.name for version in answer.versions)
    body = [html.H1("Compare"), html.P(_about(answer, names, now), className="ec-subtitle")]
    body.append(sections.headline(conclusion))
    data: dict[str, Any] = {}
    if answer.empty is None and answer.close is not None:
        body += sections.sections(answer, linked=False)
        data = browser_data.page_data(answer)
    page = html.Div(
        html.Div(body, className="ec-page ec-report ec-compare", **{"data-page": "compare"}),
        className="ec-main",
    )
    return "\n".join(
        [
            '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(conclusion.finding)}</title>",
            *(f"<style>{_read(name)}</style>" for name in _STYLES),
            f"</head><body>{markup(page)}",
            f'<script type="application/json" id="data">{_embedded(data)}</script>',
            f"<script>{_BEFORE}</script>",
            f"<script>{_read(PLOTLY.removeprefix('/assets/').split('?')[0])}</script>",
            *(f"<script>{_read(name)}</script>" for name in _SCRIPTS),
            f"<script>{_AFTER}</script></body></html>" if data else "</body></html>",
        ]
    )


def _read(name: str) -> str:
    return (_ASSETS / name).read_text("utf-8")


def _embedded(data: dict[str, Any]) -> str:
    """JSON that can't end the script it stands in."""
    return json.dumps(data, allow_nan=False).replace("<", "\\u003c")


def _about(answer: Answer, names: str, now: int) -> str:
    request = answer.request
    file = f"{answer.upload.name}" if answer.upload else "a labelled file"
    of = ", ".join(answer.sources) or file
    when = f", {span(request.since, request.until)}" if answer.sources else ""
    return f"{names} on {of}{when}. Made {iso(now)}."
