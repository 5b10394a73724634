"""The HTML document: what a browser shows before any script ran, and what a link preview says.

The first paint stands beside Dash's entry point and goes when the page has drawn itself
(``assets/js/50-predict.js`` marks the document as ready). It uses the page's own classes, so
nothing moves when the two change places.
"""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

from flask import current_app, request

from webapp.components import shell
from webapp.components.deferred_scripts import later
from webapp.components.first_paint import first_paint
from webapp.services.context import Services
from webapp.services.formatting import percent
from webapp.services.predict import view as predict_view
from webapp.services.status import status
from webapp.vocabulary import vocabulary_for

ROOT_PATH = "/"

_ASSETS = Path(__file__).parents[2] / "assets"


def asset(name: str) -> str:
    """An asset's address, with its time of change as Dash adds it to scripts and styles."""
    return f"/assets/{name}?m={(_ASSETS / name).stat().st_mtime}"


ICON = asset("icons/logo.svg")
PLOTLY = asset("vendor/plotly-cartesian-4.1.1.min.js")


def title() -> str:
    """The page's title; on a link to a case it says the case and its probability."""
    found = _linked()
    if found is None:
        return "Predict · Everycase"
    owned, probability, _ = found
    return f"{percent(probability)} for {owned} · Everycase"


def description() -> str:
    """One sentence for search engines and link previews."""
    found = _linked()
    if found is None:
        return "See what a model predicts for every combination of its yes/no inputs, at once."
    owned, probability, version = found
    return (
        f"{version} answers {percent(probability)} for {owned}. "
        "Flip any input and watch the prediction move."
    )


def render(services: Services, parts: dict[str, Any], account: shell.Account = None) -> str:
    """The document from Dash's parts (see ``Dash.interpolate_index``)."""
    scheme = shell.cookie_scheme()
    chosen = f' data-mantine-color-scheme="{scheme}"' if scheme else ""
    first = ""
    if request.path == ROOT_PATH:
        view = predict_view.view(services, request.args)
        first = first_paint(view, status(services), account)
    heading = escape(title()) if request.path == ROOT_PATH else escape(parts["title"])
    chosen += f' data-plotly="{PLOTLY}"' + (" data-first-paint" if first else "")
    return f"""<!DOCTYPE html>
<html lang="en" style="--ec-logo: url({ICON})"{chosen}>
  <head>
    {parts["metas"]}
    <title>{heading}</title>
    <link rel="icon" type="image/svg+xml" href="{ICON}">
    <meta name="theme-color" media="(prefers-color-scheme: light)" content="#ffffff">
    <meta name="theme-color" media="(prefers-color-scheme: dark)" content="#242424">
    {parts["css"]}
  </head>
  <body>
    {first}
    {parts["app_entry"]}
    <footer>
      {parts["config"]}
      {later(parts["scripts"])}
      {parts["renderer"]}
    </footer>
  </body>
</html>
"""


def _services() -> Services:
    services: Services = current_app.extensions["everycase"]
    return services


def _linked() -> tuple[str, float, str] | None:
    """What a link to a case asks for: its features in words, the probability, the version."""
    if request.path != ROOT_PATH or not request.args:
        return None
    shown = predict_view.view(_services(), request.args)
    if shown.prepared is None or shown.version is None:
        return None
    features = shown.prepared.features
    owned = " + ".join(features.owned(shown.case)) or vocabulary_for(features).no_inputs.lower()
    return owned, float(shown.prepared.scores[shown.case]), shown.version.name
